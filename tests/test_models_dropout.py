"""Dropout masks: their rate, their independence, and that they follow the row and nothing else."""

import dataclasses

import jax
import numpy as np
import pytest
from test_models_t5 import packed_batch, run, smallest

from flan_jax.models import forward
from flan_jax.models.dropout import dropout, fold_in, keep_mask, row_seeds

KEY = jax.random.key(7)


def mask(rows, shape=(64, 128), rate=0.1, key=KEY, salt=0):
    seeds = fold_in(row_seeds(key, np.asarray(rows, np.int32)), salt)
    return np.asarray(keep_mask((len(rows), *shape), rate, seeds))


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_rate_holds_over_rows_columns_and_heads(rate):
    dropped = ~mask(range(8), (4, 64, 128), rate)
    sigma = np.sqrt(rate * (1 - rate))
    assert abs(dropped.mean() - rate) < 5 * sigma / np.sqrt(dropped.size)
    for axis in range(4):
        others = tuple(i for i in range(4) if i != axis)
        spread = dropped.mean(others) - rate
        assert np.abs(spread).max() < 5 * sigma / np.sqrt(dropped.size / dropped.shape[axis])


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("next row", {"rows": [4]}),
        ("far row", {"rows": [3 + 2**20]}),
        ("next site or layer", {"salt": 1}),
        ("next step", {"key": jax.random.fold_in(KEY, 1)}),
    ],
)
def test_masks_are_uncorrelated(name, other):
    first = mask([3], rate=0.5)[0].ravel() - 0.5
    second = mask(**{"rows": [3], "rate": 0.5, **other})[0].ravel() - 0.5
    for shift in (0, 1, 2, 64, 128):  # shifted copies would train pairs of positions alike
        correlation = 4 * np.mean(first[: first.size - shift] * second[shift:])
        assert abs(correlation) < 5 / np.sqrt(first.size), (name, shift)


def test_positions_of_one_row_are_uncorrelated():
    first = mask([3], (256, 256), rate=0.5)[0] - 0.5
    for shift_l, shift_d in ((0, 1), (0, 2), (1, 0), (1, 1), (2, 0), (128, 0), (0, 128)):
        rows, columns = first.shape[0] - shift_l, first.shape[1] - shift_d
        correlation = 4 * np.mean(first[:rows, :columns] * first[shift_l:, shift_d:])
        assert abs(correlation) < 5 / np.sqrt(rows * columns)


def test_a_rows_mask_does_not_depend_on_its_batch():
    whole = mask([5, 9, 2, 7])
    np.testing.assert_array_equal(whole[1:3], mask([9, 2]))
    np.testing.assert_array_equal(whole[3:], mask([7]))


def test_expectation_is_kept_and_the_gradient_uses_the_same_mask():
    x = np.ones((4, 64, 128), np.float32)
    seeds = row_seeds(KEY, np.arange(4))
    y, vjp = jax.vjp(lambda x: dropout(x, 0.25, seeds), x)
    assert abs(float(y.mean()) - 1) < 0.02
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.75)}
    np.testing.assert_array_equal(vjp(x)[0], y)


def test_model_without_key_or_rate_is_deterministic_and_with_it_is_not():
    config, params = smallest(dropout_rate=0.2)
    batch = packed_batch()
    clean = run(config, params, batch)
    np.testing.assert_array_equal(clean, run(dataclasses.replace(config, dropout_rate=0.0), params, batch, KEY))
    first = np.asarray(run(config, params, batch, KEY))
    np.testing.assert_array_equal(first, run(config, params, batch, KEY))
    assert np.abs(first - clean).max() > 0.1
    assert np.abs(first - run(config, params, batch, jax.random.fold_in(KEY, 1))).max() > 0.1


def test_gradients_under_dropout_add_up_over_rows_and_match_differences():
    config, params = smallest(dropout_rate=0.2)
    batch = packed_batch()

    @jax.jit
    @jax.value_and_grad
    def loss(params, batch):
        logits = forward(config, params, batch, KEY)
        return (logits * (batch["decoder_segment_ids"] > 0)[..., None] * np.linspace(-1, 1, 64)[None, None]).sum()

    grads = loss(params, batch)[1]
    # A row twice in a batch of two: its gradient twice, if its mask is its own.
    twice = [loss(params, jax.tree.map(lambda x, i=i: x[[i, i]], batch))[1] for i in range(2)]
    jax.tree.map(lambda a, b, c: np.testing.assert_allclose(a, (b + c) / 2, atol=2e-4), grads, *twice)

    params, grads = jax.tree.map(np.asarray, (params, grads))
    direction = jax.tree.map(
        lambda leaf: np.random.default_rng(leaf.size).standard_normal(leaf.shape).astype(np.float32), params
    )
    step = 1e-3

    def moved(sign):
        return float(loss(jax.tree.map(lambda p, d: p + np.float32(sign * step) * d, params, direction), batch)[0])

    slope = sum(jax.tree.leaves(jax.tree.map(lambda g, d: float((g * d).sum()), grads, direction)))
    assert abs((moved(1) - moved(-1)) / (2 * step) - slope) < 0.02 * abs(slope)
