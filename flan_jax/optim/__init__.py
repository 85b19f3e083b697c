"""Optimizers over stacked layers: T5X's Adafactor and PaLM's, Optax's Adam; their states' logical axes follow the
parameters'. `make_optimizer` takes either's configuration. Names are imported when they are first asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flan_jax.optim.adafactor import AdafactorConfig, AdafactorState, make_adafactor
    from flan_jax.optim.adamw import AdamWConfig, AdamWState, make_adamw
    from flan_jax.optim.optimizer import OptimizerConfig, for_run, make_optimizer, opt_state_logical_axes
    from flan_jax.optim.schedules import ConstantSchedule, CosineSchedule, LearningRate, RsqrtSchedule

_MODULES = {
    "adafactor": ("AdafactorConfig", "AdafactorState", "make_adafactor"),
    "adamw": ("AdamWConfig", "AdamWState", "make_adamw"),
    "optimizer": ("OptimizerConfig", "for_run", "make_optimizer", "opt_state_logical_axes"),
    "schedules": ("ConstantSchedule", "CosineSchedule", "LearningRate", "RsqrtSchedule"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "AdafactorConfig",
    "AdafactorState",
    "AdamWConfig",
    "AdamWState",
    "ConstantSchedule",
    "CosineSchedule",
    "LearningRate",
    "OptimizerConfig",
    "RsqrtSchedule",
    "for_run",
    "make_adafactor",
    "make_adamw",
    "make_optimizer",
    "opt_state_logical_axes",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
