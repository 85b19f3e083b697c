"""Greedy generations of an encoder-decoder without the axis of `generate` for several a prompt."""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from flan_jax.core.vocabulary import PAD_ID
from flan_jax.decode.encoder_decoder import START_ID, start_from_encoded
from flan_jax.decode.loop import run_rows
from flan_jax.decode.methods import AT_EOS
from flan_jax.models import Params, T5Config, encode

__all__ = ["START_ID", "GreedyGeneration", "greedy_decode", "greedy_from_encoded"]


class GreedyGeneration(NamedTuple):
    """tokens_BT: int32, PAD_ID after EOS. log_probs_B: float32 nats, summed over the generated tokens, EOS included.
    num_tokens_B: int32, EOS included. finished_B: whether the row ended in EOS rather than at its limit."""

    tokens_BT: jax.Array
    log_probs_B: jax.Array
    num_tokens_B: jax.Array
    finished_B: jax.Array


@functools.partial(jax.jit, static_argnums=(0, 4))
def greedy_decode(
    config: T5Config,
    params: Params,
    inputs_BL: jax.Array,
    limits_B: jax.Array,
    max_decode_len: int,
) -> GreedyGeneration:
    """The likeliest token at every step, all rows at once.

    Args:
      config: the model; static, as is `max_decode_len` = T, so each (B, L, T) compiles once.
      params: the model's parameters, sharded or not.
      inputs_BL: int32 prompts, each ending in EOS, PAD_ID after it; padding is not attended to.
      limits_B: int32, most tokens each row may generate, at most T; a row with limit 0 (padding of the batch) is done
        from the start. The loop ends with the last row, so batches of rows with like limits waste least.
      max_decode_len: T, the width of the result.
    """
    encoded_BLD = encode(config, params, inputs_BL)
    return greedy_from_encoded(config, params, encoded_BLD, inputs_BL != PAD_ID, limits_B, max_decode_len)


def greedy_from_encoded(
    config: T5Config,
    params: Params,
    encoded_BLD: jax.Array,
    mask_BL: jax.Array,
    limits_B: jax.Array,
    max_decode_len: int,
) -> GreedyGeneration:
    """`greedy_decode` after its encoder; traceable.

    Args:
      config: the model; static under `jit`.
      params: its parameters.
      encoded_BLD: the encoder's output.
      mask_BL: bool, where it stands for a token.
      limits_B: int32, most tokens that a prompt's generations may have.
      max_decode_len: T, slots for generated tokens.
    """
    started = start_from_encoded(config, params, encoded_BLD, mask_BL, max_decode_len)
    return GreedyGeneration(*run_rows(config, started, limits_B, max_decode_len, AT_EOS, likeliest))


def likeliest(logits_NV: jax.Array, step: jax.Array) -> jax.Array:
    """The token of the highest logit, int32 [N]; of equal ones the lowest id."""
    del step
    return jnp.argmax(logits_NV, axis=-1).astype(jnp.int32)
