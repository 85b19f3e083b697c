"""`report.html` of a run: one file without links."""

from __future__ import annotations

import os
import pathlib
import re

from flan_jax.core.disk import write_text_atomically
from flan_jax.report.page import escape, page, picture, table
from flan_jax.report.run_data import Report, Row, SamplePair, describe_kind, load_report
from flan_jax.report.run_figures import curves_png, gains_png
from flan_jax.report.run_text import NUM_WORDS, cells, columns, other_metrics, sample_lines, why_selected

_INTERVAL = re.compile(r" (\[[^]]*\])")

__all__ = ["write_report"]


def write_report(model_dir: str | os.PathLike[str]) -> pathlib.Path:
    """Writes `report.html` and `report.png` in a run's folder and returns the former's path.

    Reads metrics.jsonl, evals.jsonl, selected.json and the folder's gin files, so it can be run again at any time.
    Raises `CheckpointError` where one is missing.
    """
    report = load_report(model_dir)
    curves = curves_png(report)
    (report.model_dir / "report.png").write_bytes(curves)
    path = report.model_dir / "report.html"
    write_text_atomically(path, _html(report, curves, gains_png(report)))
    return path


def _html(report: Report, curves: bytes, gains: bytes) -> str:
    name = report.model_dir.name
    kinds = sorted({row.kind for row in report.rows})
    body = [
        f"<h1>{escape(name)}: held-out tasks before and after</h1>",
        f"<p><b>Selected: step {report.selected['step']}.</b> {escape(why_selected(report))}</p>",
        picture(curves, "training loss and held-out curves"),
        "<h2>Scores</h2>",
        _scores(report),
        _items([f"<b>{escape(kind or 'not held out')}</b>: {escape(describe_kind(kind))}" for kind in kinds]),
        _items([escape(line) for line in other_metrics(report)]),
        _items([escape(warning) for warning in report.warnings]),
        picture(gains, "scores before and after"),
        "<h2>Samples <span class=dim>(the first example of its task, not picked)</span></h2>",
        *(_sample(pair) for pair in report.samples),
        "<h2>Every evaluated step</h2>",
        _steps(report),
        "<h2>Files</h2>",
        table((), [(f"<code>{escape(file)}</code>", escape(text)) for file, text in report.files], num_words=2),
        f"<h2>Next</h2><pre>{_commands(report)}</pre>",
        f"<h2>Configuration</h2><pre>{escape(report.config)}</pre>" if report.config else "",
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
    """Cells as HTML, intervals below their score: side by side they are wider than a window. A gain whose interval
    leaves zero out is coloured."""
    words, numbers = cells(row)[:NUM_WORDS], cells(row)[NUM_WORDS:]
    *found, gain = [_INTERVAL.sub(r"<br><small>\1</small>", escape(cell)) for cell in numbers]
    if row.gain is not None and row.gain.excludes_zero:
        gain = f"<span class={'gain' if row.gain.mean > 0 else 'loss'}>{gain}</span>"
    return [*map(escape, words), *found, gain]


def _steps(report: Report) -> str:
    steps = report.selected["table"]
    rows = [(str(step["step"]), _score(step["selection"]), _score(step["report"])) for step in steps]
    classes = ["summary" if step["step"] == report.selected["step"] else "" for step in steps]
    return table(("step", "selection", "report"), rows, num_words=0, classes=classes)


def _sample(pair: SamplePair) -> str:
    lines = "\n".join(f"<b>{name:10}</b>{escape(text)}" for name, text in sample_lines(pair))
    return (
        f"<h3>{escape(pair.task)} <span class=dim>({escape(pair.kind or 'not held out')})</span></h3><pre>{lines}</pre>"
    )


def _items(texts: list[str]) -> str:
    return f"<ul>{''.join(f'<li>{text}</li>' for text in texts)}</ul>" if texts else ""


def _commands(report: Report) -> str:
    return "\n".join(f"{escape(command)}  <span class=dim># {escape(text)}</span>" for command, text in report.commands)


def _score(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
