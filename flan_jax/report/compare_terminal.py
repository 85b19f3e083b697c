"""A comparison of runs, told on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from flan_jax.core.errors import counted, some_of
from flan_jax.core.terminal import console as new_console
from flan_jax.evaluate.compare import Comparison, RunComparison
from flan_jax.report.compare_text import average_cells, how, sentence, task_cells
from flan_jax.report.terminal_table import NARROW, score_table

# Of the page's columns those that fit, each with its place there. The task's name has a line to itself.
_COLUMNS = {"task": 0, "": None, "verdict": 1, "metric": 2, "n": 4, "chance": 5}
_COLUMNS |= {"baseline": 6, "run": 7, "difference": 8, "p": 10}
_NUM_WORDS = 4
_STYLES = {"better": "green", "worse": "red"}

__all__ = ["print_comparison"]


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """Prints a sentence and a table a run, in at most 80 columns.

    Args:
      comparison: of `compare`.
      console: where it goes; standard output by default.
    """
    console = console or new_console(highlight=False)
    width = min(console.width, NARROW)
    for run in comparison.runs:
        console.print(f"{sentence(comparison, run)}.", width=width)
    console.print()
    for number, judged in enumerate(comparison.judged):
        console.print(f"{'run' if number else 'baseline'}: {judged.title}", width=width, style="dim")
    for run in comparison.runs:
        _print_run(comparison, run, console, width)
    console.print(how(comparison), width=width, style="dim")


def _print_run(comparison: Comparison, run: RunComparison, console: Console, width: int) -> None:
    table = score_table(
        ["task", "verdict", *list(_COLUMNS)[2:]],
        [_fitting(task_cells(task)) for task in run.tasks],
        [_fitting(average_cells(run))],
        num_words=_NUM_WORDS,
        width=width,
        title=f"{run.name} beside {comparison.baseline.name}",
        caption="percent; p: permutation test, corrected by Holm's method",
        styles=[_STYLES.get(task.verdict, "") for task in run.tasks],
    )
    console.print(table, width=width)
    for note in run.notes:
        console.print(f"note: {note}", width=width, style="yellow")
    reasons: dict[str, list[str]] = {}
    for left in run.left_out:
        reasons.setdefault(left.reason, []).append(left.task)
    for reason, tasks in reasons.items():
        told = f"left out: {counted(len(tasks), 'task')}, {reason}: {some_of(tasks)}"
        console.print(told, width=width, style="yellow")


def _fitting(cells: Sequence[str]) -> list[str]:
    return ["" if place is None else cells[place] for place in _COLUMNS.values()]
