"""What every figure has in common: colours, bars with intervals, the mark of chance, and the file's bytes.

Scores are drawn in percent.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from flan_jax.report.png import to_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 10.5  # inches of a figure over the page's whole width
BEFORE, AFTER, SELECTED, LINE = "#b8c0cc", "#2563a8", "#d9822b", "#888888"

__all__ = ["AFTER", "BEFORE", "LINE", "SELECTED", "WIDTH", "bar", "mark_chance", "new_figure", "to_png"]


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, inches. A notebook shows it, without pyplot, which would keep every figure in memory."""
    from flan_jax.report.shown_figure import ShownFigure  # slow to import, and only needed here

    return ShownFigure(figsize=(width, height), layout="constrained")


def bar(
    axes: Axes,
    position: float,
    score: float,
    low: float,
    high: float,
    *,
    color: str = AFTER,
    height: float = 0.7,
    label: str | None = None,
) -> None:
    """A lying bar with its interval.

    Args:
      axes: to draw on.
      position: of the bar's middle; rows are 1 apart.
      score, low, high: in [0, 1]; an interval with an end that is not finite is not drawn.
      color: of the bar.
      height: of the bar, where a row is 1.
      label: in the legend; None for none.
    """
    error = None
    if math.isfinite(low) and math.isfinite(high):
        error = [[100 * max(0.0, score - low)], [100 * max(0.0, high - score)]]
    style = {"elinewidth": 0.9, "ecolor": "#1b1f24", "alpha": 0.75}
    axes.barh(position, 100 * score, height=height, color=color, xerr=error, error_kw=style, label=label)


def mark_chance(axes: Axes, position: float, chance: float) -> None:
    """A dotted line across a row, at what guessing gets (in [0, 1])."""
    axes.plot([100 * chance] * 2, [position - 0.42, position + 0.42], color="black", linestyle=":", linewidth=1.3)
