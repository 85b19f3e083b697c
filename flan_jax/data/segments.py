"""Sequences side by side in rows: tokens, segment ids and positions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flan_jax.core.errors import CacheError

__all__ = ["pack_side"]


def pack_side(
    sequences: Sequence[np.ndarray], rows_E: np.ndarray, num_rows: int, length: int, side: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(tokens, segment ids, positions), int32 [num_rows, length] each, of one side of the rows.

    Args:
      sequences: token ids of each example's side.
      rows_E: int, the row of each example, ascending.
    """
    out = np.zeros((3, num_rows, length), np.int32)
    if not len(sequences):
        return out[0], out[1], out[2]
    sizes = np.array([len(sequence) for sequence in sequences], np.int64)
    rows_E = np.asarray(rows_E, np.int64)
    before = np.cumsum(sizes) - sizes
    first_of_row = np.searchsorted(rows_E, rows_E, side="left")
    starts = before - before[first_of_row]
    if (starts + sizes).max() > length:
        row = int(rows_E[np.argmax(starts + sizes)])
        raise CacheError(
            f"row {row} needs {int((starts + sizes).max())} {side} tokens, it has {length}: the cache's lengths.npy is "
            f"not that of its shards; delete the tasks of this row and run `flan-jax cache` again"
        )
    segments = np.arange(len(sequences)) - first_of_row + 1
    within = np.arange(int(sizes.sum())) - np.repeat(before, sizes)
    rows, columns = np.repeat(rows_E, sizes), np.repeat(starts, sizes) + within
    out[0, rows, columns] = np.concatenate(sequences)
    out[1, rows, columns] = np.repeat(segments, sizes)
    out[2, rows, columns] = within
    return out[0], out[1], out[2]
