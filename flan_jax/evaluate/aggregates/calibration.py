"""How far a model's probabilities can be believed: accuracy by confidence (Guo et al. 2017, 1706.04599, section 2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from flan_jax.core.errors import TaskError

NUM_BINS = 10

__all__ = ["NUM_BINS", "Bin", "Calibration", "calibration"]


@dataclasses.dataclass(frozen=True)
class Bin:
    """Items whose confidence lies in (low, high] (the first bin has 0 too): their mean confidence and accuracy, both 0
    where there are none."""

    low: float
    high: float
    num_items: int
    confidence: float
    accuracy: float


@dataclasses.dataclass(frozen=True)
class Calibration:
    """The bins from 0 to 1, and the expected calibration error: the mean over items of |accuracy - confidence| of the
    item's bin, in [0, 1]."""

    bins: tuple[Bin, ...]
    expected_error: float

    @property
    def num_items(self) -> int:
        """Items of all bins."""
        return sum(bin_.num_items for bin_ in self.bins)


def calibration(confidences: Sequence[float], is_right: Sequence[bool], num_bins: int = NUM_BINS) -> Calibration:
    """Bins of equal width.

    Args:
      confidences: [n], the probability of the answer that was given, each in [0, 1].
      is_right: [n], whether it was right.
      num_bins: at least 1.

    Raises `TaskError` for no items, lengths that differ, or a confidence outside [0, 1] (as one that is not a number).
    """
    confidence_n, right_n = np.asarray(confidences, np.float64), np.asarray(is_right, np.float64)
    if not len(confidence_n) or len(confidence_n) != len(right_n) or num_bins < 1:
        raise TaskError(
            f"{len(confidence_n)} confidences, {len(right_n)} verdicts, {num_bins} bins: give one verdict for each of "
            f"at least one confidence, and at least one bin"
        )
    if not np.all((confidence_n >= 0.0) & (confidence_n <= 1.0)):
        raise TaskError("a confidence is outside [0, 1]: give probabilities, and leave out what is not a number")
    edges = np.linspace(0.0, 1.0, num_bins + 1)
    bin_n = np.clip(np.searchsorted(edges, confidence_n, side="left") - 1, 0, num_bins - 1)
    bins = []
    for k in range(num_bins):
        mine = bin_n == k
        num = int(mine.sum())
        means = (float(confidence_n[mine].mean()), float(right_n[mine].mean())) if num else (0.0, 0.0)
        bins.append(Bin(float(edges[k]), float(edges[k + 1]), num, *means))
    error = sum(b.num_items * abs(b.accuracy - b.confidence) for b in bins) / len(confidence_n)
    return Calibration(tuple(bins), float(error))
