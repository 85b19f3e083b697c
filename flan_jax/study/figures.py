"""A study's curve: the normalised average along its first axis, a line a level of the others, the paper's beside it."""

from __future__ import annotations

import collections
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from flan_jax.report.figures import LINE, WIDTH, new_figure, to_png
from flan_jax.study.study import Study, position_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Told apart by people who see few colours, and in grey.
_COLOURS = ("#2563a8", "#d9822b", "#1a7f37", "#8250df", "#b42318", "#57606a")
_MARKS = ("o", "s", "^", "D", "v", "P")

_OVER = {"parameters": "parameters of the model", "flops": "floating-point operations of training"}

__all__ = ["ladder", "ladder_png", "over"]


def over(study: Study) -> str:
    """What its curve is plotted over, for people."""
    return _OVER.get(study.over, study.along)


def ladder_png(
    study: Study, averages: Mapping[tuple[str, ...], Sequence[float]], sizes: Mapping[tuple[str, ...], float]
) -> bytes:
    """`ladder` as a file."""
    return to_png(ladder(study, averages, sizes))


def ladder(
    study: Study, averages: Mapping[tuple[str, ...], Sequence[float]], sizes: Mapping[tuple[str, ...], float]
) -> Figure:
    """Means over seeds with a band from the lowest to the highest seed; published curves dashed. An axis whose levels
    are numbers is logarithmic, as one of parameters or operations is, and the model before training stands at its left
    end. Levels that are only names are points with bars, as nothing lies between two of them.

    Args:
      study: the study.
      averages: levels -> normalised average in points, one a seed (`flan_jax.study.verdicts.averages`).
      sizes: levels -> parameters or operations, empty where levels are plotted over (`flan_jax.study.verdicts.sizes`).
    """
    levels = study.levels(study.along)
    places = _places(study)
    is_log = bool(sizes) or all(position_of(level) > 0 or level in study.start.values() for level in levels)
    spread = {key: size if size else _before(sizes) for key, size in sizes.items()}  # no operations: not trained
    figure = new_figure(0.75 * WIDTH, 4.6)
    axes = figure.subplots()
    lines: dict[tuple[str, ...], dict[str, Sequence[float]]] = collections.defaultdict(dict)
    for key, values in averages.items():
        lines[key[1:]][key[0]] = values
    for number, others in enumerate(sorted(lines, key=lambda others: _order(study, others))):
        found = lines[others]
        shown = [level for level in levels if level in found]
        at = [spread[(level, *others)] if spread else places[level] for level in shown]
        colour = _COLOURS[number % len(_COLOURS)]
        label = ", ".join(f"{axis} {level}" for axis, level in zip([*study.axes][1:], others, strict=True)) or "ours"
        lowest, highest = [min(found[level]) for level in shown], [max(found[level]) for level in shown]
        means = [float(np.mean(found[level])) for level in shown]
        style = "-" if is_log else "none"
        axes.plot(at, means, linestyle=style, color=colour, marker=_MARKS[number % len(_MARKS)], label=label)
        if is_log:
            axes.fill_between(at, lowest, highest, color=colour, alpha=0.15)
        else:
            axes.vlines(at, lowest, highest, color=colour, alpha=0.5, linewidth=2.0)
    for number, (label, points) in enumerate(study.published.items()):
        known = [level for level in levels if level in points]
        at, heights = [places[level] for level in known], [points[level] for level in known]
        axes.plot(at, heights, color=LINE, linestyle=("--", ":", "-.")[number % 3], marker=".", label=label)
    if is_log:
        axes.set_xscale("log")
    if not spread:
        axes.set_xticks([places[level] for level in levels], levels)
        axes.minorticks_off()
    axes.axhline(0.0, color=LINE, linewidth=0.8)
    axes.set_xlabel(over(study))
    axes.set_ylabel("normalised average, points (0 is chance)")
    if len(lines) + len(study.published) > 1:
        axes.legend(frameon=False, fontsize=9)
    return figure


def _places(study: Study) -> dict[str, float]:
    """Of each level of the first axis: its number, or its rank where one of them is no number."""
    levels = study.levels(study.along)
    numbers = {level: position_of(level) for level in levels}
    trained = [numbers[level] for level in study.axes[study.along]]
    if any(math.isnan(number) or number <= 0 for number in trained):
        return {level: float(rank) for rank, level in enumerate(levels)}
    # A step left of the first one, which 0 has no place for on a logarithmic axis.
    step = (max(trained) / min(trained)) ** (1 / max(1, len(trained) - 1)) if len(trained) > 1 else 2.0
    start = study.start.get(study.along)
    return {level: min(trained) / step if level == start else number for level, number in numbers.items()}


def _before(sizes: Mapping[tuple[str, ...], float]) -> float:
    """Where the model before training stands, as 0 has no place on a logarithmic axis: half left of what there is."""
    return min((size for size in sizes.values() if size), default=1.0) / 2


def _order(study: Study, others: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(study.levels(axis).index(level) for axis, level in zip([*study.axes][1:], others, strict=True))
