"""What a pretraining objective is, and what several of them share."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from flan_jax.core.vocabulary import EOS_ID
from flan_jax.data import keys as keys_lib

# Numbers drawn from one example's key are told apart by these.
WINDOW, SPLIT, DENOISER = range(3)

__all__ = ["DENOISER", "SPLIT", "WINDOW", "Objective", "take_window", "with_eos"]


class Objective(Protocol):
    """A way to make (inputs, targets) of a document; both end in EOS.

    A document longer than its window gives that many tokens, at a place drawn from its key; one of fewer than
    `min_tokens` tokens gives nothing (lengths 0, 0) and is dropped by the planner.
    """

    @property
    def min_tokens(self) -> int: ...

    def windows(self, keys: np.ndarray) -> np.ndarray:
        """The longest documents that are used whole, in tokens; int64 [E] for uint64 `keys` [E]."""

    def lengths(self, num_tokens: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lengths of inputs and of targets, int64 [E] each, for documents of `num_tokens` [E] (without EOS) and
        uint64 `keys` [E]."""

    def apply(self, tokens: np.ndarray, key: np.uint64) -> tuple[np.ndarray, np.ndarray]:
        """(inputs, targets), int32, of a document's `tokens` (without EOS); exactly as long as `lengths` says."""


def take_window(tokens: np.ndarray, key: np.uint64, max_tokens: int) -> np.ndarray:
    """`tokens`, or `max_tokens` of them from a place drawn from `key`."""
    tokens = np.asarray(tokens, np.int32)
    if len(tokens) <= max_tokens:
        return tokens
    start = int(keys_lib.uniform_ints(np.asarray(key), WINDOW, 0, len(tokens) - max_tokens + 1))
    return tokens[start : start + max_tokens]


def with_eos(tokens: np.ndarray) -> np.ndarray:
    """`tokens` and EOS, int32."""
    return np.append(tokens, np.int32(EOS_ID)).astype(np.int32)
