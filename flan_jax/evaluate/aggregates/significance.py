"""Whether two models differ on a task by more than chance: a paired permutation test, and Holm's correction of many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MOST_LISTED = 14  # so many examples that differ have all their 2**14 signs looked at
_ENOUGH = 200  # draws at least as far from zero as what was found: the p-value is known to a tenth by then
_MOST_DRAWS = 1 << 20  # signs drawn at once: bounds memory, not results' meaning
_ROUNDING = 1e-9  # of sums of the same numbers in another order, as a share of their size

__all__ = ["MOST_LISTED", "holm", "sign_flip_p"]


def sign_flip_p(differences: np.ndarray, *, num_flips: int, seed: int) -> float:
    """The two-sided p-value of a paired permutation test on examples: how often the sum of the differences would be at
    least as far from zero as it is, had each example's two scores been exchanged or not by the toss of a coin.

    Exact where all differences but zeros have one size (right or wrong answers: the sign test, McNemar's), and where
    at most `MOST_LISTED` differ. Else signs are drawn, at most `num_flips` times, and until 200 draws are as far
    (Besag and Clifford 1991); what was found counts as one draw, so that the p-value is never 0.

    Args:
      differences: [n], of each example its score by one model less that by the other; numbers, no NaN.
      num_flips: most draws of all examples' signs; no p-value is below 1 / (num_flips + 1) where they are drawn.
      seed: of these draws.
    """
    values = np.asarray(differences, np.float64)
    values = values[values != 0.0]  # an example that both answer alike says nothing, whatever its sign
    if not len(values):
        return 1.0
    sizes = np.abs(values)
    if sizes.max() - sizes.min() <= _ROUNDING * sizes.max():
        return _sign_test(int((values > 0.0).sum()), len(values))
    least = abs(values.sum()) - _ROUNDING * sizes.sum()
    if len(values) <= MOST_LISTED:
        bits = np.arange(1 << len(values))[:, None] >> np.arange(len(values))[None] & 1
        return float((np.abs((2.0 * bits - 1.0) @ values) >= least).mean())
    return _drawn(values, least, num_flips, np.random.Generator(np.random.Philox(seed)))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected by Holm's method (1979), in the order given: with all that are below A called differences, the
    chance that any of them is none is at most A, however the tests depend on each other.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none becomes less than one before it, or over 1.
    """
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[i]))
        corrected[i] = highest
    return corrected


def _sign_test(num_up: int, num: int) -> float:
    """Of `num` tosses of a coin, how often `num_up` heads or a number as far from half of them."""
    fewer = min(num_up, num - num_up)
    if 2 * fewer == num:
        return 1.0
    ways = term = 1
    for heads in range(fewer):
        term = term * (num - heads) // (heads + 1)
        ways += term
    return min(1.0, 2 * ways / (1 << num))  # whole numbers until here: no tail is too small to count


def _drawn(values: np.ndarray, least: float, num_flips: int, rng: np.random.Generator) -> float:
    chunk = max(1, _MOST_DRAWS // len(values))
    num_far = num_drawn = 0
    while num_drawn < num_flips:
        size = min(chunk, num_flips - num_drawn)
        signs = 2.0 * rng.integers(2, size=(size, len(values)), dtype=np.int8) - 1.0
        is_far = np.abs(signs @ values) >= least
        if num_far + is_far.sum() >= _ENOUGH:
            return _ENOUGH / (num_drawn + int(np.flatnonzero(is_far)[_ENOUGH - num_far - 1]) + 1)
        num_far += int(is_far.sum())
        num_drawn += size
    return (num_far + 1) / (num_drawn + 1)
