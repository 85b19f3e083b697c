"""The template that is best on the development set, and what it scores on the test set (Wei et al. 2022, section 3):
beside the mean over templates, which picks nothing."""

from __future__ import annotations

import dataclasses

from flan_jax.core.errors import TaskError
from flan_jax.evaluate.results.eval_results import TaskResult

__all__ = ["BestTemplate", "best_templates"]


@dataclasses.dataclass(frozen=True)
class BestTemplate:
    """One data set. subtask: the template picked on the development set (the first of equals). Scores in [0, 1];
    mean_score: over all templates, on the test set."""

    dataset: str
    subtask: str
    development_score: float
    test_score: float
    mean_score: float
    num_templates: int


def best_templates(development: TaskResult, test: TaskResult) -> list[BestTemplate]:
    """One entry a data set (a group of subtasks), in the benchmark's order.

    Args: results of the same benchmark and format on two splits. Raises `TaskError` for results of two benchmarks, or
    of the same split, and for a template that only one of them has.
    """
    if (development.benchmark, development.format) != (test.benchmark, test.format):
        raise TaskError(
            f"development results are of {development.benchmark}:{development.format}, test results of "
            f"{test.benchmark}:{test.format}: score one benchmark on both splits"
        )
    if development.split == test.split:
        raise TaskError(f"both results are of split {test.split}: the template must be picked on another one")
    tested = {subtask.name: subtask.metrics[test.metric] for subtask in test.subtasks}
    if {subtask.name for subtask in development.subtasks} != set(tested):
        raise TaskError(f"{test.benchmark}: the two splits have been scored on different templates: score all on both")
    found = []
    for dataset in test.groups:
        members = [subtask for subtask in development.subtasks if dataset in subtask.groups]
        best = max(members, key=lambda subtask: subtask.metrics[development.metric])
        scores = [tested[subtask.name] for subtask in members]
        found.append(
            BestTemplate(
                dataset,
                best.name,
                best.metrics[development.metric],
                tested[best.name],
                sum(scores) / len(scores),
                len(scores),
            )
        )
    return found
