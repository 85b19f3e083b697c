"""Beam search, by T5X's rule or by transformers' (`BeamSearch` says what each is)."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from flan_jax.core.vocabulary import PAD_ID
from flan_jax.decode.families import Cache, Started, decoding_of
from flan_jax.decode.loop import Generation, ends_with_stop
from flan_jax.decode.methods import BeamSearch, Stop
from flan_jax.models import ModelConfig

# Below any score of a real sequence, and finite.
NOT_A_BEAM = -1e9

__all__ = ["run_beams"]


class _Beams(NamedTuple):
    """Sequences, M a prompt, best first. log_probs is their sum of log-probabilities, scores what ranks them."""

    tokens_BMT: jax.Array
    log_probs_BM: jax.Array
    scores_BM: jax.Array
    num_tokens_BM: jax.Array
    finished_BM: jax.Array

    def take(self, beams_BM: jax.Array) -> _Beams:
        """The beams at `beams_BM`, in that order."""
        return _Beams(*(_take(array, beams_BM) for array in self))


class _State(NamedTuple):
    step: jax.Array
    is_open_B: jax.Array
    live: _Beams  # not ended; scores are log-probabilities
    ended: _Beams  # NOT_A_BEAM where there is none yet
    cache: Cache


def run_beams(
    config: ModelConfig,
    started: Started,
    limits_B: jax.Array,
    max_decode_len: int,
    stop: Stop,
    method: BeamSearch,
) -> Generation:
    """The best `method.num_beams` sequences of each prompt; `started` has as many copies of each. Traceable.

    Args:
      config: the model; static under `jit`.
      limits_B: int32, most tokens that a prompt's generations may have.
      max_decode_len: T, slots for generated tokens.
      stop: what ends a row before its limit.
    """
    params, cache, first_N = started
    decoding = decoding_of(config)
    num_beams = method.num_beams
    batch_size = first_N.shape[0] // num_beams
    limits_B = jnp.minimum(limits_B, max_decode_len)
    # Enough for num_beams that do not end, however many end in one of the EOS ids or in a stop sequence.
    num_candidates = (1 + max(1, len(stop.eos_ids) + len(stop.sequences))) * num_beams
    first_row_B1 = jnp.arange(batch_size, dtype=jnp.int32)[:, None] * num_beams

    def is_unfinished(state: _State) -> jax.Array:
        return jnp.any(state.is_open_B)

    def extend(state: _State) -> _State:
        last_BM = jax.lax.dynamic_index_in_dim(
            state.live.tokens_BMT, jnp.maximum(state.step - 1, 0), axis=2, keepdims=False
        )
        last_N = jnp.where(state.step == 0, first_N, last_BM.reshape(-1))
        logits_NV, cache = decoding.step(config, params, state.cache, last_N)
        candidates, parents_BC = _candidates(state, logits_NV, num_candidates)
        length = state.step + 1
        is_end_BC = ends_with_stop(candidates.tokens_BMT, length, stop)
        candidates = candidates._replace(finished_BM=is_end_BC)
        is_last_B = length >= limits_B

        # Candidates are sorted, so that the best that do not end are found by a stable sort.
        order_BM = jnp.argsort(is_end_BC, axis=1, stable=True)[:, :num_beams]
        is_open_BM = ~_take(is_end_BC, order_BM)
        live = candidates.take(order_BM)
        live = live._replace(scores_BM=jnp.where(is_open_BM, live.scores_BM, NOT_A_BEAM))
        live = _where(state.is_open_B, live, state.live)
        parents_BM = _take(parents_BC, order_BM)
        # Rows of the batch are prompt by prompt: beam m of prompt b is row b * num_beams + m.
        cache = decoding.reorder(cache, (first_row_B1 + parents_BM).reshape(-1))

        may_end_BC = is_end_BC
        if method.rule == "transformers":
            may_end_BC = (is_end_BC | is_last_B[:, None]) & (jnp.arange(is_end_BC.shape[1]) < num_beams)[None]
        # What continues a place without a beam is near NOT_A_BEAM, and no real sequence comes near its half.
        may_end_BC &= candidates.log_probs_BM > NOT_A_BEAM / 2
        scores_BC = jnp.where(may_end_BC, candidates.log_probs_BM / _penalty(method, length), NOT_A_BEAM)
        both = _Beams(
            *(
                jnp.concatenate(pair, 1)
                for pair in zip(state.ended, candidates._replace(scores_BM=scores_BC), strict=True)
            )
        )
        _, best_BM = jax.lax.top_k(both.scores_BM, num_beams)
        ended = _where(state.is_open_B, both.take(best_BM), state.ended)

        # T5X hopes for the longest sequence: log-probabilities are negative, and the largest penalty flatters them
        # most.
        longest = limits_B + 1 if method.rule == "t5x" else length
        hoped_B = live.scores_BM[:, 0] / _penalty(method, longest)
        worst_B = jnp.min(ended.scores_BM, axis=1)
        can_improve_B = hoped_B >= worst_B if method.rule == "t5x" else hoped_B > worst_B
        can_improve_B |= worst_B <= NOT_A_BEAM / 2
        # Closed prompts keep what they had (`_where` above): shapes are static, so they go on being computed.
        is_open_B = state.is_open_B & can_improve_B & ~is_last_B
        return _State(length, is_open_B, live, ended, cache)

    shape = (batch_size, num_beams)
    none = _Beams(
        tokens_BMT=jnp.full((*shape, max_decode_len), PAD_ID, jnp.int32),
        log_probs_BM=jnp.zeros(shape, jnp.float32),
        scores_BM=jnp.full(shape, NOT_A_BEAM, jnp.float32),
        num_tokens_BM=jnp.zeros(shape, jnp.int32),
        finished_BM=jnp.zeros(shape, bool),
    )
    # All beams are the same at first: only one of them counts.
    live_scores_BM = none.scores_BM.at[:, 0].set(0.0)
    live = none._replace(scores_BM=live_scores_BM, log_probs_BM=live_scores_BM)
    last = jax.lax.while_loop(is_unfinished, extend, _State(jnp.zeros((), jnp.int32), limits_B > 0, live, none, cache))
    has_ended_B = jnp.any(last.ended.scores_BM > NOT_A_BEAM / 2, axis=1)
    return Generation(*_without_gaps(_where(has_ended_B, last.ended, last.live)))


def _without_gaps(beams: _Beams) -> _Beams:
    """Places that no sequence has taken hold no tokens, and score -inf."""
    is_gap_BM = beams.scores_BM <= NOT_A_BEAM / 2
    return _Beams(
        tokens_BMT=jnp.where(is_gap_BM[..., None], PAD_ID, beams.tokens_BMT),
        log_probs_BM=jnp.where(is_gap_BM, -jnp.inf, beams.log_probs_BM),
        scores_BM=jnp.where(is_gap_BM, -jnp.inf, beams.scores_BM),
        num_tokens_BM=jnp.where(is_gap_BM, 0, beams.num_tokens_BM),
        finished_BM=beams.finished_BM & ~is_gap_BM,
    )


def _candidates(state: _State, logits_NV: jax.Array, num_candidates: int) -> tuple[_Beams, jax.Array]:
    """The likeliest continuations of the live beams, best first, and the beam that each continues, [B, C]."""
    batch_size, num_beams = state.live.scores_BM.shape
    log_probs_NV = jax.nn.log_softmax(logits_NV, axis=-1)
    # In two steps, the best of each beam and of those the best: no sort over all beams' vocabularies at once.
    num_each = min(num_candidates, logits_NV.shape[-1])
    best_NC, tokens_NC = jax.lax.top_k(log_probs_NV, num_each)
    sums_BMC = state.live.scores_BM[:, :, None] + best_NC.reshape(batch_size, num_beams, num_each)
    num_candidates = min(num_candidates, num_beams * num_each)
    sums_BC, places_BC = jax.lax.top_k(sums_BMC.reshape(batch_size, -1), num_candidates)
    parents_BC = places_BC // num_each
    tokens_BC = jnp.take_along_axis(tokens_NC.reshape(batch_size, -1), places_BC, axis=1)
    candidates = state.live.take(parents_BC)
    tokens_BCT = jax.lax.dynamic_update_slice_in_dim(
        candidates.tokens_BMT, tokens_BC[:, :, None].astype(jnp.int32), state.step, axis=2
    )
    candidates = candidates._replace(
        tokens_BMT=tokens_BCT, log_probs_BM=sums_BC, scores_BM=sums_BC, num_tokens_BM=candidates.num_tokens_BM + 1
    )
    return candidates, parents_BC


def _penalty(method: BeamSearch, length: jax.Array) -> jax.Array:
    """What a log-probability of `length` tokens is divided by."""
    length = jnp.asarray(length, jnp.float32)
    return (length if method.rule == "transformers" else (5.0 + length) / 6.0) ** method.alpha


def _take(array: jax.Array, beams_BM: jax.Array) -> jax.Array:
    taken: jax.Array = jax.vmap(lambda row, beams: row[beams])(array, beams_BM)
    return taken


def _where(is_new_B: jax.Array, new: _Beams, old: _Beams) -> _Beams:
    beams: _Beams = jax.tree.map(lambda a, b: jnp.where(is_new_B.reshape(-1, *[1] * (a.ndim - 1)), a, b), new, old)
    return beams
