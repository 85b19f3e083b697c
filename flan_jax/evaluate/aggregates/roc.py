"""The area under the ROC curve: how well a score tells two kinds of items apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flan_jax.core.errors import TaskError

Detections = tuple[np.ndarray, np.ndarray]

__all__ = ["Detections", "roc_area", "roc_interval"]


def roc_area(scores: np.ndarray, is_positive: np.ndarray) -> float:
    """The probability that a positive item scores higher than a negative one, ties half (Mann-Whitney).

    Args: scores: float [n]; is_positive: bool [n]. Raises `TaskError` where one kind is missing.
    """
    num_positive, num_negative = int(is_positive.sum()), int((~is_positive).sum())
    if not num_positive or not num_negative:
        raise TaskError(
            f"an area under the ROC curve needs items of both kinds; there are {num_positive} positive and "
            f"{num_negative} negative: raise the limit"
        )
    rank_sum = float(_ranks(scores)[is_positive].sum())
    return (rank_sum - num_positive * (num_positive + 1) / 2) / (num_positive * num_negative)


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, float64 [n]; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last_ranks = np.cumsum(counts)
    return (last_ranks - (counts - 1) / 2)[inverse]


def roc_interval(tasks: Sequence[Detections], confidence: float, num_resamples: int, seed: int) -> tuple[float, float]:
    """Percentile bootstrap bounds of the mean over tasks of each one's area; items are resampled within their kind.

    Args:
      confidence: share of the resampled values that lies between the bounds, in (0, 1).
      num_resamples: how often the data is drawn anew.
      seed: of these draws.
    """
    rng = np.random.Generator(np.random.Philox(seed))
    means = np.zeros(num_resamples)
    for scores, is_positive in tasks:
        kinds = (scores[is_positive], scores[~is_positive])
        labels = np.repeat([True, False], [len(kind) for kind in kinds])
        for i in range(num_resamples):
            drawn = np.concatenate([kind[rng.integers(len(kind), size=len(kind))] for kind in kinds])
            means[i] += roc_area(drawn, labels) / len(tasks)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(low), float(high)
