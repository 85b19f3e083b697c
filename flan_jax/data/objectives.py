"""Pretraining objectives: a document becomes inputs and targets when it is fed, anew in each epoch.

The cache holds the document as a task's targets. How long inputs and targets come out is known from the document's
length and the example's key alone, so that packing can be planned without reading a token.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Protocol

import numpy as np

from flan_jax.core.errors import TaskError
from flan_jax.core.suggest import did_you_mean
from flan_jax.core.vocab import EOS_ID
from flan_jax.data import keys as keys_lib

# Numbers drawn from one example's key are told apart by these.
_WINDOW, _SPLIT = range(2)

__all__ = ["OBJECTIVES", "Objective", "PrefixLM", "SpanCorruption", "make_objective"]


class Objective(Protocol):
    """A way to make (inputs, targets) of a document; both end in EOS.

    A document longer than `max_tokens` gives one window of that many tokens, at a place drawn from its key; one of
    fewer than `min_tokens` tokens gives nothing (lengths 0, 0) and is dropped by the planner.
    """

    @property
    def min_tokens(self) -> int: ...

    @property
    def max_tokens(self) -> int: ...

    def lengths(self, num_tokens: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lengths of inputs and of targets, int64 [E] each, for documents of `num_tokens` [E] (without EOS) and
        uint64 `keys` [E]."""

    def apply(self, tokens: np.ndarray, key: np.uint64) -> tuple[np.ndarray, np.ndarray]:
        """(inputs, targets), int32, of a document's `tokens` (without EOS); exactly as long as `lengths` says."""


@dataclasses.dataclass(frozen=True)
class SpanCorruption:
    """Spans of the document are replaced by sentinels in the inputs, and spelt out after them in the targets.

    Raffel et al. 2020, section 3.1.4: 15% of the tokens in spans of mean length 3. Sentinels descend from the top of
    the vocabulary. As in T5's own code, the first span is kept text, and the targets end in EOS without a last
    sentinel (figure 2 of the paper shows one).
    """

    inputs_length: int
    targets_length: int
    vocab_size: int
    num_sentinels: int
    noise_density: float = 0.15
    mean_span_tokens: float = 3.0
    min_tokens: int = 2

    @functools.cached_property
    def max_tokens(self) -> int:
        return len(self._noise_by_size[0]) - 1

    @functools.cached_property
    def _noise_by_size(self) -> tuple[np.ndarray, np.ndarray]:
        """(noise tokens, spans) of documents of 0, 1, ... max_tokens tokens: a table, for speed."""
        sizes = np.arange(self.min_tokens, self.inputs_length + self.targets_length + 1)
        num_noise = np.clip(np.rint(sizes * self.noise_density).astype(np.int64), 1, sizes - 1)
        num_spans = np.maximum(np.rint(num_noise / self.mean_span_tokens).astype(np.int64), 1)
        num_spans = np.minimum(num_spans, np.minimum(sizes - num_noise, self.num_sentinels))
        fits = (sizes - num_noise + num_spans < self.inputs_length) & (num_noise + num_spans < self.targets_length)
        num_fitting = int(np.logical_and.accumulate(fits).sum())
        if not num_fitting:
            raise TaskError(
                f"span corruption needs rows longer than {self.inputs_length} inputs and {self.targets_length} "
                f"targets: set TASK_FEATURE_LENGTHS to at least 4 and 4"
            )
        absent = np.zeros(self.min_tokens, np.int64)
        return (
            np.concatenate([absent, num_noise[:num_fitting]]),
            np.concatenate([absent, num_spans[:num_fitting]]),
        )

    def lengths(self, num_tokens: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sizes = np.minimum(num_tokens, self.max_tokens).astype(np.int64)
        num_noise, num_spans = (table[sizes] for table in self._noise_by_size)
        enough = sizes >= self.min_tokens
        return (sizes - num_noise + num_spans + 1) * enough, (num_noise + num_spans + 1) * enough

    def apply(self, tokens: np.ndarray, key: np.uint64) -> tuple[np.ndarray, np.ndarray]:
        tokens = _window(tokens, key, self.max_tokens)
        size = len(tokens)
        num_noise, num_spans = (int(table[size]) for table in self._noise_by_size)
        words = keys_lib.words(key, size - 2)
        sizes = np.empty(2 * num_spans, np.int64)  # kept, noise, kept, noise, ...
        sizes[1::2] = _random_segments(num_noise, num_spans, words[: num_noise - 1])
        sizes[0::2] = _random_segments(size - num_noise, num_spans, words[num_noise - 1 :])
        starts = np.cumsum(sizes) - sizes
        is_noise = np.append(np.repeat(np.arange(2 * num_spans) % 2 == 1, sizes), False)
        is_kept = ~is_noise
        is_noise[-1] = True  # the EOS that both sides end in
        sentinels = self.vocab_size - 1 - np.arange(num_spans, dtype=np.int32)
        # The first token of each span that a side leaves out becomes that side's sentinel.
        return (
            _collapse(tokens, is_kept, starts[1::2], sentinels),
            _collapse(tokens, is_noise, starts[0::2], sentinels),
        )


@dataclasses.dataclass(frozen=True)
class PrefixLM:
    """A document is cut in two at a uniformly drawn place: inputs, then targets (Raffel et al. 2020, section 3.2.3;
    the LM adaptation of Lester et al. 2021). The place is drawn among those that fit the row."""

    inputs_length: int
    targets_length: int
    min_tokens: int = 2

    @property
    def max_tokens(self) -> int:
        if min(self.inputs_length, self.targets_length) < 2:
            raise TaskError(
                f"prefix LM needs rows of at least 2 inputs and 2 targets, these have {self.inputs_length} and "
                f"{self.targets_length}: set longer TASK_FEATURE_LENGTHS"
            )
        return self.inputs_length + self.targets_length - 2  # an EOS on each side

    def lengths(self, num_tokens: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        num_tokens = np.asarray(num_tokens, np.int64)
        enough = num_tokens >= self.min_tokens
        sizes = np.clip(num_tokens, self.min_tokens, self.max_tokens)
        splits = self._splits(sizes, keys)
        return (splits + 1) * enough, (sizes - splits + 1) * enough

    def apply(self, tokens: np.ndarray, key: np.uint64) -> tuple[np.ndarray, np.ndarray]:
        tokens = _window(tokens, key, self.max_tokens)
        split = int(self._splits(np.asarray(len(tokens)), np.asarray(key)))
        return _with_eos(tokens[:split]), _with_eos(tokens[split:])

    def _splits(self, num_tokens: np.ndarray, keys: np.ndarray) -> np.ndarray:
        low = np.maximum(1, num_tokens - (self.targets_length - 1))
        high = np.minimum(num_tokens - 1, self.inputs_length - 1)
        return keys_lib.uniform_ints(keys, _SPLIT, low, high + 1)


def _make_span_corruption(
    inputs_length: int, targets_length: int, vocab_size: int, num_sentinels: int
) -> SpanCorruption:
    if num_sentinels < 1:
        raise TaskError("span corruption needs a vocabulary with sentinels, this one has 0: T5's convention is 100")
    return SpanCorruption(inputs_length, targets_length, vocab_size, num_sentinels)


def _make_prefix_lm(inputs_length: int, targets_length: int, vocab_size: int, num_sentinels: int) -> PrefixLM:
    del vocab_size, num_sentinels
    return PrefixLM(inputs_length, targets_length)


# name in `Task.objective` -> maker(inputs_length, targets_length, vocab_size, num_sentinels)
OBJECTIVES: dict[str, Callable[[int, int, int, int], Objective]] = {
    "span_corruption": _make_span_corruption,
    "prefix_lm": _make_prefix_lm,
}


def make_objective(
    name: str, inputs_length: int, targets_length: int, vocab_size: int, num_sentinels: int
) -> Objective:
    """The objective called `name` for rows of these lengths; raises `TaskError` for an unknown name."""
    if name not in OBJECTIVES:
        raise TaskError(
            f"no pretraining objective is called {name!r}{did_you_mean(name, OBJECTIVES)} "
            f"(there are {', '.join(sorted(OBJECTIVES))})"
        )
    return OBJECTIVES[name](inputs_length, targets_length, vocab_size, num_sentinels)


def _window(tokens: np.ndarray, key: np.uint64, max_tokens: int) -> np.ndarray:
    tokens = np.asarray(tokens, np.int32)
    if len(tokens) <= max_tokens:
        return tokens
    start = int(keys_lib.uniform_ints(np.asarray(key), _WINDOW, 0, len(tokens) - max_tokens + 1))
    return tokens[start : start + max_tokens]


def _random_segments(num_items: int, num_segments: int, words: np.ndarray) -> np.ndarray:
    """Sizes, all above 0, of `num_segments` segments of `num_items`; every composition is equally likely.

    words: uint64 [num_items - 1], random.
    """
    edges = np.empty(num_segments + 1, np.int64)
    edges[0], edges[-1] = 0, num_items
    edges[1:-1] = np.sort(np.argsort(words, kind="stable")[: num_segments - 1]) + 1
    return edges[1:] - edges[:-1]


def _collapse(tokens: np.ndarray, is_own: np.ndarray, sentinel_places: np.ndarray, sentinels: np.ndarray) -> np.ndarray:
    """The tokens of one side, `sentinels` at their places, and EOS; is_own: bool [tokens + 1]."""
    side = np.append(tokens, np.int32(EOS_ID))
    side[sentinel_places] = sentinels
    is_own[sentinel_places] = True
    return side[is_own]


def _with_eos(tokens: np.ndarray) -> np.ndarray:
    return np.append(tokens, np.int32(EOS_ID)).astype(np.int32)
