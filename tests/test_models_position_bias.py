"""Buckets of distance and their spreading over all pairs."""

import jax
import numpy as np
import pytest

from flan_jax.models.position_bias import expand_offsets, relative_position_bucket


def test_buckets_of_both_directions():
    offsets = np.array([0, -1, -7, -8, -15, -16, -31, -32, -64, -128, -5000, 1, 8, 16, 5000])
    buckets = relative_position_bucket(offsets, True, 32, 128)
    # By hand from the formula: 8 exact, then 8 + floor(8 * log(d / 8) / log(16)); keys on the right start at 16.
    assert buckets.tolist() == [0, 1, 7, 8, 9, 10, 11, 12, 14, 15, 15, 17, 24, 26, 31]


def test_buckets_of_a_causal_stack_ignore_the_right():
    buckets = relative_position_bucket(np.array([3, 0, -1, -15, -16, -20, -127, -500]), False, 32, 128)
    assert buckets.tolist() == [0, 0, 1, 15, 16, 17, 31, 31]


@pytest.mark.parametrize(("num_queries", "num_keys"), [(1, 1), (4, 4), (3, 7), (6, 2)])
def test_expansion_puts_each_offset_at_its_pairs(num_queries, num_keys):
    by_offset = np.random.default_rng(0).standard_normal((2, num_queries + num_keys - 1)).astype(np.float32)
    pairs = np.arange(num_keys)[None, :] - np.arange(num_queries)[:, None] + num_queries - 1
    expanded, vjp = jax.vjp(lambda b: expand_offsets(b, num_queries, num_keys), by_offset)
    np.testing.assert_array_equal(expanded, by_offset[:, pairs])
    counts = np.bincount(pairs.ravel(), minlength=by_offset.shape[1])
    np.testing.assert_array_equal(vjp(np.ones_like(expanded))[0], np.stack([counts, counts]))
