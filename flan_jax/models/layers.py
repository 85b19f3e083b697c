"""Layers without attention: a bias-free product, the RMS norm, the MLP, the token table."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn

from flan_jax.models.axes import constrain, with_axes
from flan_jax.models.dropout import dropout, fold_in
from flan_jax.models.lora import add_lora
from flan_jax.models.soft_prompt import embed_prompt, make_prompt
from flan_jax.models.t5_config import T5Config

NORM_EPSILON = 1e-6
DENSE_INIT = nn.initializers.variance_scaling(1.0, "fan_in", "truncated_normal")

_ACTIVATIONS: Mapping[str, Callable[[jax.Array], jax.Array]] = {
    "gelu": functools.partial(nn.gelu, approximate=True),
    "relu": nn.relu,
    "silu": nn.silu,
    "linear": lambda x: x,
}

__all__ = ["DENSE_INIT", "NORM_EPSILON", "Dense", "Mlp", "RmsNorm", "TokenEmbedder", "apply"]


def apply(module: nn.Module, params: Any, *args: Any, method: str | None = None) -> Any:
    """`method` of `module` on its `params`. Flax types a mutated state beside the output, which ours do not have."""
    return module.apply({"params": params}, *args, method=method)


class Dense(nn.Module):
    """`x @ kernel` over the last axis, in `dtype`; the kernel is a float32 matrix [in, features]."""

    features: int
    axes: tuple[str, str]
    dtype: jnp.dtype
    kernel_init: nn.initializers.Initializer = DENSE_INIT

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param(
            "kernel",
            with_axes(self.kernel_init, *self.axes),
            (x.shape[-1], self.features),
            jnp.float32,
        )
        # As a matrix of tokens: XLA's CPU backend would transpose a three-dimensional factor of the kernel's gradient.
        x_ND = x.reshape(-1, x.shape[-1]).astype(self.dtype)
        y_ND = add_lora(self, x_ND, jnp.dot(x_ND, kernel.astype(self.dtype)))
        return y_ND.reshape(*x.shape[:-1], self.features)


class RmsNorm(nn.Module):
    """`x / rms(x) * scale` over the last axis, computed in float32 (Zhang and Sennrich 2019)."""

    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x_BLD: jax.Array) -> jax.Array:
        scale_D = self.param(
            "scale",
            with_axes(nn.initializers.ones_init(), "embed"),
            (x_BLD.shape[-1],),
            jnp.float32,
        )
        normed_BLD: jax.Array = _normalise(x_BLD, scale_D, self.dtype)
        return normed_BLD


@functools.partial(jax.checkpoint, static_argnums=2, prevent_cse=False)
def _normalise(x_BLD: jax.Array, scale_D: jax.Array, dtype: jnp.dtype) -> jax.Array:
    # Checkpointed: the backward pass keeps `x` alone, where it would keep several float32 arrays of its size.
    x_BLD = x_BLD.astype(jnp.float32)  # a bfloat16 sum of squares loses the norm's last digits
    inverse_rms_BL1 = jax.lax.rsqrt(jnp.mean(jnp.square(x_BLD), axis=-1, keepdims=True) + NORM_EPSILON)
    return (x_BLD * inverse_rms_BL1 * scale_D[None, None]).astype(dtype)


def _mlp_output(
    wo: Dense,
    factors: tuple[jax.Array, ...],
    activations: tuple[str, ...],
    rate: float,
    seeds_2B: jax.Array | None,
) -> jax.Array:
    # In float32 up to the product: XLA would otherwise round to bfloat16 after each of a dozen elementwise steps.
    hidden_BLF = functools.reduce(
        operator.mul,
        [_ACTIVATIONS[name](x_BLF.astype(jnp.float32)) for name, x_BLF in zip(activations, factors, strict=True)],
    )
    hidden_BLF = dropout(hidden_BLF, rate, seeds_2B).astype(factors[0].dtype)
    return wo(constrain(hidden_BLF, "batch", "length", "activation_mlp"))


# The backward pass keeps the activations' inputs, and computes them and the hidden layer anew; of the product with
# `wo` it needs nothing.
_mlp_output = nn.remat(_mlp_output, static_argnums=(2, 3), prevent_cse=False)


class Mlp(nn.Module):
    """`wo` of the product of `activation_i(x @ wi_i)`: gated with two activations (Shazeer 2020), plain with one, whose
    matrix is called `wi` as in T5X."""

    config: T5Config

    @nn.compact
    def __call__(self, x_BLD: jax.Array, seeds_2B: jax.Array | None) -> jax.Array:
        config, dtype = self.config, self.config.compute_dtype
        activations = config.mlp_activations
        names = ["wi"] if len(activations) == 1 else [f"wi_{i}" for i in range(len(activations))]
        factors = tuple(Dense(config.mlp_dim, ("embed", "mlp"), dtype, name=name)(x_BLD) for name in names)
        wo = Dense(config.emb_dim, ("mlp", "embed"), dtype, name="wo")
        return _mlp_output(wo, factors, activations, config.dropout_rate, fold_in(seeds_2B, 0))


class TokenEmbedder(nn.Module):
    """The input table, shared by encoder and decoder."""

    config: T5Config

    def setup(self) -> None:
        self.embedding = self.param(
            "embedding",
            # N(0, 1): what enters the stack is of unit size as it is, as T5 does not scale embeddings by sqrt(D).
            with_axes(nn.initializers.normal(1.0), "vocab", "embed"),
            (self.config.vocab_size, self.config.emb_dim),
            jnp.float32,
        )
        if self.config.prompt_tokens:
            self.soft_prompt = make_prompt(self, self.config.prompt_tokens, self.config.emb_dim)

    def __call__(self, tokens_BL: jax.Array) -> jax.Array:
        """Rows of the table for int32 tokens in [0, vocab_size), of the soft prompt for negative ones, in the compute
        dtype [B, L, D]."""
        x_BLD = jnp.take(self.embedding, tokens_BL, axis=0, mode="clip").astype(self.config.compute_dtype)
        if self.config.prompt_tokens:
            x_BLD = embed_prompt(self.soft_prompt, tokens_BL, x_BLD)
        return constrain(x_BLD, "batch", "length", "activation_embed")
