"""All runs below a folder, told on the terminal."""

from __future__ import annotations

from rich.console import Console

from flan_jax.core.terminal import console as new_console
from flan_jax.report.board import CONFIDENCE, NUMBERS, Board, board_cells, said_of
from flan_jax.report.terminal_table import NARROW, score_table

__all__ = ["print_board"]


def print_board(board: Board, console: Console | None = None) -> None:
    """Prints a row a run, and what was left out, in at most 80 columns.

    Args:
      board: of `read_board`.
      console: where it goes; standard output by default.
    """
    console = console or new_console(highlight=False)
    width, numbers = min(console.width, NARROW), board.set_numbers()
    console.print(f"{said_of(board)}.", width=width)
    rows = []
    for row in board.rows:
        name, model, mixture, ended, *counts = board_cells(row, numbers.get(row.name))
        # The name has a line to itself.
        rows.append([name, "", "" if model == "-" else model, mixture, ended, *counts])
    if rows:
        table = score_table(
            ["name", "size", "", "mixture", "ended", *NUMBERS[1:]],
            rows,
            [],
            num_words=5,
            width=width,
            title="By report average",
            caption=f"percent, {CONFIDENCE:.0%} intervals; rank runs of one set of tasks alone",
        )
        console.print(table, width=width)
    for each in board.unread:
        console.print(f"left out: {each.name}: {each.reason}", width=width, style="yellow")
    for row in board.rows:
        for note in row.notes:
            console.print(f"note: {row.name}: {note}", width=width, style="yellow")
