"""A decoding loop's view of a model, encoder-decoder or decoder: a cache, the token to feed first, and a step.

Both kinds look the same: rows N = B * num_copies, the copies of a prompt side by side; each step feeds one token a row
and gives the logits of the next. An encoder-decoder starts with the start id; a decoder with its prompt's last token,
whose place in the cache is taken out again, so that no first logits have to be carried into the loop.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from flan_jax.core.errors import ConfigError
from flan_jax.core.vocabulary import PAD_ID
from flan_jax.models import DecodeCache, DecoderConfig, ModelConfig, Params, T5Config, encode
from flan_jax.models import decoder_incremental as decoder
from flan_jax.models import incremental as encoder_decoder

START_ID = PAD_ID
Cache = DecodeCache | decoder.DecoderCache

__all__ = [
    "START_ID",
    "Cache",
    "Started",
    "for_rows",
    "read_prompts",
    "reorder",
    "start",
    "start_from_encoded",
    "step",
]


class Started(NamedTuple):
    """params: with layers unstacked, for the loop. cache: over N rows. first_N: int32, the tokens to feed first."""

    params: Params
    cache: Cache
    first_N: jax.Array


def start(
    config: ModelConfig,
    params: Params,
    inputs_BL: jax.Array,
    lengths_B: jax.Array,
    max_decode_len: int,
    num_copies: int,
    prefix: decoder.DecoderCache | None,
) -> Started:
    """Reads the prompts, each once whatever `num_copies`; traceable. Arguments as in `generate`.

    Args:
      config: the model; static under `jit`.
      params: its parameters.
      inputs_BL: int32 prompts, from the left, ragged.
      lengths_B: int32, tokens of each prompt.
      max_decode_len: T, slots for generated tokens.
      prefix: what stands before every prompt (`cache_prefix`), of causal decoders; None for nothing.
    """
    if isinstance(config, DecoderConfig):
        return _start_decoder(config, params, inputs_BL, lengths_B, max_decode_len, num_copies, prefix)
    assert isinstance(config, T5Config)
    is_real_BL = decoder.real_tokens(lengths_B, inputs_BL.shape[1])
    encoded_BLD = encode(config, params, inputs_BL, is_real_BL.astype(jnp.int32))
    return start_from_encoded(config, params, encoded_BLD, is_real_BL, max_decode_len, num_copies)


def start_from_encoded(
    config: T5Config,
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
    params = encoder_decoder.unstack_decoder_layers(config, params)
    cache = encoder_decoder.init_decode_cache(config, params, encoded_BLD, mask_BL, max_decode_len, num_copies)
    return Started(params, cache, jnp.full((encoded_BLD.shape[0] * num_copies,), START_ID, jnp.int32))


def step(config: ModelConfig, params: Params, cache: Cache, tokens_N: jax.Array) -> tuple[jax.Array, Cache]:
    """Feeds one token a row; logits of the next one, float32 [N, V], and the cache after it.

    Args:
      config: the model; static under `jit`.
      params: its parameters.
      tokens_N: int32, the token of each row.
    """
    if isinstance(cache, DecodeCache):
        assert isinstance(config, T5Config)
        return encoder_decoder.decode_step(config, params, cache, tokens_N)
    assert isinstance(config, DecoderConfig)
    return decoder.step(config, params, cache, tokens_N)


def reorder(cache: Cache, rows_N: jax.Array) -> Cache:
    """The cache whose row r was row `rows_N[r]`, which must be a copy of the same prompt."""
    if isinstance(cache, DecodeCache):
        return encoder_decoder.reorder_copies(cache, rows_N)
    return decoder.take_rows(cache, rows_N)


def _start_decoder(
    config: DecoderConfig,
    params: Params,
    inputs_BL: jax.Array,
    lengths_B: jax.Array,
    max_decode_len: int,
    num_copies: int,
    prefix: decoder.DecoderCache | None,
) -> Started:
    # - 1: the last generated token is never fed.
    num_positions = inputs_BL.shape[1] + max_decode_len - 1
    if config.position == "learned" and num_positions > config.max_positions:
        raise ConfigError(
            f"prompts of {num_positions - max_decode_len + 1} tokens, padding included, and {max_decode_len} generated "
            f"ones need {num_positions} positions, the model has {config.max_positions}: shorten either"
        )
    cache, last_B = read_prompts(config, params, inputs_BL, lengths_B, prefix)
    rows_N = jnp.repeat(jnp.arange(inputs_BL.shape[0], dtype=jnp.int32), num_copies)
    params = decoder.unstack_layers(config, params)  # for the loop alone: prompts compile faster as a scan
    return Started(params, for_rows(cache, rows_N, max_decode_len), last_B[rows_N])


def read_prompts(
    config: DecoderConfig,
    params: Params,
    inputs_BL: jax.Array,
    lengths_B: jax.Array,
    prefix: decoder.DecoderCache | None,
) -> tuple[decoder.DecoderCache, jax.Array]:
    """A decoder's cache of all but each prompt's last token, and these tokens, [B], which are to be fed next.

    Args:
      config: the model; static under `jit`.
      params: its parameters.
      inputs_BL: int32 prompts, from the left, ragged.
      lengths_B: int32, tokens of each prompt.
      prefix: what stands before every prompt (`cache_prefix`), of causal decoders; None for nothing.
    """
    batch_size, length = inputs_BL.shape
    if prefix is None:
        _, cache = decoder.prefill(config, params, inputs_BL, lengths_B, length)
    else:
        cache = decoder.after_prefix(config, prefix, batch_size, length)
        _, cache = decoder.extend(config, params, cache, inputs_BL, lengths_B)
    last_B = jnp.take_along_axis(inputs_BL, jnp.maximum(lengths_B - 1, 0)[:, None], axis=1)[:, 0]
    return _without_last(cache), last_B


def for_rows(cache: decoder.DecoderCache, rows_N: jax.Array, num_new_slots: int) -> decoder.DecoderCache:
    """A decoder's cache of prompts `rows_N`, with `num_new_slots` empty slots at its end."""
    cache = decoder.take_rows(cache, rows_N)
    slot_positions_BS = jnp.pad(cache.slot_positions_BS, ((0, 0), (0, num_new_slots)), constant_values=-1)
    layers = jax.tree.map(lambda x_BGSK: jnp.pad(x_BGSK, ((0, 0), (0, 0), (0, num_new_slots), (0, 0))), cache.layers)
    return cache._replace(slot_positions_BS=slot_positions_BS, layers=layers)


def _without_last(cache: decoder.DecoderCache) -> decoder.DecoderCache:
    """The cache without each row's last token; its slot stays unused."""
    last_B1 = cache.next_positions_B[:, None] - 1
    slot_positions_BS = jnp.where(cache.slot_positions_BS == last_B1, -1, cache.slot_positions_BS)
    return cache._replace(
        next_positions_B=jnp.maximum(cache.next_positions_B - 1, 0), slot_positions_BS=slot_positions_BS
    )
