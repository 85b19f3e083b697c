"""Which parameters a run trains: all, low-rank adapters (Hu et al. 2021), or a soft prompt (Lester et al. 2021).

The state's `params` are what is trained and `frozen` the rest. Gradients, the optimizer's state and checkpoints are of
the first alone; the model is applied to both together, `join(params, frozen)`. Training all is here, the other methods
are beside what they compute: `LowRank` in `flan_jax.models.lora`, `SoftPrompt` in `flan_jax.models.soft_prompt`.
"""

from __future__ import annotations

import abc
import dataclasses
import importlib
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

import jax
from flax.traverse_util import flatten_dict, unflatten_dict

from flan_jax.core.errors import ConfigError, Setting
from flan_jax.core.settings import AtLeast, Positive, SlipAbove, settle
from flan_jax.models.family import ModelConfig
from flan_jax.models.model import param_logical_axes, param_shapes

Method = Literal["full", "lora", "prompt"]
# By name, as model families are: a run that trains all imports no other method.
_METHODS: Mapping[Method, str] = {
    "full": "flan_jax.models.tuning:FullTuning",
    "lora": "flan_jax.models.lora:LowRank",
    "prompt": "flan_jax.models.soft_prompt:SoftPrompt",
}

__all__ = [
    "FULL",
    "FullTuning",
    "Parts",
    "TuningConfig",
    "TuningMethod",
    "adapt",
    "base_model",
    "join",
    "make_whole",
    "merged",
    "part_axes",
    "part_shapes",
    "tuned_model",
]


@dataclasses.dataclass(frozen=True)
class TuningConfig:
    """What is trained.

    Attributes:
      method: "full" trains every parameter; "lora" low-rank adapters of the products in `lora_targets`; "prompt" the
        embeddings of `prompt_tokens` tokens in front of every input.
      lora_rank: r, the width of an adapter.
      lora_alpha: an adapter's product is scaled by lora_alpha / lora_rank.
      lora_targets: names of products: query, key, value, out of every attention, wi, wi_0, wi_1, wo of every MLP.
      prompt_tokens: length of the soft prompt; FLAN's ablation has 10 (Wei et al. 2022, section 4.4). It starts as rows
        of the token table.
    """

    method: Method = "full"
    lora_rank: Annotated[int, AtLeast(1), SlipAbove(2**20)] = 8
    lora_alpha: Annotated[Positive, "such as 16"] = 16.0
    lora_targets: tuple[str, ...] = ("query", "value")
    prompt_tokens: Annotated[int, AtLeast(1), SlipAbove(2**20)] = 10

    def __post_init__(self) -> None:
        settle(self)
        for field in dataclasses.fields(self)[1:]:
            method = "prompt" if field.name == "prompt_tokens" else "lora"
            if method != self.method and getattr(self, field.name) != field.default:
                raise ConfigError(
                    Setting(f"TuningConfig.{field.name}"),
                    f" is {getattr(self, field.name)!r}, which nothing uses, as ",
                    Setting("TuningConfig.method"),
                    f" is {self.method!r}: set that to {method!r}, or leave it out",
                )
        if not self.lora_targets:
            raise ConfigError(
                Setting("TuningConfig.lora_targets"), " is empty: name products, such as ('query', 'value')"
            )

    def summary(self) -> dict[str, Any]:
        """What a checkpoint says of its method, as JSON values: the settings that its tensors depend on."""
        return {"method": self.method, **self.make().settings()}

    @property
    def is_partial(self) -> bool:
        """Whether a part of the parameters is trained, and the rest must be there already."""
        return self.make().is_partial

    def make(self) -> TuningMethod:
        """The method with its settings."""
        module, _, name = _METHODS[self.method].partition(":")
        method: type[TuningMethod] = getattr(importlib.import_module(module), name)
        return method.of(self)


FULL = TuningConfig()


@dataclasses.dataclass(frozen=True)
class Parts:
    """One tree for what is trained and one for what is not, None where that is nothing."""

    trained: Any
    frozen: Any


def tuned_model(model: ModelConfig, tuning: TuningConfig) -> ModelConfig:
    """The model that a run trains: `model`, with a soft prompt if that is what it trains."""
    return tuning.make().tuned_model(model)


def base_model(model: ModelConfig, tuning: TuningConfig) -> ModelConfig:
    """The model that the run starts from: `tuned_model` undone."""
    return tuning.make().base_model(model)


def part_shapes(model: ModelConfig, tuning: TuningConfig) -> Parts:
    """`jax.ShapeDtypeStruct`s of both parts. Raises `ConfigError` when `lora_targets` names no product of the model."""
    base = param_shapes(base_model(model, tuning))
    return Parts(*jax.eval_shape(lambda p, key: adapt(tuning, p, key), base, jax.random.key(0)))


def part_axes(model: ModelConfig, tuning: TuningConfig) -> Parts:
    """Logical axis names of both parts."""
    return Parts(*tuning.make().split_axes(param_logical_axes(model)))


def adapt(tuning: TuningConfig, params: Any, key: jax.Array) -> tuple[Any, Any]:
    """(trained, frozen) parts to begin with, out of the parameters of `base_model`; traceable."""
    return tuning.make().adapt(params, key)


def make_whole(frozen: Any, tuning: TuningConfig) -> Callable[[Any], Any]:
    """(what was trained) -> the parameters of a model of its own, to be handed over."""
    if frozen is None:
        return lambda trained: trained
    return lambda trained: jax.jit(lambda t, f: merged(join(t, f), tuning))(trained, frozen)


def merged(params: Any, tuning: TuningConfig) -> Any:
    """`join`ed parameters as a model of its own, to be handed over: adapters folded into their kernels."""
    return tuning.make().merged(params)


class TuningMethod(abc.ABC):
    """A way to train a model. is_partial: whether it trains a part alone, and begins from weights that are there."""

    is_partial: ClassVar[bool] = True

    @classmethod
    @abc.abstractmethod
    def of(cls, config: TuningConfig) -> TuningMethod:
        """The method with the settings of `config` that are its own."""

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

    @classmethod
    def of(cls, config: TuningConfig) -> FullTuning:
        """It has no settings."""
        return cls()

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
