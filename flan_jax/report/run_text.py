"""What a run's report says in words, on the terminal and on the page."""

from __future__ import annotations

from flan_jax.core.errors import counted
from flan_jax.evaluate.aggregates.statistics import Interval
from flan_jax.report.run_data import Report, Row, SamplePair
from flan_jax.report.tables import percent, percent_interval

NUM_WORDS = 5  # columns of words; those after them hold numbers

__all__ = ["NUM_WORDS", "cells", "columns", "other_metrics", "sample_lines", "why_selected"]


def why_selected(report: Report) -> str:
    """What was selected on what evidence, in two or three sentences."""
    selected = report.selected
    tasks = counted(len(selected["selection_tasks"]), "selection task")
    text = f"Normalised average {selected['score']:.4f} on {tasks}"
    runner_up = selected["runner_up"]
    if runner_up:
        text += f"; {runner_up['verdict']}"
    return f"{text}. In all: {selected['verdict']}. Rule: {selected['rule']}"


def columns(report: Report) -> list[str]:
    """Names of the scores' columns: NUM_WORDS of words, then numbers."""
    before = f"before (step {report.before.step})" if report.before else "before"
    words = ["held out", "cluster", "format", "used for", "metric"]
    return [*words, "tasks", "chance", before, f"after (step {report.after.step})", "gain"]


def cells(row: Row) -> list[str]:
    """A row of the scores' table, as text."""
    if row.label:
        words = [row.label, "all", "", row.group, ""]
    else:
        words = [row.kind or "not held out", row.cluster, row.format, row.group, row.metric]
    numbers = [str(row.num_tasks), f"{100 * row.chance:.0f}" if row.chance else "-"]
    return [*words, *numbers, _interval(row.before), _interval(row.after), _interval(row.gain, sign="+")]


def other_metrics(report: Report) -> list[str]:
    """A sentence a row of tasks that have other metrics than their first."""
    lines = []
    for row in report.rows:
        scores = [
            f"{name} {f'{percent(before)} before, {percent(after)} after' if before is not None else percent(after)}"
            for name, (before, after) in row.others.items()
        ]
        if scores:
            lines.append(f"{row.cluster}, {row.format}, {row.group} tasks, by other metrics: {'; '.join(scores)}")
    return lines


def sample_lines(pair: SamplePair) -> list[tuple[str, str]]:
    """(name, text) of what a sample shows: prompt, answers, reference."""
    lines = [("prompt", pair.after.inputs)]
    if pair.before is not None:
        lines.append(("before", f"{pair.before.prediction or '(nothing)'}   ({pair.metric} {pair.before.score:.2f})"))
    lines.append(("after", f"{pair.after.prediction or '(nothing)'}   ({pair.metric} {pair.after.score:.2f})"))
    lines.append(("reference", pair.after.reference))
    return lines


def _interval(interval: Interval | None, sign: str = "") -> str:
    return "-" if interval is None else percent_interval(interval.mean, interval.low, interval.high, sign)
