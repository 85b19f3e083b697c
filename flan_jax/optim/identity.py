"""What tells one optimizer from another: its settings, and the code of what is a user's own."""

from __future__ import annotations

import dataclasses
from typing import Any

from flan_jax.core.own_code import own_code
from flan_jax.optim.optimizer import OptimizerConfig

__all__ = ["optimizer_code", "settings_text"]


def optimizer_code(config: OptimizerConfig) -> str:
    """Hash of the code of an optimizer or a schedule of a user's own (`own_code`); "" where all of it ships."""
    return own_code([type(config), *(value for _, value in _settings(config) if callable(value))])


def settings_text(config: OptimizerConfig) -> str:
    """Settings and a user's own code, alike in every process: a function's repr says where it lies in memory."""
    shown = [f"{name}={_name(value) if _is_function(value) else repr(value)}" for name, value in _settings(config)]
    return f"{type(config).__qualname__}({', '.join(shown)}) {optimizer_code(config)}".strip()


def _settings(config: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(config, field.name)) for field in dataclasses.fields(config)]


def _is_function(value: Any) -> bool:
    return callable(value) and not dataclasses.is_dataclass(value)


def _name(function: Any) -> str:
    kind = function if hasattr(function, "__qualname__") else type(function)
    return f"{kind.__module__}.{kind.__qualname__}"
