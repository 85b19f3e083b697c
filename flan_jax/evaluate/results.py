"""What one evaluation found, and `evals.jsonl`, which keeps one line a step.

{"step": 200, "secs": …, "tasks": {"<task>": {"score": …, "scores": […], …}}, "averages": {"selection": …, …}}
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from flan_jax.core.errors import CheckpointError, TaskError

GROUPS = ("selection", "report")

__all__ = [
    "GROUPS",
    "EvalResults",
    "Sample",
    "TaskResult",
    "append_results",
    "normalised_average",
    "normalised_scores",
    "read_results",
]


@dataclasses.dataclass(frozen=True)
class Sample:
    """One example as the model saw and answered it. `index` is the row in the source."""

    index: int
    inputs: str
    prediction: str
    reference: str
    score: float


@dataclasses.dataclass(frozen=True)
class TaskResult:
    """One task's scores at one step.

    Attributes:
      task, cluster, kind: as in `declare.task.Task`; `kind` says how the task is held out.
      group: "selection", "report", or "" for a task that is just scored.
      format: "zero-shot", "few-shot", or "as given".
      metric: the first metric's name; `score` is its mean, `scores` its value an example, [n], and `low`, `high` its
        bootstrap interval.
      metrics: metric -> mean.
      chance: the score guessing gets, in [0, 1].
      n: examples scored, of `num_examples` in the split.
      num_empty: generations without text. num_unfinished: generations cut before EOS. num_trimmed: prompts trimmed
        to `inputs_length`. num_unanswerable: examples whose reference is none of their options (scored 0).
      samples: the first few examples.
    """

    task: str
    cluster: str
    kind: str
    group: str
    format: str
    metric: str
    score: float
    low: float
    high: float
    scores: tuple[float, ...]
    metrics: Mapping[str, float]
    chance: float
    n: int
    num_examples: int
    num_empty: int = 0
    num_unfinished: int = 0
    num_trimmed: int = 0
    num_unanswerable: int = 0
    samples: tuple[Sample, ...] = ()


@dataclasses.dataclass(frozen=True)
class EvalResults:
    """All tasks' scores at one step. `num_tokens` counts generated tokens and scored option tokens."""

    step: int
    tasks: Mapping[str, TaskResult]
    secs: float = 0.0
    num_tokens: int = 0

    def in_group(self, group: str) -> list[TaskResult]:
        """Tasks of one group, by name."""
        return sorted((task for task in self.tasks.values() if task.group == group), key=lambda task: task.task)

    def average(self, group: str) -> float | None:
        """Normalised average over the group's tasks, None where it has none."""
        tasks = self.in_group(group)
        return normalised_average(tasks) if tasks else None

    def scalars(self) -> dict[str, float]:
        """Name -> value for logs: averages, then `task/metric`."""
        values = {f"{group}/normalised_average": self.average(group) for group in GROUPS}
        for task in self.tasks.values():
            values.update({f"{task.task}/{name}": value for name, value in task.metrics.items()})
        return {name: value for name, value in values.items() if value is not None}

    def summary(self) -> str:
        """One line for a run's log."""
        averages = {group: self.average(group) for group in GROUPS}
        scores = ", ".join(f"{group} {score:.4f}" for group, score in averages.items() if score is not None)
        return f"judged on {len(self.tasks)} held-out tasks: {scores} ({self.secs:.1f} s)"

    def to_json(self) -> dict[str, Any]:
        """JSON value; `from_json` is its inverse (scores are kept to 6 decimals)."""
        tasks = {name: dataclasses.asdict(task) for name, task in sorted(self.tasks.items())}
        for fields in tasks.values():
            fields["scores"] = [round(value, 6) for value in fields["scores"]]
        return {
            "step": self.step,
            "secs": round(self.secs, 3),
            "num_tokens": self.num_tokens,
            "averages": {group: self.average(group) for group in GROUPS},
            "tasks": tasks,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> EvalResults:
        """Reads what `to_json` wrote."""
        tasks = {}
        for name, fields in value["tasks"].items():
            samples = tuple(Sample(**sample) for sample in fields["samples"])
            tasks[name] = TaskResult(**{**fields, "scores": tuple(fields["scores"]), "samples": samples})
        return cls(value["step"], tasks, value["secs"], value["num_tokens"])


def normalised_scores(task: TaskResult) -> np.ndarray:
    """Per-example scores, float64 [n], scaled so that chance is 0 and perfect is 1 (Chung et al. 2022, section 2.3)."""
    if not 0.0 <= task.chance < 1.0:
        raise TaskError(f"task {task.task} has chance {task.chance}: it must lie in [0, 1) for a normalised score")
    return (np.asarray(task.scores, np.float64) - task.chance) / (1.0 - task.chance)


def normalised_average(tasks: Iterable[TaskResult]) -> float:
    """Unweighted mean over tasks of (score - chance) / (1 - chance); negative below chance."""
    values = [float(normalised_scores(task).mean()) for task in tasks]
    if not values:
        raise TaskError("a normalised average of no tasks: name at least one task or mixture to evaluate")
    return math.fsum(values) / len(values)


def append_results(path: str | os.PathLike[str], results: EvalResults) -> None:
    """Adds one line to `evals.jsonl`, in place of an earlier line of the same step: a resumed run may judge a step
    again. The file is replaced by one rename, so a kill leaves the old or the new one."""
    path = pathlib.Path(path)
    lines = {r["step"]: r for r in _read_lines(path)} if path.exists() else {}
    lines[results.step] = results.to_json()
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with open(partial, "w") as file:
        for step in sorted(lines):
            file.write(json.dumps(lines[step], ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def read_results(path: str | os.PathLike[str]) -> list[EvalResults]:
    """All steps of `evals.jsonl`, in order of step."""
    path = pathlib.Path(path)
    if not path.exists():
        raise CheckpointError(f"{path} does not exist: no evaluation has finished there yet (see EVAL_PERIOD)")
    lines = {value["step"]: value for value in _read_lines(path)}
    return [EvalResults.from_json(lines[step]) for step in sorted(lines)]


def _read_lines(path: pathlib.Path) -> Sequence[dict[str, Any]]:
    lines = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            lines.append(json.loads(line))
        except ValueError as error:
            raise CheckpointError(f"{path}:{number} is not JSON ({error}): remove that line") from error
    return lines
