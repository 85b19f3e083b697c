"""Low-rank adaptation (Hu et al. 2021): a frozen kernel W [in, out] becomes W + scale * A B, A [in, r], B [r, out].

A product looks for `lora_a`, `lora_b` and `lora_scale` beside its `kernel` and adds their path where they are, so a
model has adapters exactly if its parameters do, and a configuration says nothing about it. W + scale * A B is never
formed in training: neither it nor its gradient takes memory.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict

from flan_jax.core.errors import ConfigError, did_you_mean
from flan_jax.models.tuning import TuningConfig, TuningMethod, join

A, B, SCALE = "lora_a", "lora_b", "lora_scale"

__all__ = ["SCALE", "A", "B", "LowRank", "adapted_kernels", "add_lora", "init_lora", "lora_axes", "merge_lora"]


def add_lora(module: nn.Module, x_ND: jax.Array, y_ND: jax.Array) -> jax.Array:
    """`y` plus the low-rank path of `x`, in the dtype of `y`, if `module`'s parameters hold one; else `y`."""
    if not module.has_variable("params", A):
        return y_ND
    a, b, scale = (jnp.asarray(module.get_variable("params", name)) for name in (A, B, SCALE))
    dtype = y_ND.dtype
    return y_ND + jnp.dot(jnp.dot(x_ND, a.astype(dtype)), b.astype(dtype)) * scale.astype(dtype)


def adapted_kernels(names: Iterable[str], targets: Iterable[str]) -> list[str]:
    """Flat names ("encoder/layers/attention/query/kernel") of the kernels whose product's name is in `targets`."""
    targets = set(targets)
    return [name for name in names if name.endswith("/kernel") and name.split("/")[-2] in targets]


def init_lora(
    kernels: Mapping[str, jax.Array | jax.ShapeDtypeStruct], rank: int, alpha: float, key: jax.Array
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(trained, constant) trees of fresh adapters: A normal with variance 1 / in, B zero, scale alpha / rank.

    Args:
      kernels: flat name -> [in, out], or [layers, in, out] of a stack.
      rank, alpha: r, and what the scale is of it.
      key: drawn from for each kernel by its place in the sorted names.
    """
    trained: dict[str, Any] = {}
    constant: dict[str, Any] = {}
    for number, name in enumerate(sorted(kernels)):
        *stack, num_in, num_out = kernels[name].shape
        stem = name.removesuffix("/kernel")
        # B is zero, so that training begins at the given model; A is not, or neither would ever get a gradient.
        normal = jax.random.normal(jax.random.fold_in(key, number), (*stack, num_in, rank), jnp.float32)
        trained[f"{stem}/{A}"] = normal * num_in**-0.5
        trained[f"{stem}/{B}"] = jnp.zeros((*stack, rank, num_out), jnp.float32)
        constant[f"{stem}/{SCALE}"] = jnp.full(tuple(stack), alpha / rank, jnp.float32)
    return unflatten_dict(trained, sep="/"), unflatten_dict(constant, sep="/")


def lora_axes(kernel_axes: Mapping[str, tuple[str, ...]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The logical axes of `init_lora`'s trees: A and B lie as the side of the kernel that they have, the rank whole."""
    trained: dict[str, Any] = {}
    constant: dict[str, Any] = {}
    for name, (*stack, axis_in, axis_out) in kernel_axes.items():
        stem = name.removesuffix("/kernel")
        trained[f"{stem}/{A}"] = (*stack, axis_in, "lora_rank")
        trained[f"{stem}/{B}"] = (*stack, "lora_rank", axis_out)
        constant[f"{stem}/{SCALE}"] = tuple(stack)
    return unflatten_dict(trained, sep="/"), unflatten_dict(constant, sep="/")


def merge_lora(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with every adapter folded into its kernel, in float32: a plain model that computes the same."""
    flat = flatten_dict(params, sep="/")
    merged = {}
    for name, value in flat.items():
        stem, _, leaf = name.rpartition("/")
        if leaf in (A, B, SCALE):
            continue
        if leaf == "kernel" and f"{stem}/{A}" in flat:
            a, b, scale = (jnp.asarray(flat[f"{stem}/{part}"]) for part in (A, B, SCALE))
            # highest: a TPU's default rounds the factors to bfloat16, and this product is kept for good.
            value = value + jnp.matmul(a, b, precision="highest") * scale[..., None, None]
        merged[name] = value
    plain: dict[str, Any] = unflatten_dict(merged, sep="/")
    return plain


@dataclasses.dataclass(frozen=True)
class LowRank(TuningMethod):
    """Trains adapters of some products. rank: their width. alpha: their product is scaled by alpha / rank. targets:
    names of the products."""

    rank: int
    alpha: float
    targets: tuple[str, ...]

    @classmethod
    def of(cls, config: TuningConfig) -> LowRank:
        """With the rank, scale and products of `config`."""
        return cls(config.lora_rank, config.lora_alpha, config.lora_targets)

    def settings(self) -> dict[str, Any]:
        """Rank, scale and products."""
        return {"lora_rank": self.rank, "lora_alpha": self.alpha, "lora_targets": list(self.targets)}

    def adapt(self, params: Any, key: jax.Array) -> tuple[Any, Any]:
        """Adapters, and the model with the adapters' scales. Raises `ConfigError` for a product that is not there,
        or is smaller than the rank."""
        flat = flatten_dict(params, sep="/")
        names = adapted_kernels(flat, self.targets)
        found = {name.split("/")[-2] for name in names}
        if unknown := [target for target in self.targets if target not in found]:
            known = sorted({name.split("/")[-2] for name in flat if name.endswith("/kernel")})
            raise ConfigError(
                f"TuningConfig.lora_targets names {', '.join(unknown)}, which this model has not"
                f"{did_you_mean(unknown[0], known)}: its products are {', '.join(known)}"
            )
        smallest = min(names, key=lambda name: min(flat[name].shape[-2:]))
        if self.rank > min(flat[smallest].shape[-2:]):
            num_in, num_out = flat[smallest].shape[-2:]
            product = smallest.removesuffix("/kernel")
            raise ConfigError(
                f"TuningConfig.lora_rank is {self.rank}, and {product} of {num_in} x {num_out} has a rank of "
                f"{min(num_in, num_out)} at most: give that or less, or leave it out of lora_targets"
            )
        trained, constant = init_lora({name: flat[name] for name in names}, self.rank, self.alpha, key)
        return trained, join(params, constant)

    def split_axes(self, axes: Any) -> tuple[Any, Any]:
        """As `adapt` splits parameters."""
        flat = flatten_dict(axes, sep="/")
        trained, constant = lora_axes({name: flat[name] for name in adapted_kernels(flat, self.targets)})
        return trained, join(axes, constant)

    def merged(self, params: Any) -> Any:
        """Adapters folded into their kernels."""
        return merge_lora(params)
