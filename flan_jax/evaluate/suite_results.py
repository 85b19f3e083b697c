"""What an evaluation of benchmarks found, per subtask, per group and overall, from the journal's records alone."""

from __future__ import annotations

import dataclasses
import math
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flan_jax.core.errors import TaskError
from flan_jax.core.manifest import write_json_atomically
from flan_jax.declare.benchmark import Benchmark, Format, Sampling, Subtask, get_benchmark
from flan_jax.evaluate.metrics import get_metric
from flan_jax.evaluate.normalised import flan_normalised_average, normalised_score
from flan_jax.evaluate.record import Record
from flan_jax.evaluate.roc import roc_area, roc_interval
from flan_jax.evaluate.statistics import task_average_interval

SUMMARY = "summary.json"

__all__ = ["BenchmarkResult", "GroupResult", "SubtaskResult", "SuiteResults", "benchmark_result", "write_summary"]


@dataclasses.dataclass(frozen=True)
class SubtaskResult:
    """One subject, language or task. Scores are in [0, 1].

    metrics: name -> mean over its `n` items, of `num_items` in the split. low, high: the headline's bootstrap interval.
    The counts: items without an extractable answer (scored wrong, no vote); items whose vote is tied; prompts that lost
    exemplars, and how many in all; prompts longer than the model even so; generations cut at their limit; items with a
    log-likelihood that is not a number (scored wrong). num_generated_tokens: of all generations and scored options.
    """

    name: str
    groups: tuple[str, ...]
    n: int
    num_items: int
    metrics: Mapping[str, float]
    low: float
    high: float
    chance: float
    num_unextracted: int = 0
    num_tied: int = 0
    num_prompts_shortened: int = 0
    num_exemplars_dropped: int = 0
    num_trimmed: int = 0
    num_unfinished: int = 0
    num_not_finite: int = 0
    num_prompt_tokens: int = 0
    num_generated_tokens: int = 0


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
        return cls(_mean(scores), low, median, high, len(scores))


@dataclasses.dataclass(frozen=True)
class BenchmarkResult:
    """One benchmark in one format.

    score: unweighted mean over subtasks of `metric` (macro), with its interval; micro: mean over all items.
    normalised: mean over subtasks of (score - baseline) / (1 - baseline), None where not all subtasks were scored.
    is_complete: whether all items of all subtasks were.
    item_keys: the journal's key of each item, subtask by subtask; not in the JSON.
    """

    benchmark: str
    title: str
    format: str
    split: str
    sampling: Mapping[str, Any] | None
    metric: str
    metrics: Mapping[str, float]
    score: float
    low: float
    high: float
    micro: float
    chance: float
    normalised: float | None
    is_complete: bool
    groups: Mapping[str, GroupResult]
    subtasks: tuple[SubtaskResult, ...]
    item_keys: tuple[str, ...] = dataclasses.field(default=(), repr=False)

    @property
    def key(self) -> tuple[str, str]:
        """(benchmark, format)."""
        return self.benchmark, self.format

    @property
    def published_format(self) -> str:
        """The format's name as published rows have it: "+sc" where several samples were voted on; with the number of
        samples where a format that always draws some drew another number."""
        format = get_benchmark(self.benchmark).format(self.format)
        usual = None if format.sampling is None else dataclasses.asdict(format.sampling)
        if self.sampling is None or self.sampling == usual or self.sampling["num_samples"] == 1:
            return self.format
        return f"{self.format}+sc" if _is_vote(format) else f"{self.format}, {self.sampling['num_samples']} samples"

    def count(self, field: str) -> int:
        """A count of `SubtaskResult`, summed."""
        return sum(getattr(subtask, field) for subtask in self.subtasks)


@dataclasses.dataclass(frozen=True)
class SuiteResults:
    """All benchmarks of one run.

    secs: of this run; items that the journal already had cost nothing. num_asked: items asked in this run.
    """

    model: str
    fingerprint: str
    seed: int
    limit: int | None
    benchmarks: tuple[BenchmarkResult, ...]
    num_asked: int = 0
    secs: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def flan_normalised_average(self) -> float | None:
        """The six-score average of Chung et al. 2022, None where one of the six is missing or incomplete."""
        components = {
            r.key: r.normalised
            for r in self.benchmarks
            if r.normalised is not None and r.is_complete and r.published_format == r.format
        }
        return flan_normalised_average(components)

    def to_json(self) -> dict[str, Any]:
        """JSON value; numbers that are not finite are null."""
        value = dataclasses.asdict(self)
        for benchmark in value["benchmarks"]:
            del benchmark["item_keys"]
        value["flan_normalised_average"] = self.flan_normalised_average
        return _finite(value)


def write_summary(folder: pathlib.Path, results: SuiteResults) -> None:
    """`summary.json` in `folder`, whole or untouched."""
    write_json_atomically(folder / SUMMARY, results.to_json())


def benchmark_result(
    benchmark: Benchmark,
    format: Format,
    split: str,
    sampling: Sampling | None,
    records: Mapping[str, Sequence[Record]],
    num_items: Mapping[str, int],
    *,
    confidence: float,
    num_resamples: int,
    seed: int,
) -> BenchmarkResult:
    """Averages of one benchmark's records.

    Args:
      records: subtask -> its items' records, in the data's order; no subtask without any.
      num_items: subtask -> items in the split.
      confidence, num_resamples, seed: of the bootstrap.
    """
    if not records:
        raise TaskError(f"{benchmark.name}: no item was answered, so there is nothing to average")
    headline = format.metrics[0]

    def interval(names: Sequence[str]) -> tuple[float, float]:
        if format.aggregate == "roc":
            return roc_interval(
                [_detections(records[name], headline) for name in names], confidence, num_resamples, seed
            )
        scores = [np.array([r.scores[headline] for r in records[name]]) for name in names]
        found = task_average_interval(scores, confidence=confidence, num_resamples=num_resamples, seed=seed)
        return found.low, found.high

    subtasks = tuple(
        _subtask_result(subtask, format, records[subtask.name], num_items[subtask.name], interval([subtask.name]))
        for subtask in benchmark.subtasks
        if subtask.name in records
    )
    means = {subtask.name: subtask.metrics[headline] for subtask in subtasks}
    low, high = interval(list(means))
    is_whole = len(subtasks) == len(benchmark.subtasks)
    return BenchmarkResult(
        benchmark=benchmark.name,
        title=benchmark.title,
        format=format.name,
        split=split,
        sampling=None if sampling is None else dataclasses.asdict(sampling),
        metric=headline,
        metrics={name: _mean([subtask.metrics[name] for subtask in subtasks]) for name in format.metrics},
        score=_mean(list(means.values())),
        low=low,
        high=high,
        micro=_mean([r.scores[headline] for name in means for r in records[name]]),
        chance=_mean([subtask.chance for subtask in subtasks]),
        normalised=normalised_score(benchmark, means) if is_whole else None,
        is_complete=is_whole and all(subtask.n == subtask.num_items for subtask in subtasks),
        groups={
            group: GroupResult.of([means[name] for name in names if name in means])
            for group, names in benchmark.groups().items()
            if any(name in means for name in names)
        },
        subtasks=subtasks,
        item_keys=tuple(r.key for name in means for r in records[name]),
    )


def _subtask_result(
    subtask: Subtask,
    format: Format,
    records: Sequence[Record],
    num_items: int,
    interval: tuple[float, float],
) -> SubtaskResult:
    return SubtaskResult(
        name=subtask.name,
        groups=subtask.groups,
        n=len(records),
        num_items=num_items,
        metrics={name: _aggregate(format, records, name) for name in format.metrics},
        low=interval[0],
        high=interval[1],
        chance=subtask.chance,
        num_unextracted=sum(r.method != "rank" and r.answer is None for r in records),
        num_tied=sum(r.is_tied for r in records) if _is_vote(format) else 0,
        num_prompts_shortened=sum(r.num_dropped > 0 for r in records),
        num_exemplars_dropped=sum(r.num_dropped for r in records),
        num_trimmed=sum(r.is_trimmed for r in records),
        num_unfinished=sum(not output.is_finished for r in records for output in r.outputs),
        num_not_finite=sum(not r.is_finite for r in records),
        num_prompt_tokens=sum(r.num_prompt_tokens for r in records),
        num_generated_tokens=sum(r.num_generated_tokens for r in records),
    )


def _is_vote(format: Format) -> bool:
    """Whether several samples of an item are put to a vote, which a metric reads."""
    return format.choose == "vote" and any(get_metric(name).needs == "answer" for name in format.metrics)


def _aggregate(format: Format, records: Sequence[Record], name: str) -> float:
    if format.aggregate == "roc":
        return roc_area(*_detections(records, name))
    return _mean([r.scores[name] for r in records])


def _detections(records: Sequence[Record], name: str) -> tuple[np.ndarray, np.ndarray]:
    """(scores, whether the first option is right) of ranked items."""
    return np.array([r.scores[name] for r in records]), np.array([0 in r.correct for r in records])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
