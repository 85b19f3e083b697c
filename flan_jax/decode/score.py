"""Log-likelihoods of given answers: what ranking answer options needs."""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from flan_jax.core.errors import ConfigError
from flan_jax.core.vocabulary import PAD_ID
from flan_jax.decode.choose import log_probs_of
from flan_jax.decode.generate import check_prefix
from flan_jax.decode.start import START_ID, for_rows, read_prompts
from flan_jax.models import DecoderConfig, ModelConfig, Params, T5Config, decode_teacher_forced, encode
from flan_jax.models import decoder_incremental as decoder

__all__ = ["TargetScores", "score_and_compare", "score_targets"]


class TargetScores(NamedTuple):
    """log_probs_R: float32 nats, as `score_targets`. is_greedy_R: whether each token of the answer is the likeliest one
    where it stands, so that greedy decoding would give the answer."""

    log_probs_R: jax.Array
    is_greedy_R: jax.Array


@functools.partial(jax.jit, static_argnums=0)
def score_targets(
    config: ModelConfig,
    params: Params,
    inputs_BL: jax.Array,
    prompt_R: jax.Array,
    targets_RT: jax.Array,
    lengths_R: jax.Array,
    *,
    input_lengths_B: jax.Array | None = None,
    prefix: decoder.DecoderCache | None = None,
) -> jax.Array:
    """Sum of log P(target tokens | prompt), float32 [R], nats.

    A prompt with several answers is read once: row r of `targets_RT` answers prompt `prompt_R[r]`. Answers of one token
    cost a decoder nothing beside their prompts.

    Args:
      config: the model; static.
      params: the model's parameters.
      inputs_BL: int32 prompts from the left, as the model is to read them (an encoder's end in EOS), then PAD_ID.
      prompt_R: int32 in [0, B).
      targets_RT: int32 answers, then PAD_ID; they end in EOS if its probability is to count.
      lengths_R: int32, tokens of each answer, EOS included; 0 for a row that pads the batch, which scores 0.
      input_lengths_B: int32, tokens of each prompt. A decoder needs it, whose vocabulary may use id 0, and at least one
        token a prompt; an encoder-decoder counts the tokens before PAD_ID without it.
      prefix: from `cache_prefix`, for a decoder: what stands before every prompt.
    """
    scores: TargetScores = score_and_compare(
        config, params, inputs_BL, prompt_R, targets_RT, lengths_R, input_lengths_B=input_lengths_B, prefix=prefix
    )
    return scores.log_probs_R


@functools.partial(jax.jit, static_argnums=0)
def score_and_compare(
    config: ModelConfig,
    params: Params,
    inputs_BL: jax.Array,
    prompt_R: jax.Array,
    targets_RT: jax.Array,
    lengths_R: jax.Array,
    *,
    input_lengths_B: jax.Array | None = None,
    prefix: decoder.DecoderCache | None = None,
) -> TargetScores:
    """`score_targets`, and whether greedy decoding would give each answer; arguments as there.

    Args:
      config: the model; static under `jit`.
      params: its parameters.
      inputs_BL: int32 prompts, from the left, ragged.
      prompt_R: int32, the prompt of each answer.
      targets_RT: int32 answers.
      lengths_R: int32, tokens of each answer.
      input_lengths_B: int32, tokens of each prompt; None where padding tells them.
      prefix: what stands before every prompt (`cache_prefix`), of causal decoders; None for nothing.
    """
    if prefix is not None:
        check_prefix(config)
    is_real_RT = jnp.arange(targets_RT.shape[1])[None, :] < lengths_R[:, None]
    if isinstance(config, DecoderConfig):
        if input_lengths_B is None:
            raise ConfigError("a decoder's prompts need their lengths, as its vocabulary may use id 0: give them")
        each = _decoder_scores(config, params, inputs_BL, input_lengths_B, prompt_R, targets_RT, prefix)
        return _over_tokens(*each, is_real_RT)
    assert isinstance(config, T5Config)
    mask_BL = inputs_BL != PAD_ID
    if input_lengths_B is not None:
        mask_BL = decoder.real_tokens(input_lengths_B, inputs_BL.shape[1])
    encoded_BLD = encode(config, params, inputs_BL, mask_BL.astype(jnp.int32))
    first_R = jnp.full_like(prompt_R, START_ID)
    logits_RTV = decode_teacher_forced(config, params, encoded_BLD, mask_BL, _shifted(first_R, targets_RT), prompt_R)
    return _over_tokens(*_each(logits_RTV, targets_RT), is_real_RT)


def _over_tokens(log_probs_RT: jax.Array, is_likeliest_RT: jax.Array, is_real_RT: jax.Array) -> TargetScores:
    # `where`, since a padding token's log-probability may be -inf, of which 0 times is not a number.
    log_probs_R = jnp.sum(jnp.where(is_real_RT, log_probs_RT, 0.0), axis=1)
    return TargetScores(log_probs_R, jnp.all(is_likeliest_RT | ~is_real_RT, axis=1))


def _decoder_scores(
    config: DecoderConfig,
    params: Params,
    inputs_BL: jax.Array,
    input_lengths_B: jax.Array,
    prompt_R: jax.Array,
    targets_RT: jax.Array,
    prefix: decoder.DecoderCache | None,
) -> tuple[jax.Array, jax.Array]:
    """Of each answer token log P and whether none is likelier, [R, T] twice."""
    num_answers, num_tokens = targets_RT.shape
    if num_tokens == 1:  # all answers of a prompt are entries of one distribution
        logits_BV = _next_logits(config, params, inputs_BL, input_lengths_B, prefix)
        log_probs_BV = jax.nn.log_softmax(logits_BV, axis=-1)
        likeliest_B = jnp.argmax(logits_BV, axis=-1)
        return log_probs_BV[prompt_R[:, None], targets_RT], likeliest_B[prompt_R[:, None]] == targets_RT
    cache, last_B = read_prompts(config, params, inputs_BL, input_lengths_B, prefix)
    cache = for_rows(cache, prompt_R, num_tokens)
    # Padding behind an answer may pass for tokens: nothing of the answer sees what comes after it.
    everywhere_RT = jnp.ones((num_answers, num_tokens), bool)
    logits_RTV, _ = decoder.extend(config, params, cache, _shifted(last_B[prompt_R], targets_RT), everywhere_RT)
    return _each(logits_RTV, targets_RT)


def _next_logits(
    config: DecoderConfig,
    params: Params,
    inputs_BL: jax.Array,
    input_lengths_B: jax.Array,
    prefix: decoder.DecoderCache | None,
) -> jax.Array:
    """After each prompt, float32 [B, V]."""
    batch_size, length = inputs_BL.shape
    if prefix is None:
        return decoder.prefill(config, params, inputs_BL, input_lengths_B, length)[0]
    cache = decoder.after_prefix(config, prefix, batch_size, length)
    return decoder.extend_last(config, params, cache, inputs_BL, input_lengths_B)[0]


def _shifted(first_R: jax.Array, targets_RT: jax.Array) -> jax.Array:
    return jnp.concatenate([first_R[:, None], targets_RT[:, :-1]], axis=1)


def _each(logits_RTV: jax.Array, targets_RT: jax.Array) -> tuple[jax.Array, jax.Array]:
    flat_N = log_probs_of(logits_RTV.reshape(-1, logits_RTV.shape[-1]), targets_RT.reshape(-1))
    return flat_N.reshape(targets_RT.shape), jnp.argmax(logits_RTV, axis=-1) == targets_RT
