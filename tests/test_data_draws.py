"""Draws: proportions, epochs, random access, and rates that cannot be drawn from."""

import numpy as np
import pytest
from scipy import stats

from flan_jax.core.errors import TaskError
from flan_jax.data import keys
from flan_jax.data.draws import make_draw_stream

RATES = {"large": 30_000.0, "middle": 5_000.0, "small": 800.0, "tiny": 3.0, "never": 0.0}
SIZES = {"large": 40_000, "middle": 5_000, "small": 800, "tiny": 3, "never": 10}


def _chunks(stream, count):
    return [stream.chunk(chunk) for chunk in range(count)]


def test_a_million_draws_follow_the_rates():
    stream = make_draw_stream(RATES, SIZES, seed=3)
    chunks = _chunks(stream, 16)
    counts = sum(np.bincount(chunk.task_ids, minlength=4) for chunk in chunks)
    expected = stream.shares * 16 * stream.chunk_draws
    assert counts.sum() > 1_000_000
    assert stats.chisquare(counts, expected / expected.sum() * counts.sum()).pvalue > 0.5
    # Closed form: closer than chance would be, in any stretch of whole chunks.
    assert np.abs(counts - expected).max() < 2
    # Inside a chunk the order is random: chi-squared over its first 4,000 draws; runs are as rare as they should be.
    rare = expected > 1000
    first = np.bincount(chunks[0].task_ids[:4000], minlength=4)[rare]
    assert stats.chisquare(first, stream.shares[rare] / stream.shares[rare].sum() * first.sum()).pvalue > 1e-3
    repeats = np.mean(chunks[1].task_ids[1:] == chunks[1].task_ids[:-1])
    assert abs(repeats - np.sum(stream.shares**2)) < 0.01


def test_each_epoch_visits_each_example_once_and_ends_before_the_next():
    stream = make_draw_stream(RATES, SIZES, seed=0, chunk_draws=5_000)
    chunks = _chunks(stream, 12)
    for task_id, task in enumerate(stream.tasks):
        own = [chunk.task_ids == task_id for chunk in chunks]
        indices = np.concatenate([chunk.indices[mask] for chunk, mask in zip(chunks, own, strict=True)])
        epochs = np.concatenate([chunk.epochs[mask] for chunk, mask in zip(chunks, own, strict=True)])
        assert (np.diff(epochs) >= 0).all()
        for epoch in range(len(indices) // SIZES[task]):
            assert sorted(indices[epochs == epoch]) == list(range(SIZES[task]))
        rest = indices[epochs == len(indices) // SIZES[task]]
        assert len(np.unique(rest)) == len(rest)


def test_epochs_come_in_different_orders():
    stream = make_draw_stream({"only": 1.0}, {"only": 50}, seed=0, chunk_draws=100)
    indices = stream.chunk(0).indices
    assert sorted(indices[:50]) == sorted(indices[50:]) and (indices[:50] != indices[50:]).any()


def test_random_access_equals_reading_in_order():
    in_order = _chunks(make_draw_stream(RATES, SIZES, seed=7, chunk_draws=3_000), 6)
    stream = make_draw_stream(RATES, SIZES, seed=7, chunk_draws=3_000)
    for chunk in (5, 0, 3, 4):
        for name in ("task_ids", "indices", "epochs", "numbers"):
            np.testing.assert_array_equal(getattr(stream.chunk(chunk), name), getattr(in_order[chunk], name))
    numbers = np.concatenate([chunk.numbers for chunk in in_order])
    np.testing.assert_array_equal(numbers, np.arange(numbers[0], numbers[0] + len(numbers)))


def test_seeds_and_order_of_rates():
    a = make_draw_stream(RATES, SIZES, seed=1).chunk(0)
    b = make_draw_stream(dict(reversed(RATES.items())), SIZES, seed=1).chunk(0)
    c = make_draw_stream(RATES, SIZES, seed=2).chunk(0)
    np.testing.assert_array_equal(a.indices, b.indices)
    assert len(a) != len(c) or (a.indices != c.indices).any()


@pytest.mark.parametrize(
    ("rates", "sizes", "message"),
    [
        ({"a": 0.0, "b": 0.0}, {"a": 5, "b": 5}, "rates of all 2 tasks sum to 0"),
        ({}, {}, "rates of all 0 tasks sum to 0"),
        ({"a": 1.0, "b": -2.0}, {"a": 5, "b": 5}, "task b has rate -2.0"),
        ({"a": 1.0, "b": float("nan")}, {"a": 5, "b": 5}, "task b has rate nan"),
        ({"a": 1.0, "b": 2.0}, {"a": 5, "b": 0}, "task b has rate 2.0 and no examples"),
    ],
)
def test_rates_that_cannot_be_drawn_from(rates, sizes, message):
    with pytest.raises(TaskError, match=message):
        make_draw_stream(rates, sizes, seed=0)


def test_permutations_are_what_they_were():
    """Plans on disk, and runs to be repeated, rest on these numbers."""
    assert keys.permutation(8, "epoch", 0, "task", 0).tolist() == [1, 3, 7, 0, 4, 6, 5, 2]
    assert [round(keys.uniform("offset", 0, task), 6) for task in "ab"] == [0.496332, 0.325171]
    assert (keys.example_keys(np.arange(2), np.zeros(2), "x") % np.uint64(1000)).tolist() == [699, 178]
