"""One token after another until every row has ended: what greedy decoding and sampling share."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from flan_jax.core.vocabulary import PAD_ID
from flan_jax.decode.choose import log_probs_of
from flan_jax.decode.families import Cache, Started, decoding_of
from flan_jax.decode.methods import Stop
from flan_jax.models import ModelConfig

__all__ = ["Generation", "Rows", "ends_with_stop", "run_rows"]


class Generation(NamedTuple):
    """What `generate` returns, M generations a prompt: 1, `num_samples` in the order drawn, or `num_beams`, best first.

    tokens_BMT: int32, PAD_ID after a generation's end. log_probs_BM: float32 nats, of the generated tokens under the
    model, EOS included. scores_BM: what beams are ranked by; else the log-probability. num_tokens_BM: int32, EOS or
    stop sequence included. finished_BM: whether it ended in one of them rather than at its limit.
    """

    tokens_BMT: jax.Array
    log_probs_BM: jax.Array
    scores_BM: jax.Array
    num_tokens_BM: jax.Array
    finished_BM: jax.Array


class Rows(NamedTuple):
    """The loop's result, before copies are folded: see `Generation`."""

    tokens_NT: jax.Array
    log_probs_N: jax.Array
    num_tokens_N: jax.Array
    finished_N: jax.Array


class _State(NamedTuple):
    step: jax.Array
    last_N: jax.Array
    is_open_N: jax.Array
    rows: Rows
    cache: Cache


def ends_with_stop(tokens_NT: jax.Array, num_tokens: jax.Array, stop: Stop) -> jax.Array:
    """Whether the first `num_tokens` (scalar, at least 1) tokens of each row end in an EOS or a stop sequence; [...]
    for tokens [..., T]."""
    last = jax.lax.dynamic_index_in_dim(tokens_NT, num_tokens - 1, axis=-1, keepdims=False)
    is_end = jnp.zeros(last.shape, bool)
    for eos_id in stop.eos_ids:
        is_end |= last == eos_id
    for sequence in stop.sequences:
        if len(sequence) <= tokens_NT.shape[-1]:
            # Early on the slice would begin before the first token; the last comparison rules those steps out.
            first = jnp.maximum(num_tokens - len(sequence), 0)
            tail = jax.lax.dynamic_slice_in_dim(tokens_NT, first, len(sequence), axis=-1)
            wanted = jnp.broadcast_to(jnp.array(sequence, jnp.int32), tail.shape)
            is_end |= jnp.all(tail == wanted, axis=-1) & (num_tokens >= len(sequence))
    return is_end


def run_rows(
    config: ModelConfig,
    started: Started,
    limits_N: jax.Array,
    max_decode_len: int,
    stop: Stop,
    choose: Callable[[jax.Array, jax.Array], jax.Array],
) -> Rows:
    """Feeds what `choose(logits_NV, step)` returns until each row has ended or reached its limit; traceable.

    Args:
      config: the model; static under `jit`.
      started: the rows after their prompts (`start`).
      limits_N: int32, most tokens of each row.
      max_decode_len: T, slots for generated tokens.
      stop: what ends a row before its limit.
      choose: (logits [N, V], step) -> tokens [N].
    """
    params, cache, first_N = started
    decoding = decoding_of(config)
    num_rows = first_N.shape[0]
    limits_N = jnp.minimum(limits_N, max_decode_len)

    def is_unfinished(state: _State) -> jax.Array:
        return jnp.any(state.is_open_N)

    def extend(state: _State) -> _State:
        logits_NV, cache = decoding.step(config, params, state.cache, state.last_N)
        chosen_N = choose(logits_NV, state.step)
        # Rows that have ended are fed padding until the last one ends: shapes are static.
        token_N = jnp.where(state.is_open_N, chosen_N, PAD_ID)
        rows = state.rows
        tokens_NT = jax.lax.dynamic_update_slice_in_dim(rows.tokens_NT, token_N[:, None], state.step, axis=1)
        log_probs_N = rows.log_probs_N + jnp.where(state.is_open_N, log_probs_of(logits_NV, chosen_N), 0.0)
        is_end_N = ends_with_stop(tokens_NT, state.step + 1, stop) & state.is_open_N
        is_open_N = state.is_open_N & ~is_end_N & (state.step + 1 < limits_N)
        num_tokens_N = rows.num_tokens_N + state.is_open_N
        rows = Rows(tokens_NT, log_probs_N, num_tokens_N, rows.finished_N | is_end_N)
        return _State(state.step + 1, token_N, is_open_N, rows, cache)

    empty = Rows(
        tokens_NT=jnp.full((num_rows, max_decode_len), PAD_ID, jnp.int32),
        log_probs_N=jnp.zeros((num_rows,), jnp.float32),
        num_tokens_N=jnp.zeros((num_rows,), jnp.int32),
        finished_N=jnp.zeros((num_rows,), bool),
    )
    first = _State(jnp.zeros((), jnp.int32), first_N, limits_N > 0, empty, cache)
    return jax.lax.while_loop(is_unfinished, extend, first).rows
