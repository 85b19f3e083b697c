"""`report.html` of a run: one file without links."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Sequence

from flan_jax.core.disk import write_atomically, write_text_atomically
from flan_jax.report.page import html, joined, page, picture, table, with_interval_below
from flan_jax.report.run_data import Report, Row, SamplePair, describe_kind, load_report
from flan_jax.report.run_figures import curves_png, gains_png
from flan_jax.report.run_text import NUM_WORDS, cells, columns, other_metrics, sample_lines, why_selected

__all__ = ["write_report"]


def write_report(model_dir: str | os.PathLike[str]) -> pathlib.Path:
    """Writes `report.html` and `report.png` in a run's folder and returns the former's path.

    Reads metrics.jsonl, evals.jsonl, selected.json and the folder's gin files, so it can be run again at any time.
    Raises `CheckpointError` where one is missing.
    """
    report = load_report(model_dir)
    curves = curves_png(report)
    write_atomically(report.model_dir / "report.png", curves)
    path = report.model_dir / "report.html"
    write_text_atomically(path, _html(report, curves, gains_png(report)))
    return path


def _html(report: Report, curves: bytes, gains: bytes) -> str:
    name = report.model_dir.name
    kinds = sorted({row.kind for row in report.rows})
    body = [
        html("<h1>{}: held-out tasks before and after</h1>", name),
        html("<p><b>Selected: step {}.</b> {}</p>", report.selected["step"], why_selected(report)),
        picture(curves, "training loss and held-out curves"),
        html("<h2>Scores</h2>"),
        _scores(report),
        _items([html("<b>{}</b>: {}", kind or "not held out", describe_kind(kind)) for kind in kinds]),
        _items(other_metrics(report)),
        _items(report.warnings),
        picture(gains, "scores before and after"),
        html("<h2>Samples <span class=dim>(the first example of its task, not picked)</span></h2>"),
        *(_sample(pair) for pair in report.samples),
        html("<h2>Every evaluated step</h2>"),
        _steps(report),
        html("<h2>Files</h2>"),
        table((), [(html("<code>{}</code>", file), text) for file, text in report.files], num_words=2),
        html("<h2>Next</h2><pre>{}</pre>", _commands(report)),
        html("<h2>Configuration</h2><pre>{}</pre>", report.config) if report.config else "",
    ]
    return page(f"flan_jax report: {name}", body)


def _scores(report: Report) -> str:
    rows = [*report.rows, *report.summary]
    caption = (
        f"In percent; brackets are {report.confidence:.0%} bootstrap intervals over tasks and examples. Chance is what "
        f"guessing gets. Report tasks were not used for any choice."
    )
    classes = ["summary" if row.label else "" for row in rows]
    return table(columns(report), [_row(row) for row in rows], NUM_WORDS, caption=caption, classes=classes)


def _row(row: Row) -> list[str]:
    """Cells, intervals below their score: side by side they are wider than a window. A gain whose interval
    leaves zero out is coloured."""
    words, numbers = cells(row)[:NUM_WORDS], cells(row)[NUM_WORDS:]
    *found, gain = map(with_interval_below, numbers)
    if row.gain is not None and row.gain.excludes_zero:
        gain = html("<span class={}>{}</span>", "gain" if row.gain.mean > 0 else "loss", gain)
    return [*words, *found, gain]


def _steps(report: Report) -> str:
    steps = report.selected["table"]
    rows = [(str(step["step"]), _score(step["selection"]), _score(step["report"])) for step in steps]
    classes = ["summary" if step["step"] == report.selected["step"] else "" for step in steps]
    return table(("step", "selection", "report"), rows, num_words=0, classes=classes)


def _sample(pair: SamplePair) -> str:
    lines = joined((html("<b>{}</b>{}", f"{name:10}", text) for name, text in sample_lines(pair)), "\n")
    kind = pair.kind or "not held out"
    return html("<h3>{} <span class=dim>({})</span></h3><pre>{}</pre>", pair.task, kind, lines)


def _items(texts: Sequence[str]) -> str:
    return html("<ul>{}</ul>", joined(html("<li>{}</li>", text) for text in texts)) if texts else ""


def _commands(report: Report) -> str:
    return joined((html("{}  <span class=dim># {}</span>", command, text) for command, text in report.commands), "\n")


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
