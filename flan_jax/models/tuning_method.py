"""What a way to train a model answers for itself: which parameters are trained, and what becomes of the others.

`flan_jax.models.tuning` has the table of them. Training all is here, the others are beside what they compute: `LowRank`
in `flan_jax.models.lora`, `SoftPrompt` in `flan_jax.models.soft_prompt`.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar

import jax
from flax.traverse_util import flatten_dict, unflatten_dict

from flan_jax.models.family import ModelConfig

__all__ = ["FullTuning", "TuningMethod", "join"]


class TuningMethod(abc.ABC):
    """A way to train a model. is_partial: whether it trains a part alone, and begins from weights that are there."""

    is_partial: ClassVar[bool] = True

    def settings(self) -> dict[str, Any]:
        """What the tensors of a checkpoint depend on, as JSON values."""
        return {}

    def tuned_model(self, model: ModelConfig) -> ModelConfig:
        """The model that is trained, out of the one that a run is told."""
        return model

    def base_model(self, model: ModelConfig) -> ModelConfig:
        """The model that training starts from: `tuned_model` undone."""
        return model

    @abc.abstractmethod
    def adapt(self, params: Any, key: jax.Array) -> tuple[Any, Any]:
        """(trained, frozen) parts to begin with, out of the parameters of `base_model`; traceable. What is new is drawn
        from `key`."""

    @abc.abstractmethod
    def split_axes(self, axes: Any) -> tuple[Any, Any]:
        """(trained, frozen) logical axes, out of those of the model's parameters."""

    def merged(self, params: Any) -> Any:
        """Joined parts as the parameters of a model of its own."""
        return params


class FullTuning(TuningMethod):
    """Trains every parameter."""

    is_partial = False

    def adapt(self, params: Any, key: jax.Array) -> tuple[Any, None]:
        """All of them, and nothing."""
        return params, None

    def split_axes(self, axes: Any) -> tuple[Any, None]:
        """All of them, and nothing."""
        return axes, None


def join(trained: Mapping[str, Any], frozen: Mapping[str, Any] | None) -> dict[str, Any]:
    """Both parts as the one tree that the model is applied to."""
    if frozen is None:
        return dict(trained)
    both = flatten_dict(frozen, sep="/")
    both.update(flatten_dict(trained, sep="/"))
    joined: dict[str, Any] = unflatten_dict(both, sep="/")
    return joined
