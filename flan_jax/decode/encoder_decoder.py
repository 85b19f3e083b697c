"""Decoding with an encoder-decoder, T5 or of a decoder's layers: the encoder reads the prompt, and the decoder begins
with the start id."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from flan_jax.core.vocabulary import PAD_ID
from flan_jax.decode.choose import log_probs_of_answers
from flan_jax.decode.families import Started
from flan_jax.models import DecodeCache, EncoderDecoderConfig, Params, T5Config, decode_teacher_forced, encode
from flan_jax.models.decoder_incremental import real_tokens
from flan_jax.models.incremental import reorder_copies, unstack_decoder_layers

START_ID = PAD_ID  # T5's
Config = T5Config | EncoderDecoderConfig
# Whose one-position step is where, by family: modules by name, as in `flan_jax.models.family`.
_INCREMENTAL: Mapping[str, str] = {
    "t5": "flan_jax.models.incremental",
    "encoder_decoder": "flan_jax.models.encoder_decoder_incremental",
}

__all__ = ["START_ID", "answer_scores", "reorder", "start", "start_from_encoded", "step"]


def start(
    config: Config,
    params: Params,
    inputs_BL: jax.Array,
    lengths_B: jax.Array,
    max_decode_len: int,
    num_copies: int,
    prefix: None = None,
) -> Started:
    """See `Decoding.start`; no prefix of what an encoder reads both ways can be shared.

    Args:
      config, params, inputs_BL, lengths_B, max_decode_len, num_copies: as there.
      prefix: None.
    """
    is_real_BL = real_tokens(lengths_B, inputs_BL.shape[1])
    encoded_BLD = encode(config, params, inputs_BL, is_real_BL.astype(jnp.int32))
    return start_from_encoded(config, params, encoded_BLD, is_real_BL, max_decode_len, num_copies)


def start_from_encoded(
    config: Config,
    params: Params,
    encoded_BLD: jax.Array,
    mask_BL: jax.Array,
    max_decode_len: int,
    num_copies: int = 1,
) -> Started:
    """`start` of an encoder-decoder after its encoder; traceable.

    Args:
      config: the model; static under `jit`.
      params: its parameters.
      encoded_BLD: the encoder's output.
      mask_BL: bool, where it stands for a token.
      max_decode_len: T, slots for generated tokens.
      num_copies: rows of each prompt: its samples or beams.
    """
    incremental = _incremental(config)
    params = unstack_decoder_layers(params)
    cache = incremental.init_decode_cache(config, params, encoded_BLD, mask_BL, max_decode_len, num_copies)
    return Started(params, cache, jnp.full((encoded_BLD.shape[0] * num_copies,), _start_id(config), jnp.int32))


def step(config: Config, params: Params, cache: DecodeCache, tokens_N: jax.Array) -> tuple[jax.Array, DecodeCache]:
    """See `Decoding.step`.

    Args:
      config, params, cache, tokens_N: as there.
    """
    logits_NV, cache = _incremental(config).decode_step(config, params, cache, tokens_N)
    return logits_NV, cache


def reorder(cache: DecodeCache, rows_N: jax.Array) -> DecodeCache:
    """See `Decoding.reorder`."""
    return reorder_copies(cache, rows_N)


def answer_scores(
    config: Config,
    params: Params,
    inputs_BL: jax.Array,
    input_lengths_B: jax.Array | None,
    prompt_R: jax.Array,
    targets_RT: jax.Array,
    prefix: None = None,
) -> tuple[jax.Array, jax.Array]:
    """See `Decoding.answer_scores`: all tokens of the answers at once, teacher forced.

    Args:
      config, params, inputs_BL, input_lengths_B, prompt_R, targets_RT: as there.
      prefix: None.
    """
    mask_BL = inputs_BL != PAD_ID
    if input_lengths_B is not None:
        mask_BL = real_tokens(input_lengths_B, inputs_BL.shape[1])
    encoded_BLD = encode(config, params, inputs_BL, mask_BL.astype(jnp.int32))
    shifted_RT = jnp.concatenate([jnp.full_like(prompt_R, _start_id(config))[:, None], targets_RT[:, :-1]], axis=1)
    logits_RTV = decode_teacher_forced(config, params, encoded_BLD, mask_BL, shifted_RT, prompt_R)
    return log_probs_of_answers(logits_RTV, targets_RT)


def _incremental(config: Config) -> Any:
    return importlib.import_module(_INCREMENTAL[config.family])


def _start_id(config: Config) -> int:
    return START_ID if isinstance(config, T5Config) else config.start_id
