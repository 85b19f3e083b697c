"""The families of models there are, by the name that checkpoints store. A new one is a module and a line here."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping
from typing import Any

from flan_jax.core.errors import ConfigError
from flan_jax.core.suggest import did_you_mean
from flan_jax.models.family import ModelConfig, Network


@dataclasses.dataclass(frozen=True)
class Family:
    """Where a family is: the module and the class of its configurations, and the module of its `Network`."""

    config_module: str
    config_class: str
    network_module: str


# Modules by name: they are imported when a model of the family is met, so that who trains one needs no other.
FAMILIES: Mapping[str, Family] = {
    "t5": Family("flan_jax.models.t5_config", "T5Config", "flan_jax.models.t5"),
    "decoder": Family("flan_jax.models.decoder_config", "DecoderConfig", "flan_jax.models.decoder"),
}

__all__ = ["FAMILIES", "Family", "config_class", "family_of", "model_from_json", "network_of"]


def config_class(family: str) -> type[ModelConfig]:
    """The configurations of a family, by its name. Raises `ConfigError` for one that is not there."""
    if family not in FAMILIES:
        raise ConfigError(
            f"model family {family!r} is not known{did_you_mean(family, FAMILIES)}: there are {', '.join(FAMILIES)}"
        )
    found: type[ModelConfig] = getattr(
        importlib.import_module(FAMILIES[family].config_module), FAMILIES[family].config_class
    )
    return found


def network_of(config: ModelConfig) -> Network:
    """The arithmetic of a model."""
    network: Any = importlib.import_module(FAMILIES[config.family].network_module)
    found: Network = network
    return found


def family_of(model: Mapping[str, Any]) -> str:
    """The name of the family of a configuration as JSON values."""
    if "family" in model:
        return str(model["family"])
    # Checkpoints from before families had names are of the two that there were.
    return "decoder" if "num_kv_heads" in model else "t5"


def model_from_json(model: Mapping[str, Any], **changes: Any) -> ModelConfig:
    """The configuration that `ModelConfig.to_json` wrote, with `changes` of fields.

    Raises `ConfigError` for a family that is not there or a value that it does not take, `TypeError` for a field that
    it has not.
    """
    fields = {name: value for name, value in model.items() if name != "family"}
    return config_class(family_of(model))(**{**fields, **changes})
