"""T5's span corruption: spans of a document are hidden behind sentinels, and spelt out as the target."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from flan_jax.core.errors import Setting, TaskError
from flan_jax.core.vocabulary import EOS_ID
from flan_jax.data import keys as keys_lib
from flan_jax.data.objectives.objective import take_window

__all__ = ["SpanCorruption"]


@dataclasses.dataclass(frozen=True)
class SpanCorruption:
    """Spans of the document are replaced by sentinels in the inputs, and spelt out after them in the targets.

    Raffel et al. 2020, section 3.1.4: 15% of the tokens in spans of mean length 3. Sentinels descend from the top of
    the vocabulary. As in T5's own code, the first span is kept text, and the targets end in EOS without a last
    sentinel (figure 2 of the paper shows one).

    longest: documents are cut to this many tokens even where more would fit; None for as many as fit.
    """

    inputs_length: int
    targets_length: int
    vocab_size: int
    num_sentinels: int
    noise_density: float = 0.15
    mean_span_tokens: float = 3.0
    min_tokens: int = 2
    longest: int | None = None

    @functools.cached_property
    def max_tokens(self) -> int:
        return len(self._noise_by_size[0]) - 1

    @functools.cached_property
    def _noise_by_size(self) -> tuple[np.ndarray, np.ndarray]:
        """(noise tokens, spans) of documents of 0, 1, ... max_tokens tokens: a table, for speed."""
        most = self.inputs_length + self.targets_length
        sizes = np.arange(self.min_tokens, (most if self.longest is None else min(most, self.longest)) + 1)
        # rint rounds halves to even, as T5's tf.round does; one token at least is noise and one is kept.
        num_noise = np.clip(np.rint(sizes * self.noise_density).astype(np.int64), 1, sizes - 1)
        num_spans = np.maximum(np.rint(num_noise / self.mean_span_tokens).astype(np.int64), 1)
        # A span needs a kept token before it and a sentinel of its own.
        num_spans = np.minimum(num_spans, np.minimum(sizes - num_noise, self.num_sentinels))
        fits = (sizes - num_noise + num_spans < self.inputs_length) & (num_noise + num_spans < self.targets_length)
        # Rounding makes the lengths not quite monotone: up to the first size that does not fit.
        num_fitting = int(np.logical_and.accumulate(fits).sum())
        if not num_fitting:
            raise TaskError(
                f"span corruption needs rows longer than {self.inputs_length} inputs and {self.targets_length} "
                f"targets: set ",
                Setting("TASK_FEATURE_LENGTHS"),
                " to at least 4 and 4",
            )
        absent = np.zeros(self.min_tokens, np.int64)
        return (
            np.concatenate([absent, num_noise[:num_fitting]]),
            np.concatenate([absent, num_spans[:num_fitting]]),
        )

    def windows(self, keys: np.ndarray) -> np.ndarray:
        return np.full(len(keys), self.max_tokens, np.int64)

    def lengths(self, num_tokens: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        sizes = np.minimum(num_tokens, self.max_tokens).astype(np.int64)
        num_noise, num_spans = (table[sizes] for table in self._noise_by_size)
        enough = sizes >= self.min_tokens
        return (sizes - num_noise + num_spans + 1) * enough, (num_noise + num_spans + 1) * enough

    def apply(self, tokens: np.ndarray, key: np.uint64) -> tuple[np.ndarray, np.ndarray]:
        tokens = take_window(tokens, key, self.max_tokens)
        size = len(tokens)
        num_noise, num_spans = (int(table[size]) for table in self._noise_by_size)
        # num_noise - 1 places where a noise span may end, and size - num_noise - 1 for kept ones.
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


def _random_segments(num_items: int, num_segments: int, words: np.ndarray) -> np.ndarray:
    """Sizes, all above 0, of `num_segments` segments of `num_items`; every composition is equally likely.

    words: uint64 [num_items - 1], random.
    """
    edges = np.empty(num_segments + 1, np.int64)
    edges[0], edges[-1] = 0, num_items
    # The first places of a random order are a uniformly drawn set of borders.
    edges[1:-1] = np.sort(np.argsort(words, kind="stable")[: num_segments - 1]) + 1
    return edges[1:] - edges[:-1]


def _collapse(tokens: np.ndarray, is_own: np.ndarray, sentinel_places: np.ndarray, sentinels: np.ndarray) -> np.ndarray:
    """The tokens of one side, `sentinels` at their places, and EOS; is_own: bool [tokens + 1]."""
    side = np.append(tokens, np.int32(EOS_ID))
    side[sentinel_places] = sentinels
    is_own[sentinel_places] = True
    own: np.ndarray = side[is_own]
    return own
