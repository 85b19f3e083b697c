"""What a run's report says in words, on the terminal and on the page."""

from __future__ import annotations

from flan_jax.core.errors import counted
from flan_jax.evaluate.aggregates.statistics import Interval
from flan_jax.report.run_data import Report, Row, SamplePair
from flan_jax.report.tables import percent, percent_interval

NUM_WORDS = 5  # columns of words; those after them hold numbers

__all__ = ["NUM_WORDS", "cells", "columns", "in_points", "other_metrics", "sample_lines", "sentences", "why_selected"]


def sentences(report: Report) -> list[str]:
    """What the run showed, in at most three sentences: on what proves most, on the other kinds, on the choice."""
    if not report.kinds:
        return []
    kind = report.kinds[0].kind
    mine = [row for row in report.kinds if row.kind == kind]
    asked = [
        f"{in_points(row.after)} {row.format}{'' if row.before is None else f' (before: {100 * row.before.mean:.0f})'}"
        for row in mine
    ]
    first = f"Points above chance, on what was held out as {kind or 'nothing in particular'}: {', '.join(asked)}."
    others: dict[str, list[str]] = {}
    for row in report.kinds:
        if row.kind != kind:
            others.setdefault(row.kind, []).append(f"{100 * row.after.mean:.0f} {row.format}")
    told = [first]
    if others:
        listed = "; ".join(f"{name or 'not held out'}: {', '.join(scores)}" for name, scores in others.items())
        told.append(f"On the other kinds, {listed}.")
    group = report.kinds[0].group
    picked = counted(len(report.selected["selection_tasks"]), "task")
    told.append(
        f"The checkpoint of step {report.after.step} was picked on {picked} apart from these."
        if group == "report"
        else f"These {picked} also picked the checkpoint of step {report.after.step}, so it is a little too good."
    )
    return told


def in_points(interval: Interval, sign: str = "") -> str:
    """A normalised average and its interval as whole points: "+21 [12, 30]".

    Args:
      interval: of normalised scores.
      sign: "+" to write a plus before what is positive.
    """
    mean, low, high = (f"{100 * value:{sign}.0f}" for value in (interval.mean, interval.low, interval.high))
    return f"{mean} [{low}, {high}]"


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
