"""Scores as a table on a terminal of any width: nothing is cut, what is too wide stands below."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flan_jax.core.terminal import console

NARROW = 80  # characters of what is to fit any terminal
_FILE_WIDTH = 180  # characters of a table that goes to a file
_WIDE = 170  # from here on a score and its interval stand side by side
_MEDIUM = 150  # from here on each word has a column

__all__ = ["NARROW", "report_console", "score_table"]


def report_console() -> Console:
    """Standard output; where that is no terminal, wide enough that no table is cut."""
    shown = console()
    return shown if shown.is_terminal else console(width=_FILE_WIDTH)


def score_table(
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    summary: Sequence[Sequence[str]],
    *,
    num_words: int,
    width: int,
    title: str,
    caption: str,
    styles: Sequence[str] = (),
) -> Table:
    """A table of words and numbers, laid out for `width`.

    Args:
      header: names of the columns: `num_words` of words, then numbers.
      rows: their cells, as text; an interval is in brackets after its score.
      summary: rows below a line.
      num_words: columns of words. On a narrow terminal all but the scores with intervals share one column: the first
        two words, and the rest below.
      width: characters of a line.
      title, caption: text above and below.
      styles: rich's, of each of `rows`; plain by default.
    """
    is_narrow = width < _MEDIUM
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD if is_narrow else box.HEAVY_HEAD)
    numbers = range(num_words, len(header))
    scores = [i for i in numbers if any("[" in row[i] for row in (*rows, *summary))] if is_narrow else list(numbers)
    if is_narrow:
        table.collapse_padding, table.pad_edge = True, False
        table.add_column(", ".join(header[:2]), overflow="fold")
    else:
        for name in header[:num_words]:
            table.add_column(name, overflow="fold")
    for i in scores:
        table.add_column(header[i].replace(" (", "\n(") if is_narrow else header[i], justify="right", no_wrap=True)

    def add(cells: Sequence[str], style: str) -> None:
        words: list[str | Text] = list(cells[:num_words])
        if is_narrow:
            others = [f"{header[i]} {cells[i]}" for i in numbers if i not in scores and cells[i] not in ("", "-")]
            lines = [cells[:2], cells[2:num_words], others]
            first, *rest = [", ".join(filter(None, line)) for line in lines if any(line)]
            words = [Text.assemble(first, ("".join(f"\n{line}" for line in rest), "dim"))]
        shown = (cells[i].replace(" [", "\n[") if width < _WIDE else cells[i] for i in scores)
        table.add_row(*words, *shown, style=style)

    for row, style in zip(rows, styles or [""] * len(rows), strict=True):
        add(row, style)
    table.add_section()
    for row in summary:
        add(row, "bold")
    return table
