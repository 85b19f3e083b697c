"""Packing encoder-decoder examples into rows, from lengths alone.

A row has two capacities, inputs and targets, and an example takes some of both: vector bin packing in two dimensions.
Examples are packed in windows of about a thousand, so that a row's examples were drawn at about the same time; all
windows advance in step, so that NumPy does the work.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from flan_jax.core.errors import ConfigError

WINDOW_EXAMPLES = 1024

_PLACED = np.int32(2**31 - 1)  # a size that fits no row

__all__ = [
    "WINDOW_EXAMPLES",
    "LengthSuggestion",
    "density",
    "density_bound",
    "evaluate_lengths",
    "even_windows",
    "fill_rows",
    "first_fit",
    "next_fit",
    "pack_windows",
    "suggest_lengths",
]


def fill_rows(lengths_WE2: np.ndarray, inputs_length: int, targets_length: int) -> np.ndarray:
    """Row of each example within its window, int32 [W, E]; -1 where both lengths are 0 (no example).

    lengths_WE2: int [W, E, 2] token counts (inputs, targets), none over its capacity.

    A window's rows are filled one after another. A row begins with the largest example left (by its larger share of
    a capacity), then takes the one that best fills what is free: the largest product of sizes and free room, each
    side weighted by its share of the window's demand (the dot-product heuristic of Panigrahy et al. 2011, "Heuristics
    for vector bin packing"), until nothing fits. It beats best-fit decreasing at equal speed (docs/feed.md).
    """
    num_windows, num_examples, _ = lengths_WE2.shape
    capacity = np.array([inputs_length, targets_length], np.int32)
    if num_examples and (lengths_WE2 > capacity).any():
        raise ValueError(f"an example is longer than the row {inputs_length}/{targets_length}: trim or drop it first")
    # Sort keys in exact integers: shares of both capacities on one scale, the larger first, the sum breaks ties.
    scaled_WE2 = lengths_WE2.astype(np.int64) * capacity[::-1]
    order_WE = np.argsort(
        -(scaled_WE2.max(-1) * 4 * inputs_length * targets_length + scaled_WE2.sum(-1)), axis=1, kind="stable"
    )
    order_WE = order_WE.astype(np.int32)
    sizes_WE2 = np.take_along_axis(lengths_WE2.astype(np.int32), order_WE[..., None], axis=1)
    demand_W2 = scaled_WE2.sum(axis=1) / np.maximum(1, scaled_WE2.sum(axis=(1, 2)))[:, None]
    # Size and free room both count as shares of their capacity, hence its square; free room comes in below.
    gain_WE2 = (sizes_WE2 * (demand_W2 / capacity.astype(np.float64) ** 2)[:, None]).astype(np.float32)

    rows_WE = np.full((num_windows, num_examples), -1, np.int32)
    windows = np.arange(num_windows)
    # Each side in an array of its own: the loop reads them whole, over and over.
    in_WE, out_WE = np.ascontiguousarray(sizes_WE2[..., 0]), np.ascontiguousarray(sizes_WE2[..., 1])
    gain_in_WE, gain_out_WE = np.ascontiguousarray(gain_WE2[..., 0]), np.ascontiguousarray(gain_WE2[..., 1])
    is_none_WE = (in_WE + out_WE) == 0
    in_WE[is_none_WE] = _PLACED
    free_in_W1 = np.full((num_windows, 1), inputs_length, np.int32)
    free_out_W1 = np.full((num_windows, 1), targets_length, np.int32)
    row_W = np.zeros(num_windows, np.int32)
    is_new_W = np.ones(num_windows, bool)
    num_left = num_windows * num_examples - int(is_none_WE.sum())
    while num_left:
        if num_left * 2 < in_WE.size:  # half the columns hold nothing any more: close the gaps
            width = int((in_WE < _PLACED).sum(axis=1).max())
            # Stable, since columns must stay in order of size.
            keep_WE = np.argsort(in_WE == _PLACED, axis=1, kind="stable")[:, :width]
            in_WE, out_WE, gain_in_WE, gain_out_WE, order_WE = (
                np.take_along_axis(values, keep_WE, axis=1)
                for values in (in_WE, out_WE, gain_in_WE, gain_out_WE, order_WE)
            )
        fits_WE = (in_WE <= free_in_W1) & (out_WE <= free_out_W1)
        score_WE = gain_in_WE * free_in_W1.astype(np.float32) + gain_out_WE * free_out_W1.astype(np.float32)
        # argmax takes the first of equals: of a new row's candidates that is the largest example.
        column_W = np.where(is_new_W, fits_WE.argmax(axis=1), np.where(fits_WE, score_WE, -1).argmax(axis=1))
        is_placed_W = fits_WE[windows, column_W]
        w, column = windows[is_placed_W], column_W[is_placed_W]
        rows_WE[w, order_WE[w, column]] = row_W[w]
        free_in_W1[w, 0] -= in_WE[w, column]
        free_out_W1[w, 0] -= out_WE[w, column]
        in_WE[w, column] = _PLACED
        num_left -= len(w)
        # A row that took nothing is full: its window begins the next one.
        is_new_W = ~is_placed_W
        free_in_W1[is_new_W], free_out_W1[is_new_W] = inputs_length, targets_length
        row_W += is_new_W
    return rows_WE


def first_fit(lengths_E2: np.ndarray, inputs_length: int, targets_length: int, num_open: int = 64) -> np.ndarray:
    """Row of each example, int32 [E]: the first of `num_open` open rows with room, in order of arrival.

    What a streaming packer does, kept for comparison. A row is closed, oldest first, when all are open and none fits.

    Args:
      lengths_E2: int, (inputs, targets) tokens of each example.
      inputs_length: tokens of a row's inputs.
      targets_length: tokens of a row's targets.
    """
    rows_E = np.empty(len(lengths_E2), np.int32)
    free: list[list[int]] = []  # [row, free inputs, free targets], oldest first
    num_rows = 0
    for example, (inputs, targets) in enumerate(lengths_E2.tolist()):
        for row in free:
            if row[1] >= inputs and row[2] >= targets:
                break
        else:
            if len(free) == num_open:
                free.pop(0)
            row = [num_rows, inputs_length, targets_length]
            free.append(row)
            num_rows += 1
        row[1] -= inputs
        row[2] -= targets
        rows_E[example] = row[0]
    return rows_E


def next_fit(lengths_E2: np.ndarray, inputs_length: int, targets_length: int) -> np.ndarray:
    """Row of each example, int32 [E]: a row is closed as soon as the next example does not fit (seqio's packer)."""
    return first_fit(lengths_E2, inputs_length, targets_length, num_open=1)


def even_windows(num_examples: int) -> np.ndarray:
    """The window of each example, int32 [E]: about `WINDOW_EXAMPLES` each, and cut evenly, since a remainder would be a
    small window, and small windows pack worse."""
    num_windows = max(1, round(num_examples / WINDOW_EXAMPLES))
    return (np.arange(num_examples, dtype=np.int64) * num_windows // max(1, num_examples)).astype(np.int32)


def pack_windows(
    lengths_E2: np.ndarray, inputs_length: int, targets_length: int, windows_E: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """(window, row within the window) of each example, int32 [E] each, for examples in order of arrival. Rows count
    from 0 in each window.

    Args:
      lengths_E2: int [E, 2], tokens of inputs and targets.
      inputs_length, targets_length: of a row.
      windows_E: int32 [E], ascending from 0, the window of each example; `even_windows` by default.
    """
    num_examples = len(lengths_E2)
    windows_E = even_windows(num_examples) if windows_E is None else windows_E
    num_windows = int(windows_E[-1]) + 1 if num_examples else 1
    sizes = np.bincount(windows_E, minlength=num_windows)
    places_E = np.arange(num_examples) - (np.cumsum(sizes) - sizes)[windows_E]
    lengths_WE2 = np.zeros((num_windows, int(sizes.max(initial=0)), 2), np.int64)
    lengths_WE2[windows_E, places_E] = lengths_E2
    rows_WE = fill_rows(lengths_WE2, inputs_length, targets_length)
    return windows_E, rows_WE[windows_E, places_E]


def density(lengths_E2: np.ndarray, num_rows: int, inputs_length: int, targets_length: int) -> float:
    """Share of the positions of `num_rows` rows, encoder and decoder, that hold a token.

    Args:
      lengths_E2: int, (inputs, targets) tokens of each example.
      inputs_length: tokens of a row's inputs.
      targets_length: tokens of a row's targets.
    """
    return float(lengths_E2.sum()) / (max(1, num_rows) * (inputs_length + targets_length))


def density_bound(lengths_E2: np.ndarray, inputs_length: int, targets_length: int) -> float:
    """What no packer can exceed: the fuller side fixes the least number of rows, the other side's rest is padding."""
    totals = lengths_E2.sum(axis=0, dtype=np.float64)
    least_rows = max(totals[0] / inputs_length, totals[1] / targets_length)
    return float(totals.sum() / (least_rows * (inputs_length + targets_length))) if least_rows else 0.0


@dataclasses.dataclass(frozen=True)
class LengthSuggestion:
    """What a pair of row lengths would do to a sample of examples.

    density, density_bound: of packed rows. trimmed, dropped: shares of examples whose inputs, targets are too long.
    """

    inputs_length: int
    targets_length: int
    density: float
    density_bound: float
    trimmed: float
    dropped: float

    def __str__(self) -> str:
        return (
            f"inputs {self.inputs_length}, targets {self.targets_length}: density {self.density:.1%} "
            f"(bound {self.density_bound:.1%}), {self.trimmed:.2%} of inputs trimmed, {self.dropped:.2%} dropped"
        )


def evaluate_lengths(lengths_E2: np.ndarray, inputs_length: int, targets_length: int) -> LengthSuggestion:
    """Packs a sample of untrimmed `lengths_E2` at these caps and says what comes of it."""
    fits = lengths_E2[:, 1] <= targets_length
    kept = np.minimum(lengths_E2[fits], [inputs_length, targets_length])
    trimmed = float((lengths_E2[:, 0] > inputs_length).mean())
    if not len(kept):
        return LengthSuggestion(inputs_length, targets_length, 0.0, 0.0, trimmed, 1.0)
    windows, rows = pack_windows(kept, inputs_length, targets_length)
    num_rows = len(np.unique(windows.astype(np.int64) * len(kept) + rows))
    return LengthSuggestion(
        inputs_length,
        targets_length,
        density(kept, num_rows, inputs_length, targets_length),
        density_bound(kept, inputs_length, targets_length),
        trimmed,
        float(1 - fits.mean()),
    )


def suggest_lengths(
    lengths_E2: np.ndarray, inputs_length: int, targets_length: int, multiple: int = 32, max_examples: int = 4096
) -> LengthSuggestion | None:
    """Row lengths that pack the examples denser than the given ones and lose no more of them, or None.

    Candidates keep one cap and set the other so that both fill up together, and their neighbours, in steps of
    `multiple`; the densest by trial wins. At least one point of density must be gained.

    Args:
      lengths_E2: untrimmed (inputs, targets) of examples as they are drawn; an even sample of `max_examples` is tried.
      inputs_length: tokens of a row's inputs now.
      targets_length: tokens of a row's targets now.
    """
    if not len(lengths_E2):
        raise ConfigError("there are no lengths to suggest rows from: cache at least one example")
    sample = lengths_E2[np.linspace(0, len(lengths_E2) - 1, min(len(lengths_E2), max_examples)).astype(np.int64)]
    now = evaluate_lengths(sample, inputs_length, targets_length)
    totals = np.minimum(sample, [inputs_length, max(targets_length, int(sample[:, 1].max()))]).sum(axis=0)
    ratio = float(totals[1] / max(1, totals[0]))
    candidates: set[tuple[int, int]] = set()
    for step in (-1, 0, 1, 2):
        balanced_targets = (round(inputs_length * ratio / multiple) + step) * multiple
        balanced_inputs = (round(targets_length / max(ratio, 1e-9) / multiple) + step) * multiple
        candidates.add((inputs_length, min(max(multiple, balanced_targets), 8 * inputs_length)))
        candidates.add((min(max(multiple, balanced_inputs), 8 * inputs_length), targets_length))
    trials = [evaluate_lengths(sample, *candidate) for candidate in sorted(candidates)]
    better = [
        trial
        for trial in trials
        if trial.density >= now.density + 0.01 and trial.dropped <= now.dropped and trial.trimmed <= now.trimmed
    ]
    return max(better, key=lambda trial: trial.density, default=None)
