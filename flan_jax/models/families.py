"""The families of models there are, by the name that checkpoints store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flan_jax.core.errors import ConfigError
from flan_jax.core.suggest import did_you_mean
from flan_jax.models.decoder_config import DecoderConfig
from flan_jax.models.family import ModelConfig
from flan_jax.models.t5_config import T5Config

_CONFIGS: tuple[type[ModelConfig], ...] = (T5Config, DecoderConfig)
FAMILIES: Mapping[str, type[ModelConfig]] = {config.family: config for config in _CONFIGS}

__all__ = ["FAMILIES", "family_of", "model_from_json"]


def family_of(model: Mapping[str, Any]) -> str:
    """The family of a configuration as JSON values."""
    if "family" in model:
        return str(model["family"])
    # Checkpoints from before families had names are of the two that there were.
    return DecoderConfig.family if "num_kv_heads" in model else T5Config.family


def model_from_json(model: Mapping[str, Any], **changes: Any) -> ModelConfig:
    """The configuration that `ModelConfig.to_json` wrote, with `changes` of fields.

    Raises `ConfigError` for a family that is not there or a value that it does not take, `TypeError` for a field that
    it has not.
    """
    family = family_of(model)
    if family not in FAMILIES:
        raise ConfigError(
            f"model family {family!r} is not known{did_you_mean(family, FAMILIES)}: there are {', '.join(FAMILIES)}"
        )
    return FAMILIES[family](**{**{name: value for name, value in model.items() if name != "family"}, **changes})
