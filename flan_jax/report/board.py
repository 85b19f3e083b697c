"""All runs below a folder beside each other: a row each, and which of them were judged on the same tasks."""

from __future__ import annotations

import collections
import dataclasses
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from flan_jax.core.errors import counted
from flan_jax.evaluate.aggregates.statistics import Interval
from flan_jax.report.tables import percent_interval

CONFIDENCE = 0.95  # of the averages' intervals
# Columns of words, then of numbers.
WORDS = ("name", "model", "mixture")
NUMBERS = ("ended (UTC)", "steps", "selected", "tokens", "task set", "selection", "report")

__all__ = [
    "CONFIDENCE",
    "NUMBERS",
    "WORDS",
    "Board",
    "Row",
    "TaskSet",
    "Unread",
    "board_cells",
    "said_of",
    "size",
    "sorted_rows",
]


@dataclasses.dataclass(frozen=True)
class Row:
    """A run, or an evaluation of its own.

    Attributes:
      name: its folder, from the board's.
      num_parameters: of the selected weights; None where they are not there.
      mixture: what it was trained on; of an evaluation the model's name.
      steps: trained. selected: the step whose scores these are; None where they are not known.
      tokens: seen in training, padding left out; None where that was not logged.
      ended: when training wrote its last line of metrics.jsonl, or the evaluation its results: UTC, to the minute.
      page: its report.html, from the board's folder; "" for none.
      selection, report: normalised averages with intervals over tasks and examples; None without such tasks.
      judged_on: what tells one set of report tasks from another; of each its name, metric, examples.
      settings: of each report task how it was asked (`TaskResult.settings`).
      notes: sentences for whoever reads the row.
    """

    name: str
    num_parameters: int | None
    mixture: str
    steps: int | None
    selected: int | None
    tokens: int | None
    ended: str
    page: str
    selection: Interval | None
    report: Interval | None
    judged_on: tuple[tuple[str, ...], ...] = ()
    settings: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Unread:
    """A folder without scores that could be shown, and why."""

    name: str
    reason: str


@dataclasses.dataclass(frozen=True)
class TaskSet:
    """Runs that were judged on the same report tasks, best first. number: of the set, as the rows have it."""

    number: int
    tasks: tuple[str, ...]
    rows: tuple[Row, ...]

    def rank(self, row: Row) -> int:
        """One more than there are better runs in the set: equals have the same."""
        return 1 + sum(_mean(other) > _mean(row) for other in self.rows)


@dataclasses.dataclass(frozen=True)
class Board:
    """What `read_board` found below `folder`: rows by report average, those without one last."""

    folder: pathlib.Path
    rows: tuple[Row, ...]
    unread: tuple[Unread, ...]

    def task_sets(self) -> list[TaskSet]:
        """The rows by what they were judged on; numbered from 1, sets of most runs first."""
        by_tasks: dict[tuple[tuple[str, ...], ...], list[Row]] = collections.defaultdict(list)
        for row in self.rows:
            if row.judged_on:
                by_tasks[row.judged_on].append(row)
        ordered = sorted(by_tasks.items(), key=lambda item: (-len(item[1]), item[0]))
        return [
            TaskSet(number, tuple(task for task, *_ in tasks), tuple(rows))
            for number, (tasks, rows) in enumerate(ordered, 1)
        ]

    def set_numbers(self) -> dict[str, int]:
        """A row's name -> the number of its task set; rows without report tasks have none."""
        return {row.name: found.number for found in self.task_sets() for row in found.rows}


def sorted_rows(rows: Sequence[Row]) -> tuple[Row, ...]:
    """By report average, the best first; of equals by name, and those without an average last."""
    return tuple(sorted(rows, key=lambda row: (row.report is None, -_mean(row), row.name)))


def board_cells(row: Row, set_number: int | None) -> list[str]:
    """A row's cells, as text."""
    counts = [row.steps, row.selected, row.tokens, set_number]
    return [
        *(row.name, size(row.num_parameters), row.mixture, row.ended),
        *("-" if count is None else f"{count:,}" for count in counts),
        *(_interval(row.selection), _interval(row.report)),
    ]


def size(num_parameters: int | None) -> str:
    """A number of parameters as people say it: 1.7M, 540B."""
    if num_parameters is None:
        return "-"
    for unit, letter in ((10**9, "B"), (10**6, "M"), (10**3, "K")):
        if num_parameters >= unit:
            return f"{num_parameters / unit:.3g}{letter}"
    return str(num_parameters)


def said_of(board: Board) -> str:
    """How many there are of what, in one sentence."""
    sets = board.task_sets()
    return (
        f"{board.folder.absolute().name}: {counted(len(board.rows), 'run or evaluation', 'runs and evaluations')}, "
        f"judged on {counted(len(sets), 'set')} of report tasks; {len(board.unread):,} left out"
    )


def _mean(row: Row) -> float:
    return 0.0 if row.report is None else row.report.mean


def _interval(interval: Interval | None) -> str:
    return "-" if interval is None else percent_interval(interval.mean, interval.low, interval.high)
