"""Log-likelihoods of given answers: what ranking answer options needs."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp

from flan_jax.core.vocab import PAD_ID
from flan_jax.decode.greedy import START_ID
from flan_jax.models import Params, T5Config, decode_teacher_forced, encode

__all__ = ["score_targets"]


@functools.partial(jax.jit, static_argnums=0)
def score_targets(
    config: T5Config,
    params: Params,
    inputs_BL: jax.Array,
    prompt_R: jax.Array,
    targets_RT: jax.Array,
    lengths_R: jax.Array,
) -> jax.Array:
    """Sum of log P(target tokens | prompt), float32 [R], nats.

    A prompt with several answers is encoded once: row r of `targets_RT` answers prompt `prompt_R[r]`.

    Args:
      config: the model; static.
      params: the model's parameters.
      inputs_BL: int32 prompts, each ending in EOS, PAD_ID after it.
      prompt_R: int32 in [0, B).
      targets_RT: int32 answers, each ending in EOS, PAD_ID after it.
      lengths_R: int32, tokens of each answer, EOS included; 0 for a row that pads the batch, which scores 0.
    """
    encoded_BLD = encode(config, params, inputs_BL)
    mask_BL = inputs_BL != PAD_ID
    shifted_RT = jnp.concatenate([jnp.full_like(targets_RT[:, :1], START_ID), targets_RT[:, :-1]], axis=1)
    logits_RTV = decode_teacher_forced(config, params, encoded_BLD[prompt_R], mask_BL[prompt_R], shifted_RT)
    chosen_RT = jnp.take_along_axis(logits_RTV, targets_RT[..., None], axis=-1)[..., 0]
    log_probs_RT = chosen_RT - jax.nn.logsumexp(logits_RTV, axis=-1)
    is_real_RT = jnp.arange(targets_RT.shape[1])[None, :] < lengths_R[:, None]
    return jnp.sum(jnp.where(is_real_RT, log_probs_RT, 0.0), axis=1)
