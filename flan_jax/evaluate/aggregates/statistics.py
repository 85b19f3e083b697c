"""Seeded bootstrap intervals: of a mean, of a paired difference, and of averages over tasks.

Averages over tasks are resampled in two levels, tasks then examples within a task, because a held-out suite stands
for tasks that nobody wrote yet; with one task only its examples are resampled.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

__all__ = ["Interval", "mean_interval", "task_average_difference", "task_average_interval"]

_MAX_DRAWS = 1 << 20  # indices drawn at once: bounds memory, not results' meaning


@dataclasses.dataclass(frozen=True)
class Interval:
    """An estimate and its percentile bootstrap interval."""

    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of zero."""
        return self.low > 0.0 or self.high < 0.0


def mean_interval(scores: np.ndarray, *, confidence: float, num_resamples: int, seed: int) -> Interval:
    """Interval of the mean of `scores` [n], examples resampled. NaN bounds for n = 0.

    Args:
      confidence: share of the resampled values that lies between the bounds, in (0, 1).
      num_resamples: how often the data is drawn anew.
      seed: of these draws.
    """
    return task_average_interval([scores], confidence=confidence, num_resamples=num_resamples, seed=seed)


def task_average_difference(
    before: Sequence[np.ndarray],
    after: Sequence[np.ndarray],
    *,
    confidence: float,
    num_resamples: int,
    seed: int,
) -> Interval:
    """Interval of the unweighted mean over tasks of mean(after - before); one pair of arrays [n_task] a task.

    Args:
      confidence: share of the resampled values that lies between the bounds, in (0, 1).
      num_resamples: how often the data is drawn anew.
      seed: of these draws.
    """
    differences = []
    for b, a in zip(before, after, strict=True):
        if len(b) != len(a):
            raise ValueError(f"{len(b)} scores before, {len(a)} after: a paired difference needs the same examples")
        # Of each example by itself: what is hard for both steps cancels, and the interval narrows.
        differences.append(np.asarray(a, np.float64) - np.asarray(b, np.float64))
    return task_average_interval(differences, confidence=confidence, num_resamples=num_resamples, seed=seed)


def task_average_interval(
    scores: Sequence[np.ndarray], *, confidence: float, num_resamples: int, seed: int
) -> Interval:
    """Interval of the unweighted mean over tasks of each task's mean; one array [n_task] a task.

    Args:
      scores: of each task its examples' scores.
      confidence: share of the resampled values that lies between the bounds, in (0, 1).
      num_resamples: how often the data is drawn anew.
      seed: of these draws.
    """
    scores = [np.asarray(task, np.float64) for task in scores]
    if not scores or any(len(task) == 0 for task in scores):
        return Interval(float("nan"), float("nan"), float("nan"))
    mean = float(np.mean([task.mean() for task in scores]))
    rng = np.random.Generator(np.random.Philox(seed))
    num_tasks = len(scores)
    # counts[r, k]: how often resample r draws task k. Each draw resamples that task's examples afresh.
    if num_tasks == 1:
        counts = np.ones((num_resamples, 1), np.int64)
    else:
        counts = rng.multinomial(num_tasks, np.full(num_tasks, 1.0 / num_tasks), size=num_resamples)
    totals = np.zeros(num_resamples)
    for k, task in enumerate(scores):
        means = _resampled_means(task, int(counts[:, k].sum()), rng)
        totals += np.bincount(np.repeat(np.arange(num_resamples), counts[:, k]), means, minlength=num_resamples)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(totals / num_tasks, [tail, 1.0 - tail])
    return Interval(mean, float(low), float(high))


def _resampled_means(values: np.ndarray, num: int, rng: np.random.Generator) -> np.ndarray:
    """Means of `num` resamples of `values`, [num]. Equal values are counted, not drawn one by one."""
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= 16:  # right/wrong scores: one multinomial draw a resample instead of n
        draws = rng.multinomial(len(values), counts / len(values), size=num)
        counted: np.ndarray = draws @ distinct / len(values)
        return counted
    means = np.empty(num)
    chunk = max(1, _MAX_DRAWS // len(values))
    for start in range(0, num, chunk):
        size = min(chunk, num - start)
        means[start : start + size] = values[rng.integers(len(values), size=(size, len(values)))].mean(axis=1)
    return means
