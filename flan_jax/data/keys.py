"""Random numbers that are a pure function of what they are for.

NumPy fixes the stream of a bit generator for ever but not that of `Generator.permutation` and its like, so
everything here goes from raw 64-bit words to numbers itself: a plan made today is the plan made in two years.
"""

from __future__ import annotations

import hashlib

import numpy as np

_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 / golden ratio, the increment of splitmix64

__all__ = ["example_keys", "permutation", "seed_key", "uniform", "uniform_ints", "words"]


def seed_key(*parts: str | int) -> int:
    """A 128-bit key of `parts`; parts of different value or number give unrelated keys."""
    # Types and a separator: 1 and "1", or ("a", "b") and ("ab",), are different keys.
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")


def permutation(size: int, *parts: str | int) -> np.ndarray:
    """The permutation of 0..size-1 that belongs to `parts`; int64 [size]."""
    words = np.random.Philox(key=seed_key(*parts)).random_raw(size)
    # Stable: should two words be equal, every NumPy still gives the same order.
    return np.argsort(words, kind="stable")


def uniform(*parts: str | int) -> float:
    """A number in [0, 1) that belongs to `parts`."""
    # 53 of the 128 bits, as many as a float64 holds exactly.
    return (seed_key(*parts) >> 75) * 2.0**-53


def example_keys(indices: np.ndarray, epochs: np.ndarray, *parts: str | int) -> np.ndarray:
    """One key an example: uint64 [E] from its index [E], its epoch [E] and the stream that `parts` name."""
    base = np.uint64(seed_key(*parts) & (2**64 - 1))
    # Hashed before they are combined: index 1 in epoch 2 is not index 2 in epoch 1.
    by_index = _splitmix64(base ^ _splitmix64(np.asarray(indices, np.uint64)))
    return _splitmix64(by_index ^ _splitmix64(np.asarray(epochs, np.uint64)))


def uniform_ints(
    keys: np.ndarray, stream: int | np.ndarray, low: np.ndarray | int, high: np.ndarray | int
) -> np.ndarray:
    """int64 in [low, high), one for each key; `stream` tells apart several numbers drawn from one key.

    Args:
      keys: uint64, one for each number.
      stream: number of the draw.
      low: smallest number.
      high: the first one above the largest.
    """
    words = _splitmix64(np.asarray(keys, np.uint64) + _splitmix64(np.asarray(stream, np.uint64)))
    # 53 bits, as in `uniform`.
    fractions = (words >> np.uint64(11)).astype(np.float64) * 2.0**-53
    low = np.asarray(low, np.int64)
    drawn: np.ndarray = low + np.floor(fractions * (np.asarray(high, np.int64) - low)).astype(np.int64)
    return drawn


def words(key: np.uint64 | int, count: int) -> np.ndarray:
    """The first `count` outputs of the splitmix64 generator seeded with `key`; uint64 [count]."""
    return _splitmix64(np.uint64(key) + np.arange(count, dtype=np.uint64) * np.uint64(_GOLDEN))


def _splitmix64(values: np.ndarray | np.uint64) -> np.ndarray:
    """The output function of splitmix64 (Steele, Lea and Flood 2014), modulo 2**64 throughout."""
    words = np.array(values, np.uint64, ndmin=1)  # arrays wrap around silently, NumPy scalars warn
    words += np.uint64(_GOLDEN)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words if np.ndim(values) else words[0]
