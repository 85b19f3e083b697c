"""Decoding with a decoder-only model: it reads all of a prompt but its last token, which is the first to be fed."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from flan_jax.core.errors import ConfigError
from flan_jax.decode.choose import log_probs_of_answers
from flan_jax.decode.families import Started
from flan_jax.models import DecoderConfig, Params
from flan_jax.models import decoder_incremental as decoder
from flan_jax.models.decoder_incremental import DecoderCache, step
from flan_jax.models.decoder_incremental import take_rows as reorder

__all__ = ["answer_scores", "reorder", "start", "step"]


def start(
    config: DecoderConfig,
    params: Params,
    inputs_BL: jax.Array,
    lengths_B: jax.Array,
    max_decode_len: int,
    num_copies: int,
    prefix: DecoderCache | None,
) -> Started:
    """See `Decoding.start`. The first token to feed is the prompt's last, whose place in the cache is taken out again:
    so no first logits have to be carried into the loop.

    Args:
      config, params, inputs_BL, lengths_B, max_decode_len, num_copies, prefix: as there.
    """
    # - 1: the last generated token is never fed.
    num_positions = inputs_BL.shape[1] + max_decode_len - 1
    if config.position == "learned" and num_positions > config.max_positions:
        raise ConfigError(
            f"prompts of {num_positions - max_decode_len + 1} tokens, padding included, and {max_decode_len} generated "
            f"ones need {num_positions} positions, the model has {config.max_positions}: shorten either"
        )
    cache, last_B = _read_prompts(config, params, inputs_BL, lengths_B, prefix)
    rows_N = jnp.repeat(jnp.arange(inputs_BL.shape[0], dtype=jnp.int32), num_copies)
    params = decoder.unstack_layers(config, params)  # for the loop alone: prompts compile faster as a scan
    return Started(params, _for_rows(cache, rows_N, max_decode_len), last_B[rows_N])


def answer_scores(
    config: DecoderConfig,
    params: Params,
    inputs_BL: jax.Array,
    input_lengths_B: jax.Array | None,
    prompt_R: jax.Array,
    targets_RT: jax.Array,
    prefix: DecoderCache | None,
) -> tuple[jax.Array, jax.Array]:
    """See `Decoding.answer_scores`. Raises `ConfigError` without the prompts' lengths.

    Args:
      config, params, inputs_BL, prompt_R, targets_RT, prefix: as there.
      input_lengths_B: int32, tokens of each prompt.
    """
    if input_lengths_B is None:
        raise ConfigError("a decoder's prompts need their lengths, as its vocabulary may use id 0: give them")
    num_answers, num_tokens = targets_RT.shape
    if num_tokens == 1:  # all answers of a prompt are entries of one distribution
        logits_BV = _next_logits(config, params, inputs_BL, input_lengths_B, prefix)
        log_probs_BV = jax.nn.log_softmax(logits_BV, axis=-1)
        likeliest_B = jnp.argmax(logits_BV, axis=-1)
        return log_probs_BV[prompt_R[:, None], targets_RT], likeliest_B[prompt_R[:, None]] == targets_RT
    cache, last_B = _read_prompts(config, params, inputs_BL, input_lengths_B, prefix)
    cache = _for_rows(cache, prompt_R, num_tokens)
    # Padding behind an answer may pass for tokens: nothing of the answer sees what comes after it.
    everywhere_RT = jnp.ones((num_answers, num_tokens), bool)
    shifted_RT = jnp.concatenate([last_B[prompt_R][:, None], targets_RT[:, :-1]], axis=1)
    logits_RTV, _ = decoder.extend(config, params, cache, shifted_RT, everywhere_RT)
    return log_probs_of_answers(logits_RTV, targets_RT)


def _next_logits(
    config: DecoderConfig,
    params: Params,
    inputs_BL: jax.Array,
    input_lengths_B: jax.Array,
    prefix: DecoderCache | None,
) -> jax.Array:
    """After each prompt, float32 [B, V]."""
    batch_size, length = inputs_BL.shape
    if prefix is None:
        return decoder.prefill(config, params, inputs_BL, input_lengths_B, length)[0]
    cache = decoder.after_prefix(config, prefix, batch_size, length)
    return decoder.extend_last(config, params, cache, inputs_BL, input_lengths_B)[0]


def _read_prompts(
    config: DecoderConfig,
    params: Params,
    inputs_BL: jax.Array,
    lengths_B: jax.Array,
    prefix: DecoderCache | None,
) -> tuple[DecoderCache, jax.Array]:
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


def _for_rows(cache: DecoderCache, rows_N: jax.Array, num_new_slots: int) -> DecoderCache:
    """A decoder's cache of prompts `rows_N`, with `num_new_slots` empty slots at its end."""
    cache = decoder.take_rows(cache, rows_N)
    slot_positions_BS = jnp.pad(cache.slot_positions_BS, ((0, 0), (0, num_new_slots)), constant_values=-1)
    layers = jax.tree.map(lambda x_BGSK: jnp.pad(x_BGSK, ((0, 0), (0, 0), (0, num_new_slots), (0, 0))), cache.layers)
    return cache._replace(slot_positions_BS=slot_positions_BS, layers=layers)


def _without_last(cache: DecoderCache) -> DecoderCache:
    """The cache without each row's last token; its slot stays unused."""
    last_B1 = cache.next_positions_B[:, None] - 1
    slot_positions_BS = jnp.where(cache.slot_positions_BS == last_B1, -1, cache.slot_positions_BS)
    return cache._replace(
        next_positions_B=jnp.maximum(cache.next_positions_B - 1, 0), slot_positions_BS=slot_positions_BS
    )
