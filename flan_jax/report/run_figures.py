"""A run's figures, as PNG bytes: its curves, and scores before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from flan_jax.report.figures import AFTER, BEFORE, LINE, SELECTED, WIDTH, bar, mark_chance, new_figure, to_png
from flan_jax.report.run_data import Report, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["curves_png", "gains_png"]


def curves_png(report: Report) -> bytes:
    """Two panels: training loss by step; held-out normalised averages by step, the selected one marked."""
    figure = new_figure(WIDTH, 3.8)
    left, right = figure.subplots(1, 2)
    _plot_loss(left, report)
    _plot_held_out(right, report)
    return to_png(figure)


def gains_png(report: Report) -> bytes:
    """Bars before and after, one pair a row of the report, with intervals and chance."""
    from matplotlib.patches import Patch

    rows = [*report.summary, *report.rows]
    figure = new_figure(WIDTH, 0.9 + 0.46 * len(rows))
    axes = figure.subplots()
    for position, row in enumerate(rows):
        _bars(axes, position, row)
    axes.set_yticks(range(len(rows)), [_label(row) for row in rows])
    axes.invert_yaxis()
    axes.axvline(0.0, color=LINE, linewidth=0.8)
    axes.set_xlabel(f"score, percent ({report.confidence:.0%} intervals; dotted: chance)")
    handles = [Patch(color=BEFORE, label="before"), Patch(color=AFTER, label="after")]
    figure.legend(handles=handles, loc="outside upper right", ncols=2, frameon=False)
    return to_png(figure)


def _plot_loss(axes: Axes, report: Report) -> None:
    axes.set_title("training loss")
    axes.set_xlabel("step")
    if not report.metrics:
        axes.text(0.5, 0.5, "no metrics.jsonl", ha="center", transform=axes.transAxes)
        return
    steps = np.array([line["step"] for line in report.metrics])
    losses = np.array([line["loss"] for line in report.metrics], np.float64)
    axes.plot(steps, losses, color=BEFORE, linewidth=1.0, label="as logged")
    width = max(1, len(losses) // 20)
    if width > 1:
        smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
        axes.plot(steps[width - 1 :], smooth, color=AFTER, linewidth=1.8, label=f"mean of {width} lines")
        axes.legend(frameon=False)
    axes.axvline(report.selected["step"], color=SELECTED, linewidth=1.0, linestyle="--")


def _plot_held_out(axes: Axes, report: Report) -> None:
    axes.set_title("held-out normalised average (0 = chance, 1 = perfect)")
    axes.set_xlabel("step")
    for group, color in (("selection", SELECTED), ("report", AFTER)):
        points = [(r.step, value) for r in report.results if (value := r.average(group)) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), color=color, marker="o", markersize=3.5, label=f"{group} tasks")
    step = report.selected["step"]
    axes.axvline(step, color=SELECTED, linewidth=1.0, linestyle="--", label=f"selected: step {step}")
    axes.axhline(0.0, color=LINE, linewidth=0.8)
    axes.legend(frameon=False)


def _bars(axes: Axes, position: int, row: Row) -> None:
    for offset, interval, color in ((-0.19, row.before, BEFORE), (0.19, row.after, AFTER)):
        if interval is not None:
            bar(axes, position + offset, interval.mean, interval.low, interval.high, color=color, height=0.36)
    if row.chance:
        mark_chance(axes, position, row.chance)


def _label(row: Row) -> str:
    if row.label:
        return f"{row.label}, {row.group} tasks"
    return f"{row.cluster}, {row.format} ({row.kind or 'not held out'})"
