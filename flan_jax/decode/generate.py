"""The one way to generate: any model, any method, under one jit."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

from flan_jax.core.errors import ConfigError
from flan_jax.decode.beam import run_beams
from flan_jax.decode.choose import sample_tokens
from flan_jax.decode.families import decoding_of
from flan_jax.decode.greedy import likeliest
from flan_jax.decode.loop import Generation, run_rows
from flan_jax.decode.methods import AT_EOS, GREEDY, BeamSearch, Method, Sampling, Stop
from flan_jax.models import DecoderConfig, ModelConfig, Params
from flan_jax.models.decoder_incremental import DecoderCache, prefill

__all__ = ["cache_prefix", "check_prefix", "generate"]


@functools.partial(jax.jit, static_argnames=("config", "max_decode_len", "method", "stop"))
def generate(
    config: ModelConfig,
    params: Params,
    inputs_BL: jax.Array,
    lengths_B: jax.Array,
    limits_B: jax.Array,
    max_decode_len: int,
    method: Method = GREEDY,
    *,
    stop: Stop = AT_EOS,
    key: jax.Array | None = None,
    row_ids_B: jax.Array | None = None,
    prefix: DecoderCache | None = None,
) -> Generation:
    """Generations of every prompt, `method.num_outputs` each, all rows at once until the last one has ended.

    A prompt is read once, whatever the number of generations; each row stops by itself. The result of a row depends
    neither on its batch mates nor on the mesh, up to the rounding of sums.

    Args:
      config: the model; static, as are `max_decode_len`, `method` and `stop`: each (B, L, T) compiles once.
      params: the model's parameters, sharded or not.
      inputs_BL: int32 prompts, from the left, ragged; as the model is to read them (an encoder's end in EOS).
      lengths_B: int32, tokens of each prompt, at least 1 for a decoder; what lies beyond is not read.
      limits_B: int32, most tokens a generation may have, at most T; rows with limit 0 fill the batch and are done from
        the start. The loop ends with the last row, so batches of rows with like limits waste least.
      max_decode_len: T, the width of the result.
      method: `Greedy`, `Sampling` or `BeamSearch`.
      stop: what ends a row before its limit.
      key: a `jax.random` key, for `Sampling`.
      row_ids_B: int32, each prompt's number, of which (with `key`) its samples are a function; 0..B-1 by default.
      prefix: from `cache_prefix`, for a decoder: what stands before every prompt. How many of its slots are tokens is
        not known here, so that it is the caller who sees to it that all fits a model with learned positions.
    """
    num_outputs = method.num_outputs
    if prefix is not None:
        check_prefix(config)
    started = decoding_of(config).start(config, params, inputs_BL, lengths_B, max_decode_len, num_outputs, prefix)
    if isinstance(method, BeamSearch):
        return run_beams(config, started, limits_B, max_decode_len, stop, method)
    choose = likeliest
    if isinstance(method, Sampling):
        if key is None:
            raise ConfigError("sampling without a key: give `key`, such as jax.random.key(0)")
        row_ids_B = jnp.arange(inputs_BL.shape[0], dtype=jnp.int32) if row_ids_B is None else row_ids_B
        keys_N = _row_keys(key, row_ids_B, num_outputs)

        def choose(logits_NV: jax.Array, step: jax.Array) -> jax.Array:
            return sample_tokens(logits_NV, method, keys_N, step)

    rows = run_rows(config, started, jnp.repeat(limits_B, num_outputs), max_decode_len, stop, choose)
    tokens_BMT, log_probs_BM, num_tokens_BM, finished_BM = (
        array.reshape(-1, num_outputs, *array.shape[1:]) for array in rows
    )
    return Generation(tokens_BMT, log_probs_BM, log_probs_BM, num_tokens_BM, finished_BM)


@functools.partial(jax.jit, static_argnames=("config",))
def cache_prefix(config: DecoderConfig, params: Params, tokens_L: jax.Array, length: jax.Array | int) -> DecoderCache:
    """The cache of a text that stands before many prompts, such as the exemplars of a few-shot task: read once.

    Args:
      config: a decoder with causal attention, since a prefix LM's prompt reads itself both ways.
      params: its parameters.
      tokens_L: int32, from the left; each L compiles once, and what reads the cache too, so pad to a few lengths.
      length: int32, tokens of the text, at least 1; what lies beyond is not read.
    """
    check_prefix(config)
    _, cache = prefill(config, params, tokens_L[None], jnp.reshape(length, (1,)), tokens_L.shape[0])
    return cache


def check_prefix(config: ModelConfig) -> None:
    """Raises `ConfigError` for a model that cannot share a prefix of its prompts."""
    if config.has_encoder:
        raise ConfigError(
            "an encoder-decoder reads its prompt both ways, so no prefix of it can be shared: leave it out"
        )
    if not config.is_causal:
        raise ConfigError(
            f"a {type(config).__name__} that is not causal reads a prompt both ways, so no prefix of it can be shared: "
            f"give whole prompts, or a model with attention 'causal'"
        )


def _row_keys(key: jax.Array, row_ids_B: jax.Array, num_samples: int) -> jax.Array:
    """A key for each sample of each row, [B * num_samples]."""
    samples_M = jnp.arange(num_samples)
    fold = jax.random.fold_in
    # A key a row by its number, and not one key split over the batch: a sample does not know its batch.
    keys_BM = jax.vmap(lambda row: jax.vmap(lambda sample: fold(fold(key, row), sample))(samples_M))(row_ids_B)
    return keys_BM.reshape(-1)
