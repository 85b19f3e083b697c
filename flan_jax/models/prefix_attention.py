"""Attention of many rows over one shared prefix and each over its own keys: what a few-shot task's questions do."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from flan_jax.models.attention import MASKED_SCORE

__all__ = ["attend_with_prefix"]


def attend_with_prefix(
    q_BHLK: jax.Array,
    prefix_k_GPK: jax.Array,
    prefix_v_GPK: jax.Array,
    k_BGSK: jax.Array,
    v_BGSK: jax.Array,
    bias_BHLC: jax.Array | None,
    mask_B1LC: jax.Array,
    softcap: float | None,
) -> jax.Array:
    """`attention.attend` over the prefix's keys followed by the row's own, C = P + S; [B, H, L, K].

    The prefix is there once: all rows' queries meet it in one matrix product, where a copy a row would be read anew for
    each. G heads of keys serve H / G query heads each. For inference: no dropout, no gradient of its own.

    Args:
      q_BHLK: queries.
      prefix_k_GPK: the prefix's keys.
      prefix_v_GPK: the prefix's values.
      k_BGSK: each row's own keys.
      v_BGSK: each row's own values.
      bias_BHLC: position bias; None for a model without one.
      mask_B1LC: bool, which keys a query sees.
      softcap: see `attention.attend`.
    """
    batch_size, num_heads, length, head_dim = q_BHLK.shape
    num_groups, num_prefix = prefix_k_GPK.shape[:2]
    q_BGMK = q_BHLK.reshape(batch_size, num_groups, -1, head_dim)  # M: members of a group times L
    prefix_BGMP = jnp.einsum("bgmk,gpk->bgmp", q_BGMK, prefix_k_GPK, preferred_element_type=jnp.float32)
    own_BGMS = jnp.einsum("bgmk,bgsk->bgms", q_BGMK, k_BGSK, preferred_element_type=jnp.float32)
    scores_BHLC = jnp.concatenate([prefix_BGMP, own_BGMS], axis=-1).reshape(batch_size, num_heads, length, -1)
    if bias_BHLC is not None:
        scores_BHLC += bias_BHLC
    if softcap is not None:
        scores_BHLC = softcap * jnp.tanh(scores_BHLC / softcap)
    scores_BHLC = jnp.minimum(scores_BHLC, jnp.where(mask_B1LC, jnp.inf, MASKED_SCORE))
    exp_BHLC = jnp.exp(scores_BHLC - jnp.max(scores_BHLC, axis=-1, keepdims=True))
    sum_BHL1 = jnp.sum(exp_BHLC, axis=-1, keepdims=True)
    exp_BGMC = exp_BHLC.reshape(batch_size, num_groups, -1, exp_BHLC.shape[-1]).astype(v_BGSK.dtype)
    out_BGMK = jnp.einsum(
        "bgmp,gpk->bgmk", exp_BGMC[..., :num_prefix], prefix_v_GPK, preferred_element_type=jnp.float32
    ) + jnp.einsum("bgms,bgsk->bgmk", exp_BGMC[..., num_prefix:], v_BGSK, preferred_element_type=jnp.float32)
    return (out_BGMK.reshape(q_BHLK.shape) / sum_BHL1).astype(v_BGSK.dtype)
