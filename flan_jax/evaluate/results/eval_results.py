"""What an evaluation found: the one form of results, of held-out tasks and of benchmarks, in memory and in files.

    {"step": 200, "secs": …, "tasks": {"<task>": {"score": …, "scores": […], …}}, "averages": {"selection": …, …}}

A run keeps a line a step in `evals.jsonl`, an evaluation of its own is `summary.json` or `eval.json`: the same value.
Scores are kept as they are in memory, so that what is chosen from a file is what was chosen before it was written.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, cast

import numpy as np

from flan_jax.core.errors import ConfigError, TaskError, counted
from flan_jax.declare.benchmark import BENCHMARKS, Format
from flan_jax.evaluate.aggregates.averages import exact_normalised
from flan_jax.evaluate.aggregates.normalised import flan_normalised_average
from flan_jax.evaluate.metrics import get_metric

GROUPS = ("selection", "report")
BENCHMARK = "benchmark"  # the kind of tasks that are benchmarks
# Fields with a default that are written of every task; what only benchmarks have is left out of the others.
_OF_EVERY_TASK = ("num_empty", "num_unfinished", "num_trimmed", "num_unanswerable", "samples")

__all__ = [
    "BENCHMARK",
    "GROUPS",
    "Basis",
    "Counts",
    "EvalResults",
    "GroupResult",
    "Sample",
    "SubtaskResult",
    "TaskResult",
    "exact_average",
    "is_vote",
    "normalised_average",
    "normalised_scores",
    "published_format",
    "why_no_chance",
]


@dataclasses.dataclass(frozen=True)
class Sample:
    """One example as the model saw and answered it. `index` is the row in the source."""

    index: int
    inputs: str
    prediction: str
    reference: str
    score: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Counts:
    """How many items were asked, and what became of them.

    Attributes:
      n: items scored, of `num_examples` in the split.
      num_empty: generations without text. num_unfinished: generations cut at their limit.
      num_unextracted: items without an extractable answer (scored wrong, no vote). num_tied: items whose vote is tied.
      num_prompts_shortened: prompts that lost exemplars; num_exemplars_dropped: how many in all. num_trimmed: prompts
        longer than the model's input even so.
      num_not_finite: items with a log-likelihood that is not a number (scored wrong). num_unanswerable: items whose
        reference is none of their options (scored 0).
      num_unwritable: items of which the model's vocabulary can write no accepted answer. num_unknown: items whose
        question holds what it has no piece for. num_too_long: items whose accepted answers all have more tokens than a
        generation may have.
      num_prompt_tokens: of all prompts. num_generated_tokens: of all generations and scored options.
    """

    n: int
    num_examples: int
    num_empty: int = 0
    num_unfinished: int = 0
    num_unextracted: int = 0
    num_tied: int = 0
    num_prompts_shortened: int = 0
    num_exemplars_dropped: int = 0
    num_trimmed: int = 0
    num_not_finite: int = 0
    num_unanswerable: int = 0
    num_unwritable: int = 0
    num_unknown: int = 0
    num_too_long: int = 0
    num_prompt_tokens: int = 0
    num_generated_tokens: int = 0

    @staticmethod
    def total(parts: Iterable[Counts]) -> dict[str, int]:
        """Field -> its sum over `parts`."""
        parts = list(parts)
        return {field.name: sum(getattr(p, field.name) for p in parts) for field in dataclasses.fields(Counts)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class SubtaskResult(Counts):
    """One subject, language or task of a benchmark. Scores are in [0, 1].

    metrics: name -> mean over its items. low, high: the headline's bootstrap interval.
    """

    name: str
    groups: tuple[str, ...]
    metrics: Mapping[str, float]
    low: float
    high: float
    chance: float


@dataclasses.dataclass(frozen=True)
class GroupResult:
    """A category: the unweighted mean over its subtasks' headline scores, and their spread (quartiles)."""

    mean: float
    low_quartile: float
    median: float
    high_quartile: float
    num_subtasks: int

    @classmethod
    def of(cls, scores: Sequence[float]) -> GroupResult:
        """Of one score a subtask, at least one."""
        low, median, high = (float(q) for q in np.quantile(np.asarray(scores, np.float64), [0.25, 0.5, 0.75]))
        return cls(math.fsum(scores) / len(scores), low, median, high, len(scores))


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaskResult(Counts):
    """A task's scores at one step: a task of a mixture, or a benchmark in one format.

    Attributes:
      task: its name, of a benchmark "BENCHMARK:FORMAT" with the format's published name.
      cluster, kind: as in `declare.task.Task`; `kind` says how the task is held out, or "benchmark".
      group: "selection", "report", or "" for a task that is just scored.
      format: "zero-shot", "few-shot", or "as given"; of a benchmark the format's name.
      metric: the first metric's name; `score` is its mean, of a benchmark the unweighted mean over subtasks, and `low`,
        `high` its bootstrap interval.
      scores: the first metric's value an item, [n], so that their mean is `score`; of a benchmark whose subtasks differ
        in size each value is weighted. Empty for a benchmark that is scored by a curve.
      metrics: metric -> mean, the headline first.
      chance: the score guessing gets, in [0, 1].
      ceiling: the most that can be scored by answers that the model's vocabulary can write; None where it is not known.
      samples: the first few items.

      benchmark, title, split: of a benchmark: its name, its name for tables, and what was scored; "" for other tasks.
      sampling: how generations were drawn; None for greedy.
      micro: mean over all items, whatever their subtask.
      normalised: mean over subtasks of (score - baseline) / (1 - baseline), None where not all subtasks were scored.
      is_complete: whether all items of all subtasks were, as many as were published where that is known.
      asked: hash of the prompts and accepted answers of its items; "" where that is not known.
      scored_by: hash of the code of metrics and extractor that are a user's own (`own_code`); "" for those that ship.
      settings: what else decides an answer: lengths, arithmetic, what ends a generation and reads it. Empty where it is
        not recorded, as by an evaluator of a user's own, or before it was.
      groups: category -> its average. subtasks: in the benchmark's order; none of a task of a mixture.
      item_keys: the journal's key of each item, subtask by subtask; not in the JSON.
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
    ceiling: float | None = None
    samples: tuple[Sample, ...] = ()
    benchmark: str = ""
    title: str = ""
    split: str = ""
    sampling: Mapping[str, Any] | None = None
    micro: float | None = None
    normalised: float | None = None
    is_complete: bool = False
    asked: str = ""
    scored_by: str = ""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    groups: Mapping[str, GroupResult] = dataclasses.field(default_factory=dict)
    subtasks: tuple[SubtaskResult, ...] = ()
    item_keys: tuple[str, ...] = dataclasses.field(default=(), repr=False)

    @property
    def basis(self) -> Basis:
        """What its scores rest on."""
        return Basis(self.asked, self.scored_by, self.settings)

    @property
    def key(self) -> tuple[str, str]:
        """(benchmark, format)."""
        return self.benchmark, self.format

    @property
    def published_format(self) -> str:
        """The format's name as published rows have it (`published_format`)."""
        return self.task.partition(":")[2] if self.benchmark else self.format


@dataclasses.dataclass(frozen=True)
class Basis:
    """What a task's scores rest on: those of other bases cannot be compared.

    asked, scored_by, settings: see `TaskResult`; empty where it is not known.
    """

    asked: str = ""
    scored_by: str = ""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def difference(self, other: Basis) -> str:
        """What of the two is known to differ, in words; "" for nothing."""
        if self.asked and other.asked and self.asked != other.asked:
            return "other prompts or accepted answers"
        # Results of before either was written say nothing of their metric's code.
        if (self.scored_by or self.asked) and self.scored_by != other.scored_by:
            return "another function as its metric, extractor or evaluator"
        shared = [name for name in self.settings if name in other.settings]
        differing = [name for name in shared if self.settings[name] != other.settings[name]]
        told = ", ".join(f"{name} {self.settings[name]!r} and not {other.settings[name]!r}" for name in differing)
        return f"other settings ({told})" if told else ""


@dataclasses.dataclass(frozen=True)
class EvalResults:
    """All tasks' scores, at one step of a run or of a checkpoint.

    Attributes:
      step: 0 where it is not known.
      tasks: by name, in the order in which they were asked for.
      secs: of this evaluation; items that a journal already had cost nothing.
      num_tokens: generated tokens and scored option tokens.
      model, fingerprint: whose answers these are; "" inside a run.
      seed, limit: of benchmarks' draw of items; None for all of them.
      num_asked: items asked in this evaluation.
      notes: sentences for whoever reads the results.
    """

    step: int
    tasks: Mapping[str, TaskResult]
    secs: float = 0.0
    num_tokens: int = 0
    model: str = ""
    fingerprint: str = ""
    seed: int = 0
    limit: int | None = None
    num_asked: int = 0
    notes: tuple[str, ...] = ()

    @classmethod
    def merged(cls, step: int, found: Sequence[EvalResults]) -> EvalResults:
        """What several evaluations found at one step. Raises `ConfigError` for a task that two of them have."""
        tasks: dict[str, TaskResult] = {}
        for results in found:
            if twice := sorted(set(tasks) & set(results.tasks)):
                raise ConfigError(f"{', '.join(twice)} is scored twice at step {step}: give one of them another name")
            tasks.update(results.tasks)
        return cls(step, tasks, sum(r.secs for r in found), sum(r.num_tokens for r in found))

    @property
    def benchmarks(self) -> tuple[TaskResult, ...]:
        """Those of the tasks that are benchmarks."""
        return tuple(task for task in self.tasks.values() if task.benchmark)

    @property
    def flan_normalised_average(self) -> float | None:
        """The six-score average of Chung et al. 2022, None where one of the six is missing or incomplete."""
        components = {
            r.key: r.normalised
            for r in self.benchmarks
            if r.normalised is not None and r.is_complete and r.published_format == r.format
        }
        return flan_normalised_average(components)

    def in_group(self, group: str) -> list[TaskResult]:
        """Tasks of one group, by name."""
        return sorted((task for task in self.tasks.values() if task.group == group), key=lambda task: task.task)

    def average(self, group: str) -> float | None:
        """Normalised average over the group's tasks, None where it has none."""
        tasks = self.in_group(group)
        return normalised_average(tasks) if tasks else None

    def summary(self) -> str:
        """One line for a run's log."""
        averages = {group: self.average(group) for group in GROUPS}
        scores = ", ".join(f"{group} {score:.4f}" for group, score in averages.items() if score is not None)
        return f"judged on {counted(len(self.tasks), 'held-out task')}: {scores} ({self.secs:.1f} s)"

    def to_json(self) -> dict[str, Any]:
        """JSON value; `from_json` is its inverse. Scores are written in full; numbers that are not finite are null."""
        averages = {group: self.average(group) for group in GROUPS if all(t.scores for t in self.in_group(group))}
        value = {
            **{f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "tasks"},
            "secs": round(self.secs, 3),
            "averages": {group: averages.get(group) for group in GROUPS},
            "flan_normalised_average": self.flan_normalised_average,
            "tasks": {name: _task_to_json(task) for name, task in self.tasks.items()},
        }
        return cast(dict[str, Any], _finite(value))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> EvalResults:
        """Reads what `to_json` wrote, a line of `evals.jsonl` of before (scores of 6 decimals), or a `summary.json` of
        before (a list of `benchmarks`, without scores an item). Keys that are not known are left out."""
        if "benchmarks" in value:
            tasks = {task.task: task for task in map(_task_of_summary, value["benchmarks"])}
        else:
            tasks = {name: _task_from_json(fields) for name, fields in value["tasks"].items()}
        fields = {"step": 0, **_known(cls, value), "notes": tuple(value.get("notes", ()))}
        return cls(**{**fields, "tasks": tasks})

    def scalars(self) -> dict[str, float]:
        """Name -> value for logs: averages, then `task/metric`; of a benchmark also `task/metric/category`, and the
        rates `no_answer` and `not_finite`."""
        values = {f"{group}/normalised_average": self.average(group) for group in GROUPS}
        for task in self.tasks.values():
            values.update({f"{task.task}/{name}": value for name, value in task.metrics.items()})
            values.update({f"{task.task}/{task.metric}/{name}": found.mean for name, found in task.groups.items()})
            if task.benchmark:
                values[f"{task.task}/no_answer"] = task.num_unextracted / task.n
                values[f"{task.task}/not_finite"] = task.num_not_finite / task.n
        return {name: value for name, value in values.items() if value is not None}


def published_format(format: Format, sampling: Mapping[str, Any] | None) -> str:
    """The format's name as published rows have it: "+sc" where several samples were voted on; with the number of
    samples where a format that always draws some drew another number."""
    usual = None if format.sampling is None else dataclasses.asdict(format.sampling)
    if sampling is None or sampling == usual or sampling["num_samples"] == 1:
        return format.name
    return f"{format.name}+sc" if is_vote(format) else f"{format.name}, {sampling['num_samples']} samples"


def is_vote(format: Format) -> bool:
    """Whether several samples of an item are put to a vote, which a metric reads."""
    return format.choose == "vote" and any(get_metric(name).needs == "answer" for name in format.metrics)


def normalised_scores(task: TaskResult) -> np.ndarray:
    """Per-example scores, float64 [n], scaled so that chance is 0 and perfect is 1 (Chung et al. 2022, section 2.3)."""
    _check_chance(task)
    return (np.asarray(task.scores, np.float64) - task.chance) / (1.0 - task.chance)


def normalised_average(tasks: Iterable[TaskResult]) -> float:
    """Unweighted mean over tasks of (score - chance) / (1 - chance); negative below chance."""
    return float(exact_average(tasks))


def exact_average(tasks: Iterable[TaskResult]) -> Fraction:
    """`normalised_average` before rounding: equal for equal scores, whatever the order of tasks and items."""
    values = []
    for task in tasks:
        _check_chance(task)
        if not task.scores:
            raise TaskError(f"task {task.task} has no score an item, so it cannot be averaged with others")
        values.append(exact_normalised(tuple(task.scores), task.chance))
    if not values:
        raise TaskError("a normalised average of no tasks: name at least one task or mixture to evaluate")
    return sum(values, Fraction(0)) / len(values)


def _check_chance(task: TaskResult) -> None:
    if not 0.0 <= task.chance < 1.0:
        raise TaskError(why_no_chance(task.task, task.chance))


def why_no_chance(task: str, chance: float) -> str:
    """What is wrong with a chance of which no score can be normalised."""
    return (
        f"task {task} has chance {chance}: it must lie in [0, 1) for a normalised score. 1 is that of options that are "
        f"all right, as equal ones are: mend them, or declare another chance"
    )


def _task_to_json(task: TaskResult) -> dict[str, Any]:
    counts = {field.name for field in dataclasses.fields(Counts)}
    left_out = {"item_keys"}
    if not task.benchmark:
        optional = [f for f in dataclasses.fields(task) if f.name not in (*_OF_EVERY_TASK, "n", "num_examples")]
        left_out |= {f.name for f in optional if getattr(task, f.name) in (f.default, {})}
    value = {name: item for name, item in dataclasses.asdict(task).items() if name not in left_out}
    return dict(sorted(value.items(), key=lambda item: item[0] in counts))  # what it is before how much of it


def _task_from_json(value: Mapping[str, Any]) -> TaskResult:
    fields = _known(TaskResult, value)
    fields["scores"] = tuple(fields["scores"])
    fields["samples"] = tuple(Sample(**sample) for sample in fields.get("samples", ()))
    fields["subtasks"] = tuple(_subtask_from_json(subtask) for subtask in fields.get("subtasks", ()))
    fields["groups"] = {name: GroupResult(**group) for name, group in fields.get("groups", {}).items()}
    return TaskResult(**_numbers(fields))


def _subtask_from_json(value: Mapping[str, Any]) -> SubtaskResult:
    fields = _known(SubtaskResult, value)
    fields.setdefault("num_examples", value.get("num_items"))  # its name before
    fields["groups"] = tuple(fields["groups"])
    return SubtaskResult(**_numbers(fields))


def _task_of_summary(value: Mapping[str, Any]) -> TaskResult:
    """A benchmark of a summary of before, which counted its subtasks' items alone."""
    name, format = value["benchmark"], value["format"]
    # A format may have had another name then: it keeps it.
    for known in BENCHMARKS[name].formats if name in BENCHMARKS else ():
        if known.name == format:
            format = published_format(known, value["sampling"])
    subtasks = tuple(_subtask_from_json(subtask) for subtask in value["subtasks"])
    told = {"task": f"{name}:{format}", "cluster": name, "kind": BENCHMARK, "group": "", "scores": ()}
    return _task_from_json({**value, **told, **Counts.total(subtasks)})


def _known(cls: type, value: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(cls)}
    return {name: item for name, item in value.items() if name in names}


def _numbers(fields: dict[str, Any]) -> dict[str, Any]:
    """`fields` with null, which stands for what was no number, as NaN again."""
    found: dict[str, Any] = {
        name: math.nan for name in ("score", "low", "high") if name in fields and fields[name] is None
    }
    metrics = {name: math.nan if value is None else value for name, value in fields["metrics"].items()}
    return {**fields, **found, "metrics": metrics}


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
