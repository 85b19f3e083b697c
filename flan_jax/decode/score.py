"""Log-likelihoods of given answers: what ranking answer options needs."""

from __future__ import annotations

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from flan_jax.decode.families import decoding_of
from flan_jax.decode.generate import check_prefix
from flan_jax.models import ModelConfig, Params
from flan_jax.models.decoder_incremental import DecoderCache

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
    prefix: DecoderCache | None = None,
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
    prefix: DecoderCache | None = None,
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
    log_probs_RT, is_likeliest_RT = decoding_of(config).answer_scores(
        config, params, inputs_BL, input_lengths_B, prompt_R, targets_RT, prefix
    )
    is_real_RT = jnp.arange(targets_RT.shape[1])[None, :] < lengths_R[:, None]
    log_probs_R = jnp.sum(jnp.where(is_real_RT, log_probs_RT, 0.0), axis=1)
    return TargetScores(log_probs_R, jnp.all(is_likeliest_RT | ~is_real_RT, axis=1))
