"""`board.html`: all runs below a folder on one page, with a table for each set of tasks that some were judged on."""

from __future__ import annotations

import os
import pathlib
import urllib.parse
from collections.abc import Sequence

from flan_jax.core.disk import write_text_atomically
from flan_jax.core.errors import counted
from flan_jax.report.board import CONFIDENCE, NUMBERS, WORDS, Board, Row, TaskSet, board_cells, said_of
from flan_jax.report.page import Markup, html, joined, page, table

BOARD_FILE = "board.html"

__all__ = ["BOARD_FILE", "board_html", "write_board"]


def write_board(board: Board, path: str | os.PathLike[str] | None = None) -> pathlib.Path:
    """Writes the page, whole or not at all, and returns its path.

    Args:
      board: of `read_board`.
      path: of the page; board.html in the board's folder by default.
    """
    path = board.folder / BOARD_FILE if path is None else pathlib.Path(path)
    write_text_atomically(path, board_html(board, path.parent))
    return path


def board_html(board: Board, folder: pathlib.Path) -> str:
    """The page; the same for the same runs.

    Args:
      board: of `read_board`.
      folder: where the page is to lie, from which it links to reports.
    """
    title = f"{board.folder.absolute().name}: all runs"
    to_runs = os.path.relpath(board.folder.absolute(), folder.absolute())
    body = [
        html("<h1>{}</h1><p>{}.</p>", title, said_of(board)),
        _all(board, to_runs),
        *(_ranked(found, to_runs) for found in board.task_sets() if len(found.rows) > 1),
        _alone([found for found in board.task_sets() if len(found.rows) == 1]),
        _unread(board),
        html(
            "<h2>How to read it</h2><p>Averages are normalised, (score - chance) / (1 - chance), over tasks: 0 is "
            "guessing, 100 is perfect; brackets are {:.0%} intervals over tasks and examples. Report tasks picked no "
            "checkpoint; selection tasks did. Two averages whose intervals overlap may still be told apart: "
            "<code>flan-jax compare</code> pairs them by example.</p>",
            CONFIDENCE,
        ),
    ]
    return page(title, body)


def _all(board: Board, to_runs: str) -> Markup:
    numbers = board.set_numbers()
    rows = [_linked(row, board_cells(row, numbers.get(row.name)), to_runs) for row in board.rows]
    caption = (
        "By report average, in percent; runs of two sets of report tasks are not to be "
        "ranked against each other. Tokens are those seen in training, without padding."
    )
    notes = [html("<li>{}: {}</li>", row.name, note) for row in board.rows for note in row.notes]
    told = html("<ul>{}</ul>", joined(notes)) if notes else ""
    return joined([table((*WORDS, *NUMBERS), rows, len(WORDS), caption=caption), told])


def _ranked(found: TaskSet, to_runs: str) -> Markup:
    rows = []
    for row in found.rows:
        name, *_, report = _linked(row, board_cells(row, found.number), to_runs)
        rows.append([str(found.rank(row)), name, report])
    heading = (found.number, counted(len(found.rows), "run"), counted(len(found.tasks), "task"))
    return joined(
        [
            html("<h2>Tasks {} <span class=dim>({} judged on the same {})</span></h2>", *heading),
            table(("rank", "name", "report"), rows, num_words=2),
            html("<details><summary>The tasks</summary><p>{}</p></details>", ", ".join(found.tasks)),
        ]
    )


def _alone(sets: Sequence[TaskSet]) -> Markup | str:
    if not sets:
        return ""
    rows = [(str(found.number), found.rows[0].name, ", ".join(found.tasks)) for found in sets]
    return html("<h2>Judged as no other</h2>{}", table(("task set", "name", "tasks"), rows, num_words=3))


def _unread(board: Board) -> Markup | str:
    if not board.unread:
        return ""
    rows = [(each.name, each.reason) for each in board.unread]
    return html("<h2>Left out</h2>{}", table(("name", "why"), rows, num_words=2))


def _linked(row: Row, cells: Sequence[str], to_runs: str) -> list[str]:
    """The cells, the name as a link to the run's report where it has one."""
    if not row.page:
        return list(cells)
    # Quoted, colons too: a folder's name is a part of a path and nothing else.
    address = urllib.parse.quote(os.path.normpath(os.path.join(to_runs, row.page)).replace(os.sep, "/"))
    return [html('<a href="{}">{}</a>', address, cells[0]), *cells[1:]]
