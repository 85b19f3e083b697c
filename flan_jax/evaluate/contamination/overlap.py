"""Overlap of texts by n-grams of words: which evaluation examples have thirteen words in a row that training has too.

The measure of Brown et al. 2020 (GPT-3, appendix C) and Wei et al. 2022 (FLAN, appendix C). Evaluation texts are held
as hashes of their n-grams; training texts stream past, so memory is that of the evaluation sets alone. Only words that
evaluation texts use can make a match, so other words are never hashed.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence

import numpy as np

NGRAM_WORDS = 13
# Scripts written without spaces, each character a word of its own: kana, Han, Thai, Lao, Tibetan, Burmese, Khmer.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_BATCH_WORDS = 1 << 20

__all__ = ["NGRAM_WORDS", "NgramIndex", "TaskOverlap", "words_of"]


def words_of(text: str) -> list[str]:
    """Words in lower case, without punctuation and white space; characters of unspaced scripts one by one."""
    return _WORD.findall(text.lower())


@dataclasses.dataclass(frozen=True)
class TaskOverlap:
    """What one training task shares with the evaluation sets.

    num_examples: read. num_overlapping: of them those that share an n-gram with any set. by_set: set -> training
    examples that share one with it.
    """

    task: str
    num_examples: int
    num_overlapping: int
    by_set: dict[str, int]


class NgramIndex:
    """The n-grams of evaluation sets.

    texts: (set, text) of every evaluation example. Examples shorter than `num_words` words have no n-gram and are
    counted in `num_short`.
    """

    def __init__(self, texts: Iterable[tuple[str, str]], num_words: int = NGRAM_WORDS):
        self.num_words = num_words
        # A factor a place, so that order counts; odd, since multiplying by an even number drops a bit.
        self._factors = _splitmix64(np.arange(1, num_words + 1, dtype=np.uint64)) | np.uint64(1)
        self._word_ids: dict[str, int] = {}
        self._set_ids: dict[str, int] = {}
        set_of_example: list[int] = []
        self.num_short: dict[str, int] = {}
        hashes, owners = [], []
        for name, text in texts:
            example = len(set_of_example)
            set_of_example.append(self._set_ids.setdefault(name, len(self._set_ids)))
            ids = np.array([self._word_ids.setdefault(w, len(self._word_ids) + 1) for w in words_of(text)], np.uint64)
            grams = np.unique(self._grams(ids))
            if not len(grams):
                self.num_short[name] = self.num_short.get(name, 0) + 1
            hashes.append(grams)
            owners.append(np.full(len(grams), example, np.int32))
        self._set_of_example = np.array(set_of_example, np.int32)
        all_hashes = np.concatenate(hashes) if hashes else np.zeros(0, np.uint64)
        order = np.argsort(all_hashes, kind="stable")
        self._hashes = all_hashes[order]
        self._owners = np.concatenate(owners)[order] if owners else np.zeros(0, np.int32)
        self._is_hit = np.zeros(len(set_of_example), bool)

    @property
    def num_ngrams(self) -> int:
        """N-grams held, each once an example."""
        return len(self._hashes)

    @property
    def sets(self) -> dict[str, tuple[int, int]]:
        """Set -> (examples that share an n-gram with a text given to `scan` so far, examples)."""
        sizes = np.bincount(self._set_of_example, minlength=len(self._set_ids))
        hits = np.bincount(self._set_of_example[self._is_hit], minlength=len(self._set_ids))
        return {name: (int(hits[i]), int(sizes[i])) for name, i in self._set_ids.items()}

    def scan(self, task: str, texts: Iterable[str]) -> TaskOverlap:
        """Streams the training texts of one task past the index."""
        num_examples, num_overlapping = 0, 0
        by_set = np.zeros(len(self._set_ids), np.int64)
        names = list(self._set_ids)
        for batch in _batches(self._ids_of(text) for text in texts):
            overlapping, counts = self._scan_batch(batch)
            num_examples += len(batch)
            num_overlapping += overlapping
            by_set += counts
        found = {names[i]: int(by_set[i]) for i in np.flatnonzero(by_set)}
        return TaskOverlap(task, num_examples, num_overlapping, found)

    def _ids_of(self, text: str) -> np.ndarray:
        """Ids of a training text's words; 0 for words that no evaluation text has."""
        look_up = self._word_ids.get
        return np.array([look_up(word, 0) for word in words_of(text)], np.uint64)

    def _grams(self, ids: np.ndarray) -> np.ndarray:
        """Hashes of the n-grams of word ids; those with an unknown word are left out."""
        num_grams = len(ids) - self.num_words + 1
        if num_grams < 1:
            return np.zeros(0, np.uint64)
        mixed = _splitmix64(ids)
        hashes = np.zeros(num_grams, np.uint64)
        is_known = np.ones(num_grams, bool)
        for k in range(self.num_words):
            hashes += mixed[k : k + num_grams] * self._factors[k]
            is_known &= ids[k : k + num_grams] > 0
        return hashes[is_known]

    def _scan_batch(self, batch: Sequence[np.ndarray]) -> tuple[int, np.ndarray]:
        """(texts with a match, for each set the texts that match it)."""
        grams = [self._grams(ids) for ids in batch]
        texts = np.repeat(np.arange(len(batch)), [len(own) for own in grams])
        hashes = np.concatenate(grams) if grams else np.zeros(0, np.uint64)
        counts = np.zeros(len(self._set_ids), np.int64)
        if not self.num_ngrams:
            return 0, counts
        first = np.searchsorted(self._hashes, hashes, side="left")
        matches = np.flatnonzero(self._hashes[np.minimum(first, len(self._hashes) - 1)] == hashes)
        if not len(matches):
            return 0, counts
        # A hash may stand in the index several times, once an evaluation example: entries first to last - 1 of each
        # match, one after another.
        first, last = first[matches], np.searchsorted(self._hashes, hashes[matches], side="right")
        sizes = last - first
        entries = np.repeat(first, sizes) + np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        owners = self._owners[entries]
        self._is_hit[owners] = True
        pairs = np.unique(np.stack([np.repeat(texts[matches], sizes), self._set_of_example[owners]]), axis=1)
        counts += np.bincount(pairs[1], minlength=len(counts))
        return len(np.unique(pairs[0])), counts


def _batches(items: Iterable[np.ndarray]) -> Iterable[list[np.ndarray]]:
    batch, num_words = [], 0
    for item in items:
        batch.append(item)
        num_words += len(item)
        if num_words > _BATCH_WORDS:
            yield batch
            batch, num_words = [], 0
    if batch:
        yield batch


def _splitmix64(values: np.ndarray) -> np.ndarray:
    """The output function of splitmix64 (Steele, Lea and Flood 2014): spreads small integers over 64 bits."""
    words = np.asarray(values, np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
