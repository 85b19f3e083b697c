"""Prefix language modelling: a document is cut in two, the second part is the target."""

from __future__ import annotations

import dataclasses

import numpy as np

from flan_jax.core.errors import Setting, TaskError
from flan_jax.data import keys as keys_lib
from flan_jax.data.objectives.objective import SPLIT, take_window, with_eos

__all__ = ["PrefixLM"]


@dataclasses.dataclass(frozen=True)
class PrefixLM:
    """A document is cut in two at a uniformly drawn place: inputs, then targets (Raffel et al. 2020, section 3.2.3;
    the LM adaptation of Lester et al. 2021). The place is drawn among those that fit the row.

    target_share: part of the document that the targets are, instead of a drawn one; as near it as fits the row.
    """

    inputs_length: int
    targets_length: int
    min_tokens: int = 2
    target_share: float | None = None

    @property
    def max_tokens(self) -> int:
        if min(self.inputs_length, self.targets_length) < 2:
            raise TaskError(
                f"prefix LM needs rows of at least 2 inputs and 2 targets, these have {self.inputs_length} and "
                f"{self.targets_length}: set longer ",
                Setting("TASK_FEATURE_LENGTHS"),
            )
        return self.inputs_length + self.targets_length - 2  # an EOS on each side

    def windows(self, keys: np.ndarray) -> np.ndarray:
        return np.full(len(keys), self.max_tokens, np.int64)

    def lengths(self, num_tokens: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        num_tokens = np.asarray(num_tokens, np.int64)
        enough = num_tokens >= self.min_tokens
        # Documents that are too short get a cut to draw, too, so that all go in one array; `enough` makes them 0.
        sizes = np.clip(num_tokens, self.min_tokens, self.max_tokens)
        splits = self._splits(sizes, keys)
        return (splits + 1) * enough, (sizes - splits + 1) * enough

    def apply(self, tokens: np.ndarray, key: np.uint64) -> tuple[np.ndarray, np.ndarray]:
        tokens = take_window(tokens, key, self.max_tokens)
        split = int(self._splits(np.asarray(len(tokens)), np.asarray(key)))
        return with_eos(tokens[:split]), with_eos(tokens[split:])

    def _splits(self, num_tokens: np.ndarray, keys: np.ndarray) -> np.ndarray:
        # - 1 for the EOS of either side; each side keeps one token at least.
        low = np.maximum(1, num_tokens - (self.targets_length - 1))
        high = np.minimum(num_tokens - 1, self.inputs_length - 1)
        if self.target_share is not None:
            wanted = num_tokens - np.rint(num_tokens * self.target_share).astype(np.int64)
            splits: np.ndarray = np.clip(wanted, low, high)
            return splits
        return keys_lib.uniform_ints(keys, SPLIT, low, high + 1)
