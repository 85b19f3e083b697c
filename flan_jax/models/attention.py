"""Multi-head attention that stays inside segments."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from flan_jax.models.axes import constrain
from flan_jax.models.dropout import dropout
from flan_jax.models.layers import Dense
from flan_jax.models.t5_config import T5Config

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
        mask_BLS &= (keys <= queries)[None]
    return mask_BLS[:, None]


@functools.partial(jax.custom_vjp, nondiff_argnums=(5, 7))
def attend(
    q_BHLK: jax.Array,
    k_BHSK: jax.Array,
    v_BHSK: jax.Array,
    bias_HLS: jax.Array | None,
    mask_B1LS: jax.Array,
    dropout_rate: float,
    seeds_2B: jax.Array | None,
    softcap: float | None,
) -> jax.Array:
    """Weighted values [B, H, L, K].

    Scores and softmax are float32; there is no 1 / sqrt(K), which T5 folds into the initial query weights. The
    backward pass computes the weights anew from the scores' log-sum-exp, and gets the softmax's row sums from the
    output (Dao et al. 2022, section 3.1), so that no [B, H, L, S] array is kept.

    Args:
      q_BHLK, k_BHSK, v_BHSK: queries, keys and values, of one dtype.
      bias_HLS: float32, added to the scores; None for none.
      mask_B1LS: bool, whether a query sees a key; a query that sees none gets uniform weights.
      dropout_rate: of the weights.
      seeds_2B: see `dropout.dropout`.
      softcap: c of scores c tanh(s / c); None for scores as they are.
    """
    return _attend_forward(q_BHLK, k_BHSK, v_BHSK, bias_HLS, mask_B1LS, dropout_rate, seeds_2B, softcap)[0]


def _scores(
    q_BHLK: jax.Array,
    k_BHSK: jax.Array,
    bias_HLS: jax.Array | None,
    mask_B1LS: jax.Array,
    softcap: float | None,
) -> jax.Array:
    # Summed in float32: in bfloat16 scores near 10 lie 1/16 apart, a factor of 1.06 after exp.
    scores_BHLS = jnp.einsum("bhlk,bhsk->bhls", q_BHLK, k_BHSK, preferred_element_type=jnp.float32)
    if bias_HLS is not None:
        scores_BHLS += jnp.broadcast_to(bias_HLS, scores_BHLS.shape)  # it may have a batch axis
    if softcap is not None:
        scores_BHLS = softcap * jnp.tanh(scores_BHLS / softcap)
    # `where`, in a form that keeps no array of the scores' size beside a scan over layers.
    return jnp.minimum(scores_BHLS, jnp.where(mask_B1LS, jnp.inf, MASKED_SCORE))


def _attend_forward(
    q_BHLK: jax.Array,
    k_BHSK: jax.Array,
    v_BHSK: jax.Array,
    bias_HLS: jax.Array | None,
    mask_B1LS: jax.Array,
    dropout_rate: float,
    seeds_2B: jax.Array | None,
    softcap: float | None,
) -> tuple[jax.Array, tuple[Any, ...]]:
    scores_BHLS = _scores(q_BHLK, k_BHSK, bias_HLS, mask_B1LS, softcap)
    max_BHL1 = jnp.max(scores_BHLS, axis=-1, keepdims=True)
    exp_BHLS = jnp.exp(scores_BHLS - max_BHL1)
    sum_BHL1 = jnp.sum(exp_BHLS, axis=-1, keepdims=True)
    # Before the division, which is the same: both only scale. The product then runs in the compute dtype.
    dropped_BHLS = dropout(exp_BHLS, dropout_rate, seeds_2B).astype(v_BHSK.dtype)
    # The division waits until after the product: K columns instead of S.
    out_BHLK = jnp.einsum("bhls,bhsk->bhlk", dropped_BHLS, v_BHSK, preferred_element_type=jnp.float32)
    out_BHLK = (out_BHLK / sum_BHL1).astype(v_BHSK.dtype)
    log_sum_BHL1 = jnp.log(sum_BHL1) + max_BHL1
    return out_BHLK, (q_BHLK, k_BHSK, v_BHSK, bias_HLS, mask_B1LS, seeds_2B, out_BHLK, log_sum_BHL1)


def _attend_backward(
    dropout_rate: float, softcap: float | None, residuals: tuple[Any, ...], g_BHLK: jax.Array
) -> tuple[jax.Array | None, ...]:
    q_BHLK, k_BHSK, v_BHSK, bias_HLS, mask_B1LS, seeds_2B, out_BHLK, log_sum_BHL1 = residuals
    dtype = q_BHLK.dtype
    scores_BHLS = _scores(q_BHLK, k_BHSK, bias_HLS, mask_B1LS, softcap)
    weights_BHLS = jnp.exp(scores_BHLS - log_sum_BHL1)
    dropped_BHLS = dropout(weights_BHLS, dropout_rate, seeds_2B).astype(dtype)
    # Products over L put the [L, S] matrix on the right, where it needs no transpose.
    dv_BHKS = jnp.einsum("bhkl,bhls->bhks", g_BHLK.swapaxes(2, 3), dropped_BHLS)

    g_weights_BHLS = jnp.einsum("bhlk,bhsk->bhls", g_BHLK, v_BHSK, preferred_element_type=jnp.float32)
    # The same seeds give the mask of the forward pass again.
    g_weights_BHLS = dropout(g_weights_BHLS, dropout_rate, seeds_2B)
    # The softmax's sum of weights times their gradients, taken over K numbers of the output and not S of the weights.
    row_sum_BHL1 = jnp.sum(g_BHLK.astype(jnp.float32) * out_BHLK.astype(jnp.float32), axis=-1, keepdims=True)
    # Where the mask hides a score its weight is 0, unless it hides the whole row, which then has no gradient.
    g_scores_BHLS = weights_BHLS * (g_weights_BHLS - row_sum_BHL1) * mask_B1LS
    if softcap is not None:  # tanh's slope, which a hidden score has none of; it would be far below -1 there
        g_scores_BHLS *= jnp.maximum(1.0 - jnp.square(scores_BHLS / softcap), 0.0)
    g_scores_BHLS = g_scores_BHLS.astype(dtype)
    dq_BHLK = jnp.einsum("bhls,bhsk->bhlk", g_scores_BHLS, k_BHSK)
    dk_BHKS = jnp.einsum("bhkl,bhls->bhks", q_BHLK.swapaxes(2, 3), g_scores_BHLS)
    dbias_HLS = None
    if bias_HLS is not None:
        # As a product with ones: XLA's CPU reduction over the leading axis is some 30 times slower.
        ones_B = jnp.ones(q_BHLK.shape[0], jnp.float32)
        dbias_HLS = jnp.einsum("b,bhls->hls", ones_B, g_scores_BHLS.astype(jnp.float32))
    no_gradient: tuple[Any, Any] = (np.zeros(mask_B1LS.shape, jax.dtypes.float0), None)
    if seeds_2B is not None:
        no_gradient = (no_gradient[0], np.zeros(seeds_2B.shape, jax.dtypes.float0))
    return dq_BHLK, dk_BHKS.swapaxes(2, 3), dv_BHKS.swapaxes(2, 3), dbias_HLS, *no_gradient


attend.defvjp(_attend_forward, _attend_backward)


class Attention(nn.Module):
    """Queries from one sequence, keys and values from the same or another."""

    config: T5Config

    def setup(self) -> None:
        config, dtype = self.config, self.config.compute_dtype
        axes = ("embed", "joined_kv")

        def query_init(key: jax.Array, shape: tuple[int, ...], dtype: jnp.dtype) -> jax.Array:
            # T5's place for 1 / sqrt(K): the same as scaling the scores under Adafactor, whose steps are relative to a
            # parameter's size (T5X).
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
        source_rows_B: jax.Array | None = None,
    ) -> jax.Array:
        """Attention of `x` over `source`, [B, L, D]; row b of `x` over row `source_rows_B[b]`, where that is given."""
        k_BHSK, v_BHSK = self.keys_and_values(source_BSD)
        if source_rows_B is not None:
            k_BHSK, v_BHSK = k_BHSK[source_rows_B], v_BHSK[source_rows_B]
        rate = self.config.dropout_rate
        return self.output(attend(self.queries(x_BLD), k_BHSK, v_BHSK, bias_HLS, mask_B1LS, rate, seeds_2B, None))

    def _split_heads(self, x_BLJ: jax.Array) -> jax.Array:
        # Heads before positions: the two products of attention then read contiguous matrices.
        x_BLHK = x_BLJ.reshape(*x_BLJ.shape[:2], self.config.num_heads, self.config.head_dim)
        return constrain(x_BLHK.swapaxes(1, 2), "batch", "activation_heads", "length", "activation_kv")
