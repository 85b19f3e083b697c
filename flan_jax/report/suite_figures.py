"""Figures of a suite's page, as PNG bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from flan_jax.evaluate.aggregates.calibration import Calibration
from flan_jax.evaluate.results.eval_results import SubtaskResult, TaskResult
from flan_jax.report.figures import AFTER, BEFORE, LINE, SELECTED, WIDTH, bar, mark_chance, new_figure, to_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LONGEST_LABEL = 46
BAR_INCHES = 0.21
PANELS_A_ROW = 3

__all__ = ["calibration_png", "formats_png", "name_of", "overview_png", "shortened", "spread_png", "subtasks_png"]


def overview_png(results: Sequence[TaskResult]) -> bytes:
    """A bar for each benchmark and format, with interval and chance."""
    figure = new_figure(WIDTH, 1.0 + 0.34 * len(results))
    axes = figure.subplots()
    bars = [(name_of(r), r.score, r.low, r.high, r.chance) for r in results]
    _bars(axes, bars)
    axes.set_xlim(0, _end([max(r.score, r.high, r.chance) for r in results]))
    axes.set_xlabel("score, percent (95% interval; dotted: chance)")
    return to_png(figure)


def subtasks_png(result: TaskResult) -> bytes:
    """A bar for each subtask, one panel a group, best first; dashed: the group's mean."""
    panels: dict[str, list[SubtaskResult]] = {}
    for subtask in result.subtasks:
        panels.setdefault(subtask.groups[0] if subtask.groups else "", []).append(subtask)
    heights = [len(members) + 1.6 for members in panels.values()]
    figure = new_figure(WIDTH, 0.5 + BAR_INCHES * sum(heights))
    all_axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights})
    # Not the intervals: of a few items they all reach from 0 to 100.
    end = _end([max(subtask.metrics[result.metric], subtask.chance) for subtask in result.subtasks])
    for axes, (group, members) in zip(all_axes[:, 0], panels.items(), strict=True):
        ordered = sorted(members, key=lambda s: (-s.metrics[result.metric], s.name))
        _bars(axes, [(s.name, s.metrics[result.metric], s.low, s.high, s.chance) for s in ordered])
        mean = math.fsum(s.metrics[result.metric] for s in members) / len(members)
        axes.axvline(100 * mean, color=SELECTED, linestyle="--", linewidth=1.2)
        title = f"{group}: mean {100 * mean:.1f}" if group else f"mean {100 * mean:.1f}"
        axes.set_title(title, loc="left", fontsize=10, fontweight="bold", color="#444b54")
        axes.set_xlim(0, end)
        axes.margins(y=0.5 / len(members) if len(members) > 1 else 0.3)
    all_axes[-1, 0].set_xlabel(f"{result.metric}, percent (95% intervals; dotted: chance; dashed: mean)")
    return to_png(figure)


def formats_png(pairs: Sequence[tuple[TaskResult, TaskResult]]) -> bytes:
    """(direct, chain of thought) of benchmarks scored both ways: bars, and a point for each subtask."""
    figure = new_figure(WIDTH, max(4.2, 1.2 + 0.62 * len(pairs)))
    left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.35, 1.0]})
    for position, pair in enumerate(pairs):
        for offset, result, color in ((-0.2, pair[0], BEFORE), (0.2, pair[1], AFTER)):
            label = ("direct", "chain of thought")[offset > 0] if position == 0 else None
            place = position + offset
            bar(left, place, result.score, result.low, result.high, color=color, height=0.38, label=label)
        mark_chance(left, position, pair[0].chance)
    names = [shortened(f"{a.benchmark}\n{a.format}, {b.published_format}") for a, b in pairs]
    left.set_yticks(range(len(pairs)), names)
    left.invert_yaxis()
    left.set_xlim(0, _end([max(r.score, r.high, r.chance) for pair in pairs for r in pair]))
    left.set_xlabel("score, percent (95% intervals; dotted: chance)")
    left.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    _scatter(right, pairs)
    return to_png(figure)


def spread_png(rows: Mapping[str, Sequence[float]], chances: Mapping[str, float], what: str) -> bytes:
    """A point for each prompt of a data set, with median and middle half.

    Args:
      rows: data set -> scores in [0, 1], one a prompt. chances: data set -> chance. what: a prompt's word.
    """
    figure = new_figure(WIDTH, 1.0 + 0.42 * len(rows))
    axes = figure.subplots()
    for position, scores in enumerate(rows.values()):
        low, median, high = np.quantile(np.asarray(scores, np.float64), [0.25, 0.5, 0.75])
        axes.barh(position, 100 * (high - low), left=100 * low, height=0.5, color=BEFORE, zorder=1)
        axes.plot([100 * median] * 2, [position - 0.3, position + 0.3], color=SELECTED, linewidth=2.4, zorder=3)
        # Equal scores side by side, the same way every time.
        jitter = 0.3 * (np.arange(len(scores)) / max(1, len(scores) - 1) - 0.5)
        axes.scatter(100 * np.asarray(scores), position + jitter, s=16, color=AFTER, alpha=0.8, zorder=2)
    for position, name in enumerate(rows):
        mark_chance(axes, position, chances[name])
    labels = [f"{shortened(name)} ({len(scores)})" for name, scores in rows.items()]
    axes.set_yticks(range(len(rows)), labels, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(0, _end([max(*scores, chances[name]) for name, scores in rows.items()]))
    axes.set_xlabel(f"score, percent (point: a {what}; box: middle half; line: median; dotted: chance)")
    return to_png(figure)


def calibration_png(found: Sequence[tuple[str, Calibration]]) -> bytes:
    """A reliability diagram for each of some ranked benchmarks, three a row; below each, how many items a bin has."""
    num_rows = -(-len(found) // PANELS_A_ROW)
    num_columns = min(len(found), PANELS_A_ROW)
    figure = new_figure(3.5 * num_columns, 4.5 * num_rows)
    figure.set_layout_engine("constrained", h_pad=0.1)
    ratios = [3.0, 1.0] * num_rows
    all_axes = figure.subplots(2 * num_rows, num_columns, squeeze=False, gridspec_kw={"height_ratios": ratios})
    for place in range(num_rows * num_columns):
        row, column = divmod(place, num_columns)
        curve, counts = all_axes[2 * row, column], all_axes[2 * row + 1, column]
        if place >= len(found):
            curve.set_visible(False)
            counts.set_visible(False)
            continue
        _reliability(curve, counts, *found[place])
    return to_png(figure)


def name_of(result: TaskResult) -> str:
    """A benchmark with its format, as `--suite` takes it."""
    return f"{result.benchmark}:{result.published_format}"


def shortened(text: str) -> str:
    """Text of at most LONGEST_LABEL characters: the middle goes, as names differ at their ends."""
    if len(text) <= LONGEST_LABEL:
        return text
    half = (LONGEST_LABEL - 1) // 2
    return f"{text[:half]}…{text[-half:]}"


def _bars(axes: Axes, rows: Sequence[tuple[str, float, float, float, float]]) -> None:
    """(name, score, low, high, chance) a bar, from the top."""
    for position, (_, score, low, high, chance) in enumerate(rows):
        bar(axes, position, score, low, high)
        mark_chance(axes, position, chance)
    axes.set_yticks(range(len(rows)), [f"{shortened(row[0])}  {100 * row[1]:.1f}" for row in rows], fontsize=8.5)
    axes.invert_yaxis()


def _scatter(axes: Axes, pairs: Sequence[tuple[TaskResult, TaskResult]]) -> None:
    for direct, thought in pairs:
        ours = {s.name: s.metrics[thought.metric] for s in thought.subtasks}
        points = [(s.metrics[direct.metric], ours[s.name]) for s in direct.subtasks if s.name in ours]
        if points:
            x, y = zip(*points, strict=True)
            axes.scatter(100 * np.array(x), 100 * np.array(y), s=18, alpha=0.6, label=direct.benchmark)
    end = max(axes.get_xlim()[1], axes.get_ylim()[1], 5.0)
    axes.plot([0, end], [0, end], color=LINE, linewidth=0.8)
    axes.set_xlim(-0.03 * end, end)
    axes.set_ylim(-0.03 * end, end)
    axes.set_aspect("equal")
    axes.set_xlabel("direct, percent")
    axes.set_ylabel("chain of thought, percent")
    axes.set_title("each subtask", fontsize=10)
    if len(pairs) > 1:
        axes.legend(frameon=False, fontsize=8)


def _reliability(curve: Axes, counts: Axes, name: str, found: Calibration) -> None:
    filled = [b for b in found.bins if b.num_items]
    curve.plot([0, 100], [0, 100], color=LINE, linewidth=0.8)
    width = 100 / len(found.bins)
    middles = [50 * (b.low + b.high) for b in filled]
    curve.bar(middles, [100 * b.accuracy for b in filled], width=0.92 * width, color=AFTER, alpha=0.45)
    curve.plot([100 * b.confidence for b in filled], [100 * b.accuracy for b in filled], "o-", color=AFTER, ms=4)
    curve.set_xlim(0, 100)
    curve.set_ylim(0, 100)
    curve.set_ylabel("right, percent")
    curve.set_title(f"{shortened(name)}\nECE {100 * found.expected_error:.1f}", fontsize=10)
    counts.bar(middles, [b.num_items for b in filled], width=0.92 * width, color=BEFORE)
    counts.set_xlim(0, 100)
    counts.set_xlabel("confidence, percent")
    counts.set_ylabel("items")


def _end(scores: Sequence[float]) -> float:
    """Right end of an axis in percent: a round number above the longest bar."""
    finite = [score for score in scores if math.isfinite(score)]
    return min(100.0, 10.0 * math.ceil(10.0 * max([0.05, *finite]) + 0.2)) + 1.0
