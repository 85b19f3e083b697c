"""A comparison of runs in files: `compare.html` for readers, `compare.csv` and `compare.json` for programs."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Sequence
from typing import Any

from flan_jax.core.disk import write_sealed, write_text_atomically
from flan_jax.core.errors import counted
from flan_jax.evaluate.compare import Comparison, LeftOut, RunComparison, TaskComparison
from flan_jax.report.compare_text import COLUMNS, NUM_WORDS, average_cells, how, sentence, task_cells
from flan_jax.report.page import Markup, html, joined, page, table, with_interval_below

PAGE, TABLE, VALUES = "compare.html", "compare.csv", "compare.json"
_CSV = (
    *("baseline", "run", "task", "group", "metric", "examples", "chance", "baseline_score", "run_score"),
    *("difference", "low", "high", "p", "p_holm", "verdict"),
)
_CLASSES = {"better": "gain", "worse": "loss"}

__all__ = ["PAGE", "TABLE", "VALUES", "to_csv", "to_html", "to_json", "write_comparison"]


def write_comparison(folder: str | os.PathLike[str], comparison: Comparison) -> tuple[pathlib.Path, ...]:
    """Writes compare.html, compare.csv and compare.json in `folder`, each whole or untouched, and returns their
    paths."""
    where = pathlib.Path(folder)
    write_text_atomically(where / PAGE, to_html(comparison))
    write_text_atomically(where / TABLE, to_csv(comparison))
    write_sealed(where / VALUES, to_json(comparison))
    return where / PAGE, where / TABLE, where / VALUES


def to_json(comparison: Comparison) -> dict[str, Any]:
    """JSON value: everything but the scores an example."""
    judged = [
        {"name": j.name, "folder": str(j.folder), "step": j.results.step, "how": j.how} for j in comparison.judged
    ]
    runs = [{**dataclasses.asdict(run), "summary": sentence(comparison, run)} for run in comparison.runs]
    return {"baseline": judged[0], "judged": judged, "runs": runs, "config": dataclasses.asdict(comparison.config)}


def to_csv(comparison: Comparison) -> str:
    """A line a task of each run; numbers in full, scores as shares of 1."""
    lines: list[Sequence[str]] = [_CSV]
    for run in comparison.runs:
        for task in run.tasks:
            words = (comparison.baseline.name, run.name, task.task, task.group, task.metric)
            scores = (task.n, task.chance, task.baseline, task.run)
            difference = (task.difference.mean, task.difference.low, task.difference.high)
            lines.append((*words, *map(str, (*scores, *difference, task.p_value, task.p_holm)), task.verdict))
    return "".join(f"{','.join(map(_csv_cell, line))}\n" for line in lines)


def to_html(comparison: Comparison) -> str:
    """The page."""
    names = ", ".join(run.name for run in comparison.runs)
    rows = [
        ("run" if number else "baseline", judged.name, str(judged.folder), judged.how, f"{judged.results.step:,}")
        for number, judged in enumerate(comparison.judged)
    ]
    body = [
        html("<h1>{} beside {}</h1>", names, comparison.baseline.name),
        joined(html("<p><b>{}.</b></p>", sentence(comparison, run)) for run in comparison.runs),
        table(("", "name", "folder", "step is", "step"), rows, num_words=4),
        *(_section(comparison, run) for run in comparison.runs),
        html("<h2>How to read it</h2><p>{}</p>", how(comparison)),
        html(
            "<p>An interval says how far off one difference may be by the choice of examples, looked at by itself. The "
            "verdict says which differences stand when all of them are looked at together: better or worse where "
            "Holm's p is at most {:.4g}. Not told apart does not mean alike.</p>",
            1.0 - comparison.config.confidence,
        ),
    ]
    return page(f"{names} beside {comparison.baseline.name}", body)


def _section(comparison: Comparison, run: RunComparison) -> Markup:
    rows = [*(_row(task) for task in run.tasks), [with_interval_below(cell) for cell in average_cells(run)]]
    return joined(
        [
            html("<h2>{} beside {}</h2>", run.name, comparison.baseline.name),
            *(html("<p class=note>{}</p>", note) for note in run.notes),
            table(COLUMNS, rows, NUM_WORDS, classes=[*("" for _ in run.tasks), "summary"]),
            _left_out(run.left_out),
        ]
    )


def _row(task: TaskComparison) -> Sequence[str]:
    found = task_cells(task)
    cells: list[str] = [*found[:NUM_WORDS], *(with_interval_below(cell) for cell in found[NUM_WORDS:])]
    if task.verdict in _CLASSES:
        cells[1] = html("<span class={}>{}</span>", _CLASSES[task.verdict], cells[1])
    return cells


def _left_out(left_out: Sequence[LeftOut]) -> Markup | str:
    if not left_out:
        return ""
    rows = [(each.task, each.reason) for each in left_out]
    return html("<h3>Left out: {}</h3>{}", counted(len(rows), "task"), table(("task", "why"), rows, num_words=2))


def _csv_cell(text: str) -> str:
    """Quoted where a comma, a quote or the end of a line would be read as the table's."""
    return '"{}"'.format(text.replace('"', '""')) if set(text) & set(',"\r\n') else text
