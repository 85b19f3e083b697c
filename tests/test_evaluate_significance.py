"""P-values of paired comparisons, against values worked out by hand and by listing every sign."""

import itertools

import numpy as np
import pytest

from flan_jax.evaluate.aggregates import significance
from flan_jax.evaluate.aggregates.significance import holm, sign_flip_p

OPTIONS = dict(num_flips=20_000, seed=0)


def listed(differences):
    """The p-value from its definition."""
    signs = itertools.product((-1.0, 1.0), repeat=len(differences))
    found = abs(sum(differences))
    far = [abs(sum(s * d for s, d in zip(row, differences, strict=True))) >= found - 1e-9 for row in signs]
    return sum(far) / len(far)


@pytest.mark.parametrize(
    ("up", "down", "p"),
    [(1, 0, 1.0), (2, 0, 0.5), (5, 0, 2 / 32), (6, 0, 2 / 64), (9, 1, 22 / 1024), (3, 3, 1.0), (0, 6, 2 / 64)],
)
def test_right_and_wrong_answers_are_counted_as_tosses_of_a_coin(up, down, p):
    assert sign_flip_p(np.array([1.0] * up + [-1.0] * down + [0.0] * 7), **OPTIONS) == pytest.approx(p, rel=1e-12)


def test_many_answers_have_a_p_value_however_small():
    assert sign_flip_p(np.ones(1000), **OPTIONS) == 2.0**-999
    p = sign_flip_p(np.array([1.0] * 5050 + [-1.0] * 4950), **OPTIONS)
    assert p == pytest.approx(0.322, abs=0.001), "a normal distribution's two tails beyond 0.99"


def test_scores_of_any_size_have_every_sign_looked_at_while_they_are_few():
    differences = [0.5, -0.25, 0.75, 1.0, -0.125, 0.3]
    assert sign_flip_p(np.array([*differences, 0.0, 0.0]), **OPTIONS) == listed(differences)
    assert sign_flip_p(-np.array(differences), **OPTIONS) == listed(differences), "two-sided"


@pytest.mark.parametrize("shift", [0.05, 0.2])
def test_drawn_signs_agree_with_all_signs(monkeypatch, shift):
    differences = np.random.Generator(np.random.Philox(3)).normal(shift, 0.3, size=14)
    exact = sign_flip_p(differences, **OPTIONS)
    assert exact == listed(differences)
    monkeypatch.setattr(significance, "MOST_LISTED", 0)
    found = [sign_flip_p(differences, num_flips=20_000, seed=seed) for seed in range(5)]
    assert np.mean(found) == pytest.approx(exact, rel=0.15, abs=1e-4)
    assert found[0] == sign_flip_p(differences, num_flips=20_000, seed=0), "the seed decides"
    monkeypatch.setattr(significance, "_MOST_DRAWS", 14 * 7)
    assert sign_flip_p(differences, num_flips=20_000, seed=0) == pytest.approx(exact, rel=0.3), "drawn in small parts"


def test_a_drawn_p_value_is_never_nothing():
    differences = np.linspace(0.5, 1.0, 60)
    assert sign_flip_p(differences, num_flips=99, seed=0) == 1 / 100


def test_p_values_under_no_difference_are_as_often_small_as_they_say():
    rng = np.random.Generator(np.random.Philox(1))
    found = [sign_flip_p(rng.normal(size=40), num_flips=2000, seed=i) for i in range(400)]
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.085
    assert 0.43 <= np.mean(np.array(found) <= 0.5) <= 0.57


def test_holm_multiplies_the_smallest_by_all_and_never_goes_down():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1.0, 1.0] and holm([0.2]) == [0.2] and holm([]) == []
    assert holm([0.02, 0.02]) == [0.04, 0.04]
