"""A run's figures, as PNG bytes: its curves, and scores before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from flan_jax.evaluate import EvalResults
from flan_jax.report.figures import AFTER, BEFORE, LINE, SELECTED, WIDTH, bar, mark_chance, new_figure, to_png
from flan_jax.report.run_data import Report, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["curves", "curves_png", "gains_png"]


def curves_png(report: Report) -> bytes:
    """`curves` as a file."""
    return to_png(curves(report.metrics, report.results, report.selected["step"]))


def curves(
    metrics: Sequence[Mapping[str, Any]], results: Sequence[EvalResults], selected_step: int | None = None
) -> Figure:
    """Training loss by step and, where the run was judged, held-out normalised averages by step, each a panel; the
    selected step is marked in both.

    Args:
      metrics: lines of metrics.jsonl.
      results: of evals.jsonl; a run without has one panel.
      selected_step: None where none is selected yet.
    """
    panels = [_plot_loss, _plot_held_out] if results else [_plot_loss]
    figure = new_figure(WIDTH if results else 0.6 * WIDTH, 3.8)
    for axes, plot in zip(np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True):
        plot(axes, metrics, results)
        axes.set_xlabel("step")
        axes.xaxis.get_major_locator().set_params(integer=True)
        if selected_step is not None and results:
            label = f"selected: step {selected_step:,}"
            axes.axvline(selected_step, color=SELECTED, linewidth=1.0, linestyle="--", label=label)
        if len(axes.get_legend_handles_labels()[0]) > 1:
            axes.legend(frameon=False)
    return figure


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


def _plot_loss(axes: Axes, metrics: Sequence[Mapping[str, Any]], _: Sequence[EvalResults]) -> None:
    axes.set_title("training loss")
    axes.set_ylabel("nats a target token")
    if not metrics:
        axes.text(0.5, 0.5, "no metrics.jsonl", ha="center", transform=axes.transAxes)
        return
    steps = np.array([line["step"] for line in metrics])
    losses = np.array([line["loss"] for line in metrics], np.float64)
    width = max(1, len(losses) // 20)
    if width == 1:
        axes.plot(steps, losses, color=AFTER, linewidth=1.8, marker="o", markersize=3.5, label="as logged")
        return
    axes.plot(steps, losses, color=BEFORE, linewidth=1.0, label="as logged")
    smooth = np.convolve(losses, np.ones(width) / width, mode="valid")
    axes.plot(steps[width - 1 :], smooth, color=AFTER, linewidth=1.8, label=f"mean of {width} lines")


def _plot_held_out(axes: Axes, _: Sequence[Mapping[str, Any]], results: Sequence[EvalResults]) -> None:
    axes.set_title("held-out score")
    axes.set_ylabel("normalised average (0 chance, 1 perfect)")
    for group, color in (("selection", SELECTED), ("report", AFTER)):
        points = [(r.step, value) for r in results if (value := r.average(group)) is not None]
        if points:
            axes.plot(*zip(*points, strict=True), color=color, marker="o", markersize=3.5, label=f"{group} tasks")
    axes.axhline(0.0, color=LINE, linewidth=0.8)


def _bars(axes: Axes, position: int, row: Row) -> None:
    for offset, interval, color in ((-0.19, row.before, BEFORE), (0.19, row.after, AFTER)):
        if interval is not None:
            bar(axes, position + offset, interval.mean, interval.low, interval.high, color=color, height=0.36)
    if row.chance:
        mark_chance(axes, position, row.chance)


def _label(row: Row) -> str:
    if row.label:
        return f"{row.label}, {row.group} tasks"
    return f"{row.cluster}, {row.format}, {row.group} ({row.kind or 'not held out'})"
