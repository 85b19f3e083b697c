"""Which parameters a run trains: all, low-rank adapters (Hu et al. 2021), or a soft prompt (Lester et al. 2021).

The state's `params` are what is trained and `frozen` the rest. Gradients, the optimizer's state and checkpoints are of
the first alone; the model is applied to both together, `join(params, frozen)`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import jax
from flax.traverse_util import flatten_dict, unflatten_dict

from flan_jax.core.errors import ConfigError
from flan_jax.core.suggest import did_you_mean
from flan_jax.models import ModelConfig, param_logical_axes, param_shapes
from flan_jax.models.lora import adapted_kernels, init_lora, lora_axes, merge_lora
from flan_jax.models.soft_prompt import NAME as SOFT_PROMPT
from flan_jax.models.soft_prompt import sample_prompt

Method = Literal["full", "lora", "prompt"]
_TABLE = "token_embedder/embedding"
_PROMPT = f"token_embedder/{SOFT_PROMPT}"

__all__ = [
    "FULL",
    "Parts",
    "TuningConfig",
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
    lora_rank: int = 8
    lora_alpha: float = 16.0
    lora_targets: tuple[str, ...] = ("query", "value")
    prompt_tokens: int = 10

    def __post_init__(self) -> None:
        targets = (self.lora_targets,) if isinstance(self.lora_targets, str) else tuple(self.lora_targets)
        object.__setattr__(self, "lora_targets", targets)
        methods = get_args(Method)
        if self.method not in methods:
            raise ConfigError(
                f"TuningConfig.method is {self.method!r}{did_you_mean(str(self.method), methods)}: use one of "
                f"{', '.join(methods)}"
            )
        for name in ("lora_rank", "prompt_tokens"):
            if getattr(self, name) < 1:
                raise ConfigError(f"TuningConfig.{name} is {getattr(self, name)}: give at least 1")
        if not self.lora_alpha > 0:
            raise ConfigError(f"TuningConfig.lora_alpha is {self.lora_alpha}: give a number above 0, such as 16")
        if not targets:
            raise ConfigError("TuningConfig.lora_targets is empty: name products, such as ('query', 'value')")

    def summary(self) -> dict[str, Any]:
        """What a checkpoint says of its method, as JSON values: the settings that its tensors depend on."""
        fields: dict[str, Any] = {"method": self.method}
        if self.method == "lora":
            fields |= {"lora_rank": self.lora_rank, "lora_alpha": self.lora_alpha}
            fields["lora_targets"] = list(self.lora_targets)
        if self.method == "prompt":
            fields["prompt_tokens"] = self.prompt_tokens
        return fields


FULL = TuningConfig()


@dataclasses.dataclass(frozen=True)
class Parts:
    """One tree for what is trained and one for what is not, None where that is nothing."""

    trained: Any
    frozen: Any


def tuned_model(model: ModelConfig, tuning: TuningConfig) -> ModelConfig:
    """The model that a run trains: `model`, with a soft prompt if that is what it trains."""
    if tuning.method != "prompt":
        return model
    if model.prompt_tokens:
        raise ConfigError(
            f"the model has a soft prompt of {model.prompt_tokens} tokens already: train that one's base, or all of it"
        )
    return dataclasses.replace(model, prompt_tokens=tuning.prompt_tokens)


def base_model(model: ModelConfig, tuning: TuningConfig) -> ModelConfig:
    """The model that the run starts from: `tuned_model` undone."""
    return dataclasses.replace(model, prompt_tokens=0) if tuning.method == "prompt" else model


def part_shapes(model: ModelConfig, tuning: TuningConfig) -> Parts:
    """`jax.ShapeDtypeStruct`s of both parts. Raises `ConfigError` when `lora_targets` names no product of the model."""
    if tuning.method == "full":
        return Parts(param_shapes(model), None)
    base = param_shapes(base_model(model, tuning))
    trained, frozen = jax.eval_shape(lambda p, key: adapt(tuning, p, key), base, jax.random.key(0))
    return Parts(trained, frozen)


def part_axes(model: ModelConfig, tuning: TuningConfig) -> Parts:
    """Logical axis names of both parts."""
    axes = param_logical_axes(model)
    if tuning.method == "full":
        return Parts(axes, None)
    flat = flatten_dict(axes, sep="/")
    if tuning.method == "prompt":
        return Parts(unflatten_dict({_PROMPT: flat.pop(_PROMPT)}, sep="/"), unflatten_dict(flat, sep="/"))
    trained, constant = lora_axes({name: flat[name] for name in adapted_kernels(flat, tuning.lora_targets)})
    return Parts(trained, join(axes, constant))


def adapt(tuning: TuningConfig, params: Any, key: jax.Array) -> tuple[Any, Any]:
    """(trained, frozen) parts to begin with, out of the parameters of `base_model`; traceable."""
    if tuning.method == "full":
        return params, None
    flat = flatten_dict(params, sep="/")
    if tuning.method == "prompt":
        return unflatten_dict({_PROMPT: sample_prompt(flat[_TABLE], tuning.prompt_tokens, key)}, sep="/"), params
    names = adapted_kernels(flat, tuning.lora_targets)
    found = {name.split("/")[-2] for name in names}
    if unknown := [target for target in tuning.lora_targets if target not in found]:
        known = sorted({name.split("/")[-2] for name in flat if name.endswith("/kernel")})
        raise ConfigError(
            f"TuningConfig.lora_targets names {', '.join(unknown)}, which this model has not"
            f"{did_you_mean(unknown[0], known)}: its products are {', '.join(known)}"
        )
    trained, constant = init_lora({name: flat[name] for name in names}, tuning.lora_rank, tuning.lora_alpha, key)
    return trained, join(params, constant)


def join(trained: Mapping[str, Any], frozen: Mapping[str, Any] | None) -> dict[str, Any]:
    """Both parts as the one tree that the model is applied to."""
    if frozen is None:
        return dict(trained)
    both = flatten_dict(frozen)
    both.update(flatten_dict(trained))
    return unflatten_dict(both)


def make_whole(frozen: Any, tuning: TuningConfig) -> Callable[[Any], Any]:
    """(what was trained) -> the parameters of a model of its own, to be handed over."""
    if frozen is None:
        return lambda trained: trained
    return lambda trained: jax.jit(lambda t, f: merged(join(t, f), tuning))(trained, frozen)


def merged(params: Any, tuning: TuningConfig) -> Any:
    """`join`ed parameters as a model of its own, to be handed over: adapters folded into their kernels."""
    return merge_lora(params) if tuning.method == "lora" else params
