"""Averages without rounding, so that equal scores are equal: what checkpoints are ranked by.

A sum of floats depends on the order of its terms and on where each was rounded: two steps with the same number of right
answers differed in their sixteenth digit, and the later one won. Fractions do not round. A score is a ratio of counts
(right answers, common words of all words), which its float has rounded already; where a ratio of small numbers is
that near, it is taken for the ratio. A score that is none, such as a probability, counts as the very number it is.
"""

from __future__ import annotations

import collections
import functools
import math
from collections.abc import Sequence
from fractions import Fraction

from flan_jax.core.errors import TaskError

# Ratios of counts up to this are told apart from each other by floats with six digits to spare.
MAX_DENOMINATOR = 10**6
# Four roundings of a number near 1: what a score may have lost on its way through an F-measure or a weight.
TOLERANCE = Fraction(1, 2**50)

__all__ = ["as_ratio", "exact_mean", "exact_normalised"]


@functools.lru_cache(maxsize=1 << 16)
def as_ratio(score: float) -> Fraction:
    """The ratio of counts that `score` is the float of, 1/3 for 0.333…; the number itself where there is none.

    Raises `TaskError` for what is no number.
    """
    if not math.isfinite(score):
        raise TaskError(f"a score is {score}, which no average can be taken of: give numbers")
    number = Fraction(score)
    ratio = number.limit_denominator(MAX_DENOMINATOR)
    size = max(Fraction(1), abs(number))
    return ratio if abs(ratio - number) <= TOLERANCE * size else number


def exact_mean(scores: Sequence[float]) -> Fraction:
    """The mean of at least one score, whatever their order."""
    counts = collections.Counter(scores)  # right/wrong scores: two products instead of a sum of thousands
    return sum((as_ratio(score) * count for score, count in counts.items()), Fraction(0)) / len(scores)


@functools.lru_cache(maxsize=1 << 14)
def exact_normalised(scores: tuple[float, ...], chance: float) -> Fraction:
    """(mean - chance) / (1 - chance): 0 is guessing, 1 is perfect (Chung et al. 2022, section 2.3)."""
    floor = as_ratio(chance)
    return (exact_mean(scores) - floor) / (1 - floor)
