"""Multi-head attention that stays inside segments."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from flax import linen as nn

from flan_jax.models.axes import constrain
from flan_jax.models.config import T5Config
from flan_jax.models.dropout import dropout
from flan_jax.models.layers import Dense

# Far below any score, and finite: a padding query, which may see no key at all, gets uniform weights and no NaN.
MASKED_SCORE = -1e10
ATTENTION_INIT = nn.initializers.variance_scaling(1.0, "fan_in", "normal")

__all__ = ["MASKED_SCORE", "Attention", "attend", "segment_mask"]


def segment_mask(query_segments_BL: jax.Array, key_segments_BS: jax.Array, *, causal: bool) -> jax.Array:
    """Which key a query sees: those of its own segment and, if `causal`, not to its right. Bool [B, 1, L, S].

    Padding is segment 0, so it sees padding only, and no real token sees padding.
    """
    mask_BLS = query_segments_BL[:, :, None] == key_segments_BS[:, None, :]
    if causal:
        queries = jax.lax.broadcasted_iota(jnp.int32, mask_BLS.shape[1:], 0)
        keys = jax.lax.broadcasted_iota(jnp.int32, mask_BLS.shape[1:], 1)
        mask_BLS &= keys <= queries
    return mask_BLS[:, None]


def attend(
    q_BHLK: jax.Array,
    k_BHSK: jax.Array,
    v_BHSK: jax.Array,
    bias_HLS: jax.Array | None,
    mask_B1LS: jax.Array,
    dropout_rate: float,
    seeds_2B: jax.Array | None,
) -> jax.Array:
    """Weighted values [B, H, L, K]. Scores and softmax are float32; there is no 1 / sqrt(K), which T5 folds into the
    initial query weights."""
    scores_BHLS = jnp.einsum("bhlk,bhsk->bhls", q_BHLK, k_BHSK, preferred_element_type=jnp.float32)
    if bias_HLS is not None:
        scores_BHLS += bias_HLS
    weights_BHLS = jax.nn.softmax(jnp.where(mask_B1LS, scores_BHLS, MASKED_SCORE), axis=-1)
    weights_BHLS = dropout(weights_BHLS.astype(v_BHSK.dtype), dropout_rate, seeds_2B)
    return jnp.einsum("bhls,bhsk->bhlk", weights_BHLS, v_BHSK)


class Attention(nn.Module):
    """Queries from one sequence, keys and values from the same or another."""

    config: T5Config

    def setup(self) -> None:
        config, dtype = self.config, self.config.compute_dtype
        axes = ("embed", "joined_kv")

        def query_init(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype) -> jax.Array:
            return ATTENTION_INIT(key, shape, dtype) / math.sqrt(config.head_dim)

        self.query = Dense(config.joined_kv, axes, dtype, query_init)
        self.key = Dense(config.joined_kv, axes, dtype, ATTENTION_INIT)
        self.value = Dense(config.joined_kv, axes, dtype, ATTENTION_INIT)
        self.out = Dense(config.emb_dim, ("joined_kv", "embed"), dtype, ATTENTION_INIT)

    def queries(self, x_BLD: jax.Array) -> jax.Array:
        """[B, H, L, K]."""
        return self._split_heads(self.query(x_BLD))

    def keys_and_values(self, x_BSD: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Twice [B, H, S, K]."""
        return self._split_heads(self.key(x_BSD)), self._split_heads(self.value(x_BSD))

    def output(self, x_BHLK: jax.Array) -> jax.Array:
        """[B, L, D]."""
        x_BLHK = x_BHLK.swapaxes(1, 2)
        return self.out(x_BLHK.reshape(*x_BLHK.shape[:2], self.config.joined_kv))

    def __call__(
        self,
        x_BLD: jax.Array,
        source_BSD: jax.Array,
        bias_HLS: jax.Array | None,
        mask_B1LS: jax.Array,
        seeds_2B: jax.Array | None,
    ) -> jax.Array:
        """Attention of `x` over `source`, [B, L, D]."""
        k_BHSK, v_BHSK = self.keys_and_values(source_BSD)
        rate = self.config.dropout_rate
        return self.output(attend(self.queries(x_BLD), k_BHSK, v_BHSK, bias_HLS, mask_B1LS, rate, seeds_2B))

    def _split_heads(self, x_BLJ: jax.Array) -> jax.Array:
        # Heads before positions: the two products of attention then read contiguous matrices.
        x_BLHK = x_BLJ.reshape(*x_BLJ.shape[:2], self.config.num_heads, self.config.head_dim)
        return constrain(x_BLHK.swapaxes(1, 2), "batch", "activation_heads", "length", "activation_kv")
