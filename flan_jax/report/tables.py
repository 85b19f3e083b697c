"""Numbers as people read them, and Markdown's tables."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["markdown_table", "markdown_text", "percent", "percent_interval", "share"]


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The table's lines; what would end a cell or begin HTML inside one is escaped."""
    lines = [f"| {' | '.join(map(markdown_text, header))} |", "|" + "---|" * len(header)]
    return lines + [f"| {' | '.join(map(markdown_text, row))} |" for row in rows]


def markdown_text(text: str) -> str:
    """A text of data on a line of Markdown: it begins no HTML, and ends neither the line nor a table's cell."""
    return " ".join(text.split("\n")).replace("|", r"\|").replace("<", "&lt;")


def percent(value: float, sign: str = "") -> str:
    """A score of 0 to 1 in percent with one decimal. `sign`: `+` to show it, for differences."""
    return f"{100 * value:{sign}.1f}"


def percent_interval(mean: float, low: float, high: float, sign: str = "") -> str:
    """A score with its interval, in percent: `41.5 [38.0, 45.1]`.

    Args:
      mean: the score, as a share of 1.
      low: the lower bound; NaN for a score without an interval.
      high: the upper bound.
      sign: what a positive number begins with.
    """
    return f"{percent(mean, sign)} [{percent(low, sign)}, {percent(high, sign)}]"


def share(count: int, total: int, num_decimals: int = 0) -> str:
    """`count` of `total` in percent with a percent sign; `0` for none, where 0.0% would hide one in many."""
    return f"{100 * count / total:.{num_decimals}f}%" if count else "0"
