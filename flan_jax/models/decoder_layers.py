"""What a decoder-only layer is made of: norms, products with an optional bias, MLPs, rotations, grouped attention."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from flan_jax.models.attention import ATTENTION_INIT, attend
from flan_jax.models.axes import constrain, with_axes
from flan_jax.models.decoder_config import Biases, DecoderConfig
from flan_jax.models.dropout import dropout, fold_in
from flan_jax.models.layers import DENSE_INIT
from flan_jax.models.lora import add_lora

__all__ = ["GroupedAttention", "Mlp", "Norm", "Projection", "rotate", "rotation", "stretches"]


class Norm(nn.Module):
    """RMS norm (Zhang and Sennrich 2019) or layer norm (Ba et al. 2016) over the last axis, computed in float32."""

    config: DecoderConfig
    axis: str = "embed"

    @nn.compact
    def __call__(self, x_BLD: jax.Array) -> jax.Array:
        config, shape = self.config, (x_BLD.shape[-1],)
        is_whole = config.norm_scale == "whole"
        init = nn.initializers.ones_init() if is_whole else nn.initializers.zeros_init()
        scale_D = self.param("scale", with_axes(init, self.axis), shape, jnp.float32)
        scale_D = scale_D if is_whole else 1.0 + scale_D
        bias_D = None
        if config.norm == "layernorm" and config.biases == "all":
            bias_D = self.param("bias", with_axes(nn.initializers.zeros_init(), self.axis), shape, jnp.float32)
        normed_BLD: jax.Array = _normalise(
            x_BLD, scale_D, bias_D, config.norm == "layernorm", config.norm_epsilon, config.compute_dtype
        )
        return normed_BLD


@functools.partial(jax.checkpoint, static_argnums=(3, 4, 5), prevent_cse=False)
def _normalise(
    x_BLD: jax.Array, scale_D: jax.Array, bias_D: jax.Array | None, is_centred: bool, epsilon: float, dtype: jnp.dtype
) -> jax.Array:
    # Checkpointed: the backward pass keeps `x` alone, where it would keep several float32 arrays of its size.
    x_BLD = x_BLD.astype(jnp.float32)  # a bfloat16 sum of squares loses the norm's last digits
    if is_centred:
        x_BLD = x_BLD - jnp.mean(x_BLD, axis=-1, keepdims=True)
    inverse_rms_BL1 = jax.lax.rsqrt(jnp.mean(jnp.square(x_BLD), axis=-1, keepdims=True) + epsilon)
    before = tuple(range(x_BLD.ndim - 1))  # heads may have an axis of their own
    x_BLD = x_BLD * inverse_rms_BL1 * jnp.expand_dims(scale_D, before)
    return (x_BLD if bias_D is None else x_BLD + jnp.expand_dims(bias_D, before)).astype(dtype)


class Projection(nn.Module):
    """`x @ kernel (+ bias)` over the last axis, in the compute dtype; parameters are float32."""

    config: DecoderConfig
    features: int
    axes: tuple[str, str]
    kernel_init: nn.initializers.Initializer = DENSE_INIT
    biased_by: tuple[Biases, ...] = ("all",)  # settings of `biases` with which this product has one

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        dtype = self.config.compute_dtype
        kernel = self.param(
            "kernel", with_axes(self.kernel_init, *self.axes), (x.shape[-1], self.features), jnp.float32
        )
        # As a matrix of tokens, for the reason in `layers.Dense`.
        x_ND = x.reshape(-1, x.shape[-1]).astype(dtype)
        y_ND = add_lora(self, x_ND, jnp.dot(x_ND, kernel.astype(dtype)))
        if self.config.biases in self.biased_by:
            zeros = with_axes(nn.initializers.zeros_init(), self.axes[1])
            bias_D = self.param("bias", zeros, (self.features,), jnp.float32)
            y_ND += bias_D.astype(dtype)[None]
        return y_ND.reshape(*x.shape[:-1], self.features)


def _hidden(
    wo: Projection,
    gate_BLF: jax.Array,
    linear_BLF: jax.Array | None,
    kind: str,
    rate: float,
    seeds_2B: jax.Array | None,
) -> jax.Array:
    # In float32 up to the product, as `layers.GatedMlp`.
    gate = gate_BLF.astype(jnp.float32)
    hidden_BLF = jax.nn.silu(gate) if kind == "swiglu" else jax.nn.gelu(gate, approximate=True)
    if linear_BLF is not None:
        hidden_BLF = hidden_BLF * linear_BLF.astype(jnp.float32)
    hidden_BLF = dropout(hidden_BLF, rate, seeds_2B).astype(gate_BLF.dtype)
    return wo(constrain(hidden_BLF, "batch", "length", "activation_mlp"))


# The backward pass keeps the inputs of the nonlinearity and computes it anew.
_hidden = nn.remat(_hidden, static_argnums=(3, 4), prevent_cse=False)


class Mlp(nn.Module):
    """`(act(x @ wi_0) * (x @ wi_1)) @ wo`, or `gelu(x @ wi) @ wo`."""

    config: DecoderConfig

    @nn.compact
    def __call__(self, x_BLD: jax.Array, seeds_2B: jax.Array | None) -> jax.Array:
        config = self.config
        wo = Projection(config, config.emb_dim, ("mlp", "embed"), name="wo")
        into = functools.partial(Projection, config, config.mlp_dim, ("embed", "mlp"))
        if config.mlp == "gelu":
            gate_BLF, linear_BLF = into(name="wi")(x_BLD), None
        else:
            gate_BLF, linear_BLF = into(name="wi_0")(x_BLD), into(name="wi_1")(x_BLD)
        return _hidden(wo, gate_BLF, linear_BLF, config.mlp, inner_rate(config), seeds_2B)


def inner_rate(config: DecoderConfig) -> float:
    """Dropout's rate at the sites that are not where a branch joins the residual stream."""
    return config.dropout_rate if config.dropout_sites == "everywhere" else 0.0


def stretches(config: DecoderConfig) -> np.ndarray:
    """How many times as long as without scaling the wavelength of each pair of a head is, float32 [head_dim / 2]."""
    wavelengths_P = 2 * math.pi * config.rope_theta ** (np.arange(0, config.head_dim, 2) / config.head_dim)
    if config.rope_scaling == "none":
        return np.ones_like(wavelengths_P, np.float32)
    if config.rope_scaling == "linear":
        return np.full_like(wavelengths_P, config.rope_factor, np.float32)
    # Llama 3.1: how often a wave fits into the positions of pretraining decides; frequencies between the two limits
    # are means of both.
    low, high = config.rope_low_freq_factor, config.rope_high_freq_factor
    kept_P = np.clip((config.rope_original_positions / wavelengths_P - low) / (high - low), 0, 1)
    return (1 / ((1 - kept_P) / config.rope_factor + kept_P)).astype(np.float32)


def rotation(
    positions_BL: jax.Array, head_dim: int, theta: float, stretches_P: np.ndarray | None = None
) -> tuple[jax.Array, jax.Array]:
    """(cosines, sines) of the angles position * theta^(-2i / head_dim), float32 [B, 1, L, head_dim / 2] each.

    Args:
      positions_BL: int32.
      head_dim: elements of a head.
      theta: base of the wavelengths.
      stretches_P: what the wavelengths are multiplied with; None for nothing.
    """
    # float32: bfloat16 has no whole numbers between 256 and 258, and positions go to thousands.
    exponents_P = jnp.arange(0, head_dim, 2, dtype=jnp.float32) / head_dim  # P: a head's pairs of elements
    wavelengths_P = theta**exponents_P if stretches_P is None else theta**exponents_P * stretches_P
    angles_B1LP = positions_BL[:, None, :, None].astype(jnp.float32) / wavelengths_P[None, None, None]
    return jnp.cos(angles_B1LP), jnp.sin(angles_B1LP)


def rotate(x_BHLK: jax.Array, angles: tuple[jax.Array, jax.Array]) -> jax.Array:
    """Elements i and i + K/2 of each head turned by the i-th angle of their position (Su et al. 2021, in the layout of
    GPT-NeoX and Llama's Hugging Face weights); in float32, then back to the dtype of `x`."""
    cosines, sines = angles
    first, second = jnp.split(x_BHLK.astype(jnp.float32), 2, axis=-1)
    turned = jnp.concatenate([first * cosines - second * sines, second * cosines + first * sines], axis=-1)
    return turned.astype(x_BHLK.dtype)


class GroupedAttention(nn.Module):
    """Self-attention in which `num_heads / num_kv_heads` query heads read one head of keys and values."""

    config: DecoderConfig

    def setup(self) -> None:
        config = self.config
        # A single head of keys is kept whole on every device of the model axis: it has nothing to split.
        kv_axis = "kv" if config.num_kv_heads == 1 else "joined_kv"
        kv_width = config.num_kv_heads * config.head_dim
        biased_by: tuple[Biases, ...] = ("qkv", "all")
        self.query = Projection(config, config.joined_kv, ("embed", "joined_kv"), ATTENTION_INIT, biased_by)
        self.key = Projection(config, kv_width, ("embed", kv_axis), ATTENTION_INIT, biased_by)
        self.value = Projection(config, kv_width, ("embed", kv_axis), ATTENTION_INIT, biased_by)
        if config.query_key_norm == "each_head":
            self.query_norm = Norm(config, "kv")
            self.key_norm = Norm(config, "kv")
        self.out = Projection(config, config.emb_dim, ("joined_kv", "embed"), ATTENTION_INIT)

    def queries(self, x_BLD: jax.Array, angles: tuple[jax.Array, jax.Array] | None) -> jax.Array:
        """[B, H, L, K], scaled by 1/sqrt(K) or as `query_scalar` says, and turned."""
        config = self.config
        q_BHLK = self._heads(self.query(x_BLD), config.num_heads)
        q_BHLK = self.query_norm(q_BHLK) if config.query_key_norm == "each_head" else q_BHLK
        q_BHLK = q_BHLK if angles is None else rotate(q_BHLK, angles)
        # On the queries, K numbers a position, instead of on S scores.
        return q_BHLK * (1.0 / math.sqrt(config.query_scalar or config.head_dim))

    def keys_and_values(
        self, x_BLD: jax.Array, angles: tuple[jax.Array, jax.Array] | None
    ) -> tuple[jax.Array, jax.Array]:
        """Twice [B, G, L, K]; keys are turned."""
        k_BGLK = self._heads(self.key(x_BLD), self.config.num_kv_heads)
        k_BGLK = self.key_norm(k_BGLK) if self.config.query_key_norm == "each_head" else k_BGLK
        v_BGLK = self._heads(self.value(x_BLD), self.config.num_kv_heads)
        return k_BGLK if angles is None else rotate(k_BGLK, angles), v_BGLK

    def read(
        self,
        q_BHLK: jax.Array,
        k_BGSK: jax.Array,
        v_BGSK: jax.Array,
        bias_HLS: jax.Array | None,
        mask_B1LS: jax.Array,
        seeds_2B: jax.Array | None,
    ) -> jax.Array:
        """What the queries see, [B, L, D]; a bias may have a leading batch axis where no gradient is taken.

        Args:
          q_BHLK: queries.
          k_BGSK: keys, G heads of which serve H / G query heads each.
          v_BGSK: values.
          bias_HLS: position bias; None for a model without one.
          mask_B1LS: bool, which keys a query sees.
          seeds_2B: the rows' dropout seeds; None for no dropout.
        """
        config, rate = self.config, inner_rate(self.config)
        if config.num_heads == config.num_kv_heads:
            out_BHLK = attend(q_BHLK, k_BGSK, v_BGSK, bias_HLS, mask_B1LS, rate, seeds_2B, config.attention_softcap)
        else:
            # One attention a member of the groups, side by side: keys and values are not repeated.
            num_members = config.num_heads // config.num_kv_heads
            q_BGRLK = q_BHLK.reshape(q_BHLK.shape[0], config.num_kv_heads, num_members, *q_BHLK.shape[2:])
            bias, seeds, axes = None, None, [2, None, None]
            if bias_HLS is not None:
                shape = (*bias_HLS.shape[:-3], config.num_kv_heads, num_members, *bias_HLS.shape[-2:])
                bias, axes[1] = bias_HLS.reshape(shape), len(shape) - 3
            if seeds_2B is not None:
                seeds, axes[2] = jax.vmap(functools.partial(fold_in, seeds_2B))(jnp.arange(num_members)), 0

            def attend_member(q_BGLK: jax.Array, bias_GLS: jax.Array | None, seeds: jax.Array | None) -> jax.Array:
                return attend(q_BGLK, k_BGSK, v_BGSK, bias_GLS, mask_B1LS, rate, seeds, config.attention_softcap)

            out_BGRLK = jax.vmap(attend_member, in_axes=tuple(axes), out_axes=2)(q_BGRLK, bias, seeds)
            out_BHLK = out_BGRLK.reshape(q_BHLK.shape)
        return self.output(out_BHLK)

    def output(self, x_BHLK: jax.Array) -> jax.Array:
        """What the heads read, joined: [B, L, D]."""
        x_BLHK = x_BHLK.swapaxes(1, 2)
        return self.out(x_BLHK.reshape(*x_BLHK.shape[:2], self.config.joined_kv))

    def __call__(
        self,
        x_BLD: jax.Array,
        angles: tuple[jax.Array, jax.Array] | None,
        bias_HLL: jax.Array | None,
        mask_B1LL: jax.Array,
        seeds_2B: jax.Array | None,
    ) -> jax.Array:
        """Attention of `x` over itself, [B, L, D]."""
        k_BGLK, v_BGLK = self.keys_and_values(x_BLD, angles)
        return self.read(self.queries(x_BLD, angles), k_BGLK, v_BGLK, bias_HLL, mask_B1LL, seeds_2B)

    def _heads(self, x_BLJ: jax.Array, num_heads: int) -> jax.Array:
        x_BLHK = x_BLJ.reshape(*x_BLJ.shape[:2], num_heads, self.config.head_dim)
        axis = "activation_heads" if num_heads > 1 else None
        return constrain(x_BLHK.swapaxes(1, 2), "batch", axis, "length", "activation_kv")
