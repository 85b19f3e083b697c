"""The end of a run, told on a terminal of any width: what it gained first, and what else there is to read."""

from __future__ import annotations

import os

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from flan_jax.core.errors import counted
from flan_jax.core.terminal import styled
from flan_jax.report.run_data import Report, Row, describe_kind, load_report
from flan_jax.report.run_text import NUM_WORDS, cells, columns, in_points, sample_lines, sentences, why_selected
from flan_jax.report.terminal_table import report_console, score_table

_LONGEST_SAMPLE = 300  # characters of a prompt or answer
# Rows of the whole table of scores that a terminal shows; report.html has it at any length.
_MOST_ROWS = 8
_NUM_SAMPLES = 2

__all__ = ["print_report"]


def print_report(model_dir: str | os.PathLike[str], console: Console | None = None) -> None:
    """Prints what was gained, the selection, samples, files and next commands to `console` (default: standard output).

    Scores are points above chance: 0 is guessing, 100 is perfect. The table of all held-out tasks by their own metrics
    is in report.html, and here too where it is short.
    """
    console = console or report_console()
    report = load_report(model_dir)
    console.print()
    for number, sentence in enumerate(sentences(report)):
        console.print(sentence, style="bold" if number == 0 else None)
    console.print()
    console.print(_kinds_table(report))
    for kind in sorted({row.kind for row in report.rows}):
        console.print(styled("  ", (kind or "not held out", "bold"), f": {describe_kind(kind)}"))
    if len(report.rows) <= _MOST_ROWS:
        console.print(_table(report, console.width))
    for warning in report.warnings:
        console.print(f"  note: {warning}", style="yellow")
    chosen = f"\nSelected: step {report.selected['step']}"
    console.print(styled((chosen, "bold"), f". {why_selected(report)}"))
    for pair in report.samples[:_NUM_SAMPLES]:
        console.print(styled(("\nSample", "bold"), f" from {pair.task} ({pair.kind or 'not held out'})"))
        for name, text in sample_lines(pair):
            if len(text) > _LONGEST_SAMPLE:
                text = f"{text[:_LONGEST_SAMPLE]} … ({len(text) - _LONGEST_SAMPLE} more characters, see report.html)"
            console.print(Padding(styled((f"{name:10}", "dim"), text), (0, 0, 0, 2)))
    console.print("\nFiles", style="bold")
    for file, meaning in report.files:
        console.print(styled(f"  {file}  ", (meaning, "dim")), soft_wrap=True)
    console.print("\nNext", style="bold")
    for command, meaning in report.commands:
        console.print(styled(f"  {command}  ", (f"# {meaning}", "dim")), soft_wrap=True)


def _kinds_table(report: Report) -> Table:
    """A line a kind of held-out and format, within 80 columns."""
    table = Table(
        title="Points above chance: 0 is guessing, 100 is perfect",
        caption=f"brackets are {report.confidence:.0%} intervals over tasks and examples",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    table.add_column("held out", overflow="fold")
    table.add_column("asked", overflow="fold")
    for name in ("tasks", "before", "after", "gain"):
        table.add_column(name, justify="right", overflow="fold")
    for row in report.kinds:
        table.add_row(*_kind_cells(row))
    return table


def _kind_cells(row: Row) -> list[str]:
    before = "-" if row.before is None else f"{100 * row.before.mean:.0f}"
    gain = "-" if row.gain is None else in_points(row.gain, sign="+")
    return [row.kind or "not held out", row.format, str(row.num_tasks), before, in_points(row.after), gain]


def _table(report: Report, width: int) -> Table:
    return score_table(
        columns(report),
        [cells(row) for row in report.rows],
        [cells(row) for row in report.summary],
        num_words=NUM_WORDS,
        width=width,
        title="Held-out tasks, before and after" if report.before else "Held-out tasks",
        caption=f"percent; {report.confidence:.0%} bootstrap intervals over tasks and examples, by {_metrics(report)}",
        styles=["dim" if row.group == "selection" else "" for row in report.rows],
    )


def _metrics(report: Report) -> str:
    names = sorted({row.metric for row in report.rows})
    return counted(len(names), "metric") if len(names) > 3 else ", ".join(names)
