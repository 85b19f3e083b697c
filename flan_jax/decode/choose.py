"""The next token of every row, from its logits."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from flan_jax.decode.methods import Sampling

__all__ = ["log_probs_of", "log_probs_of_answers", "sample_tokens", "truncated"]


def sample_tokens(logits_NV: jax.Array, method: Sampling, keys_N: jax.Array, step: jax.Array) -> jax.Array:
    """One draw a row, int32 [N]: the maximum of logits and Gumbel noise (Gumbel 1954; Maddison et al. 2014).

    The noise is a function of (row's key, step, token) alone: the same on any mesh and beside any other rows.

    Args:
      logits_NV: float32.
      method: temperature and truncation.
      keys_N: a `jax.random` key a row.
      step: int32 scalar, the position that is drawn.
    """
    logits_NV = truncated(logits_NV / method.temperature, method.top_k, method.top_p)
    num_tokens = logits_NV.shape[1]
    noise_NV = jax.vmap(lambda key: jax.random.gumbel(jax.random.fold_in(key, step), (num_tokens,)))(keys_N)
    return jnp.argmax(logits_NV + noise_NV, axis=-1).astype(jnp.int32)


def truncated(logits_NV: jax.Array, top_k: int | None, top_p: float) -> jax.Array:
    """`logits_NV` with -inf for tokens outside the `top_k` likeliest, then outside the nucleus of mass `top_p`.

    No sort: the least logit kept is found by bisection over the float's 32 bits, which needs only sums over the
    vocabulary, sharded or not. Ties with it are kept.
    """
    keys_NV = _ordered_bits(logits_NV)
    if top_k is not None and top_k < logits_NV.shape[1]:
        least_N = _largest_threshold(keys_NV, lambda kept_NV: jnp.sum(kept_NV, axis=-1) >= top_k)
        logits_NV = jnp.where(keys_NV >= least_N[:, None], logits_NV, -jnp.inf)
    if top_p < 1.0:
        probs_NV = jax.nn.softmax(logits_NV, axis=-1)
        least_N = _largest_threshold(
            keys_NV, lambda kept_NV: jnp.sum(jnp.where(kept_NV, probs_NV, 0.0), axis=-1) >= top_p
        )
        logits_NV = jnp.where(keys_NV >= least_N[:, None], logits_NV, -jnp.inf)
    return logits_NV


def log_probs_of(logits_NV: jax.Array, tokens_N: jax.Array) -> jax.Array:
    """log P(token) under softmax(logits), float32 [N], nats."""
    chosen_N = jnp.take_along_axis(logits_NV, tokens_N[:, None], axis=-1)[:, 0]
    return chosen_N - jax.nn.logsumexp(logits_NV, axis=-1)


def log_probs_of_answers(logits_RTV: jax.Array, targets_RT: jax.Array) -> tuple[jax.Array, jax.Array]:
    """log P of each token of answers, float32 [R, T], nats, and whether no token is likelier there, bool [R, T]."""
    flat_N = log_probs_of(logits_RTV.reshape(-1, logits_RTV.shape[-1]), targets_RT.reshape(-1))
    return flat_N.reshape(targets_RT.shape), jnp.argmax(logits_RTV, axis=-1) == targets_RT


def _ordered_bits(x: jax.Array) -> jax.Array:
    """uint32 in the order of the floats: sign bit flipped for positive ones, all bits for negative ones."""
    # The bits of floats of one sign are in the floats' order, those of negative ones in reverse.
    bits = jax.lax.bitcast_convert_type(x + 0.0, jnp.uint32)  # + 0.0 turns -0.0 into 0.0, which must tie with it
    sign = jnp.uint32(0x80000000)
    return jnp.where(bits & sign, ~bits, bits | sign)


def _largest_threshold(keys_NV: jax.Array, is_enough: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """The largest uint32 t a row for which `is_enough(keys >= t)`, bit by bit from the highest; 0 if none is."""

    def set_bit(i: jax.Array, threshold_N: jax.Array) -> jax.Array:
        higher_N = threshold_N | (jnp.uint32(0x80000000) >> i.astype(jnp.uint32))
        return jnp.where(is_enough(keys_NV >= higher_N[:, None]), higher_N, threshold_N)

    threshold_N: jax.Array = jax.lax.fori_loop(0, 32, set_bit, jnp.zeros(keys_NV.shape[0], jnp.uint32))
    return threshold_N
