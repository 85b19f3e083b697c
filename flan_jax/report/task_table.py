"""Scores of tasks as a table: of `flan-jax eval --mixture`, and of `fj.evaluate(…).table()`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from flan_jax.core.errors import counted
from flan_jax.evaluate import EvalResults
from flan_jax.evaluate.aggregates.statistics import task_average_interval
from flan_jax.evaluate.results.eval_results import TaskResult, normalised_scores
from flan_jax.report.tables import markdown_table, percent, percent_interval

TEXT_COLUMNS = ("cluster", "task", "format", "metric")
NUMBER_COLUMNS = ("examples", "score", "chance", "unfinished")

__all__ = ["TEXT_COLUMNS", "TaskTable", "other_metrics", "task_rows", "task_table"]


@dataclasses.dataclass(frozen=True)
class TaskTable:
    """Cells: a header, a row a task, and the average's row."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    summary: tuple[str, ...]


def task_rows(results: EvalResults, copy_input: Mapping[str, np.ndarray] | None = None) -> TaskTable:
    """Cells of the reported tasks, by cluster and name; other metrics than a task's first one have a column where there
    are any.

    Args:
      results: what was found.
      copy_input: task -> scores of answering with the prompt's own input, for a column of its own.
    """
    baseline = copy_input or {}
    tasks = sorted(results.in_group("report"), key=lambda task: (task.cluster, task.task))
    has_others = any(len(task.metrics) > 1 for task in tasks)
    rows: list[tuple[str, ...]] = []
    for task in tasks:
        names = (task.cluster, task.task, task.format, task.metric, f"{task.n} of {task.num_examples}")
        numbers = (percent_interval(task.score, task.low, task.high), f"{100 * task.chance:.0f}")
        copied = [percent(float(baseline[task.task].mean()))] if baseline else []
        others = [other_metrics(task)] if has_others else []
        rows.append((*names, *numbers, str(task.num_unfinished), *copied, *others))
    interval = task_average_interval(
        [normalised_scores(task) for task in tasks], confidence=0.95, num_resamples=1000, seed=0
    )
    summary = (
        *("", f"normalised average of {counted(len(tasks), 'task')}", "", "", str(sum(task.n for task in tasks))),
        *(percent_interval(interval.mean, interval.low, interval.high), ""),
        str(sum(task.num_unfinished for task in tasks)),
        *([percent(float(np.mean([scores.mean() for scores in baseline.values()])))] if baseline else []),
        *([""] if has_others else []),
    )
    header = (*TEXT_COLUMNS, *NUMBER_COLUMNS, *(["copy input"] if baseline else []))
    header = (*header, *(["other metrics"] if has_others else []))
    return TaskTable(header, tuple(rows), summary)


def other_metrics(task: TaskResult) -> str:
    """Scores by the metrics after the first, in percent, as "rouge_l 41.5"; "" where there are none."""
    return ", ".join(f"{name} {percent(score)}" for name, score in task.metrics.items() if name != task.metric)


def task_table(results: EvalResults) -> str:
    """The reported tasks in Markdown: percent, with 95% bootstrap intervals."""
    table = task_rows(results)
    return "\n".join(markdown_table(table.header, [*table.rows, table.summary]))
