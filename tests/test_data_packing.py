"""Packing from lengths: rows never overflow, every example is placed once, density against bound and rivals."""

import numpy as np
import pytest

from flan_jax.data import packing


def _lengths(num_examples, inputs_median, targets_median, inputs_length=512, targets_length=128, seed=0):
    rng = np.random.default_rng(seed)
    sides = [
        np.clip(np.exp(rng.normal(np.log(median), 0.8, num_examples)).astype(np.int64) + 1, 2, cap)
        for median, cap in ((inputs_median, inputs_length), (targets_median, targets_length))
    ]
    return np.stack(sides, axis=1)


def _row_totals(lengths_E2, rows_E):
    return np.stack([np.bincount(rows_E, lengths_E2[:, side]) for side in range(2)], axis=1)


@pytest.mark.parametrize("num_examples", [0, 1, 2, 700, 1600, 5000])
@pytest.mark.parametrize("medians", [(120, 30), (40, 60), (500, 2)])
def test_every_example_has_a_row_and_no_row_overflows(num_examples, medians):
    lengths = _lengths(num_examples, *medians)
    windows, rows = packing.pack_windows(lengths, 512, 128)
    assert (rows >= 0).all() and len(rows) == num_examples
    if not num_examples:
        return
    assert (np.diff(windows) >= 0).all() and np.bincount(windows).max() <= 1.5 * packing.WINDOW_EXAMPLES
    for window in range(windows.max() + 1):
        own = windows == window
        totals = _row_totals(lengths[own], rows[own])
        assert (totals <= [512, 128]).all() and (totals.sum(axis=1) > 0).all()  # rows are numbered without gaps


def test_windows_are_packed_as_they_would_be_alone():
    lengths = _lengths(4 * 256, 100, 25).reshape(4, 256, 2)
    together = packing.fill_rows(lengths, 512, 128)
    for window in range(4):
        np.testing.assert_array_equal(packing.fill_rows(lengths[window : window + 1], 512, 128)[0], together[window])


def test_absent_examples_take_no_row():
    lengths = np.array([[[3, 2], [0, 0], [4, 1]], [[0, 0], [0, 0], [0, 0]]])
    rows = packing.fill_rows(lengths, 5, 5)
    assert (rows[0] >= 0).tolist() == [True, False, True] and (rows[1] == -1).all()


def test_an_example_over_the_capacity_is_refused():
    with pytest.raises(ValueError, match="longer than the row 512/128"):
        packing.fill_rows(np.array([[[10, 129]]]), 512, 128)


@pytest.mark.parametrize(
    ("medians", "caps", "at_least"),
    [((60, 10), (512, 128), 0.97), ((120, 30), (512, 128), 0.87), ((200, 40), (1024, 256), 0.93)],
)
def test_denser_than_streaming_packers_and_close_to_the_bound(medians, caps, at_least):
    lengths = _lengths(8192, *medians, *caps)
    windows, rows = packing.pack_windows(lengths, *caps)
    num_rows = len(np.unique(windows.astype(np.int64) * 10_000 + rows))
    ours, bound = packing.density(lengths, num_rows, *caps), packing.density_bound(lengths, *caps)
    part = lengths[:3000]
    first_fit = packing.density(part, packing.first_fit(part, *caps).max() + 1, *caps)
    next_fit = packing.density(part, packing.next_fit(part, *caps).max() + 1, *caps)
    assert at_least * bound < ours <= bound
    assert ours > first_fit > next_fit


@pytest.mark.parametrize("packer", [packing.first_fit, packing.next_fit])
def test_rivals_pack_validly_too(packer):
    lengths = _lengths(2000, 100, 25)
    assert (_row_totals(lengths, packer(lengths, 512, 128)) <= [512, 128]).all()


def test_bound_by_hand():
    # 100 inputs and 60 targets tokens into rows of 50 + 20: targets need 3 rows, so 160 of 210 positions.
    assert packing.density_bound(np.array([[70, 20], [30, 40]]), 50, 20) == pytest.approx(160 / 210)


def test_suggestion_gains_density_where_the_decoder_fills_first():
    """Long targets beside short inputs, as in chain-of-thought data: at 512/128 the decoder fills first."""
    lengths = _lengths(4096, 60, 50)
    now = packing.evaluate_lengths(lengths, 512, 128)
    better = packing.suggest_lengths(lengths, 512, 128)
    assert now.density < 0.6 and better is not None
    assert better.density > now.density + 0.25
    assert better.dropped <= now.dropped and better.trimmed <= now.trimmed
    assert f"targets {better.targets_length}" in str(better)


def test_no_suggestion_where_nothing_is_gained():
    lengths = np.tile([[64, 16]], (512, 1))  # fills 512/128 to the last position
    assert packing.evaluate_lengths(lengths, 512, 128).density == 1.0
    assert packing.suggest_lengths(lengths, 512, 128) is None
