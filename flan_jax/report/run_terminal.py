"""The end of a run, told on the terminal."""

from __future__ import annotations

import os

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from flan_jax.core.terminal import styled
from flan_jax.report.run_data import Report, describe_kind, load_report
from flan_jax.report.run_text import NUM_WORDS, cells, columns, other_metrics, sample_lines, why_selected
from flan_jax.report.terminal_table import report_console, score_table

_LONGEST_SAMPLE = 700  # characters of a prompt or answer

__all__ = ["print_report"]


def print_report(model_dir: str | os.PathLike[str], console: Console | None = None) -> None:
    """Prints the table, the selection, samples, files and next commands to `console` (default: standard output)."""
    console = console or report_console()
    report = load_report(model_dir)
    console.print()
    console.print(_table(report, console.width))
    for kind in sorted({row.kind for row in report.rows}):
        console.print(styled("  ", (kind or "not held out", "bold"), f": {describe_kind(kind)}"))
    for line in other_metrics(report):
        console.print(f"  {line}")
    for warning in report.warnings:
        console.print(f"  note: {warning}", style="yellow")
    chosen = f"\nSelected: step {report.selected['step']}"
    console.print(styled((chosen, "bold"), f". {why_selected(report)}"))
    for pair in report.samples:
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


def _table(report: Report, width: int) -> Table:
    return score_table(
        columns(report),
        [cells(row) for row in report.rows],
        [cells(row) for row in report.summary],
        num_words=NUM_WORDS,
        width=width,
        title="Held-out tasks, before and after" if report.before else "Held-out tasks",
        caption=f"percent; {report.confidence:.0%} bootstrap intervals over tasks and examples",
        styles=["dim" if row.group == "selection" else "" for row in report.rows],
    )
