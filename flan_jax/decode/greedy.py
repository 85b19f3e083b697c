"""Greedy generation under one jit: encode, then one decoder position at a time until every row has ended."""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from flan_jax.core.vocab import EOS_ID, PAD_ID
from flan_jax.models import (
    DecodeCache,
    Params,
    T5Config,
    decode_step,
    encode,
    init_decode_cache,
    unstack_decoder_layers,
)

START_ID = PAD_ID

__all__ = ["START_ID", "Generation", "greedy_decode", "greedy_from_encoded"]


class Generation(NamedTuple):
    """tokens_BT: int32, PAD_ID after EOS. log_probs_B: float32 nats, summed over the generated tokens, EOS included.
    num_tokens_B: int32, EOS included. finished_B: whether the row ended in EOS rather than at its limit."""

    tokens_BT: jax.Array
    log_probs_B: jax.Array
    num_tokens_B: jax.Array
    finished_B: jax.Array


class _State(NamedTuple):
    step: jax.Array
    last_B: jax.Array
    is_open_B: jax.Array
    tokens_BT: jax.Array
    log_probs_B: jax.Array
    cache: DecodeCache


@functools.partial(jax.jit, static_argnums=(0, 4))
def greedy_decode(
    config: T5Config,
    params: Params,
    inputs_BL: jax.Array,
    limits_B: jax.Array,
    max_decode_len: int,
) -> Generation:
    """The likeliest token at every step, all rows at once.

    Args:
      config: the model; static, as is `max_decode_len` = T, so each (B, L, T) compiles once.
      params: the model's parameters, sharded or not.
      inputs_BL: int32 prompts, each ending in EOS, PAD_ID after it; padding is not attended to.
      limits_B: int32, most tokens each row may generate, at most T; a row with limit 0 (padding of the batch) is done
        from the start. The loop ends with the last row, so batches of rows with like limits waste least.
      max_decode_len: T, the width of the result.
    """
    mask_BL = inputs_BL != PAD_ID
    encoded_BLD = encode(config, params, inputs_BL)
    return greedy_from_encoded(config, params, encoded_BLD, mask_BL, limits_B, max_decode_len)


def greedy_from_encoded(
    config: T5Config,
    params: Params,
    encoded_BLD: jax.Array,
    mask_BL: jax.Array,
    limits_B: jax.Array,
    max_decode_len: int,
) -> Generation:
    """`greedy_decode` after its encoder; traceable."""
    batch_size = encoded_BLD.shape[0]
    limits_B = jnp.minimum(limits_B, max_decode_len)
    params = unstack_decoder_layers(config, params)

    def is_unfinished(state: _State) -> jax.Array:
        return jnp.any(state.is_open_B)

    def extend(state: _State) -> _State:
        logits_BV, cache = decode_step(config, params, state.cache, state.last_B)
        best_B = jnp.argmax(logits_BV, axis=-1).astype(jnp.int32)
        best_log_prob_B = jnp.max(logits_BV, axis=-1) - jax.nn.logsumexp(logits_BV, axis=-1)
        token_B = jnp.where(state.is_open_B, best_B, PAD_ID)
        tokens_BT = jax.lax.dynamic_update_slice_in_dim(state.tokens_BT, token_B[:, None], state.step, axis=1)
        log_probs_B = state.log_probs_B + jnp.where(state.is_open_B, best_log_prob_B, 0.0)
        is_open_B = state.is_open_B & (best_B != EOS_ID) & (state.step + 1 < limits_B)
        return _State(state.step + 1, token_B, is_open_B, tokens_BT, log_probs_B, cache)

    first = _State(
        step=jnp.zeros((), jnp.int32),
        last_B=jnp.full((batch_size,), START_ID, jnp.int32),
        is_open_B=limits_B > 0,
        tokens_BT=jnp.full((batch_size, max_decode_len), PAD_ID, jnp.int32),
        log_probs_B=jnp.zeros((batch_size,), jnp.float32),
        cache=init_decode_cache(config, params, encoded_BLD, mask_BL, max_decode_len),
    )
    last = jax.lax.while_loop(is_unfinished, extend, first)
    # PAD_ID can be generated before EOS, so tokens are counted by position: all up to EOS, or up to the limit.
    is_eos_BT = last.tokens_BT == EOS_ID
    finished_B = jnp.any(is_eos_BT, axis=1)
    num_tokens_B = jnp.where(finished_B, jnp.argmax(is_eos_BT, axis=1).astype(jnp.int32) + 1, limits_B)
    return Generation(last.tokens_BT, last.log_probs_B, num_tokens_B, finished_B)
