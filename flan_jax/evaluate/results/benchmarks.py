"""A benchmark's result, from its items' records alone: subtasks, categories, intervals and counts."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import Benchmark, Format, SampleSettings, Subtask
from flan_jax.evaluate.aggregates.chance import chance_of
from flan_jax.evaluate.aggregates.normalised import normalised_score
from flan_jax.evaluate.aggregates.roc import roc_area, roc_interval
from flan_jax.evaluate.aggregates.statistics import task_average_interval
from flan_jax.evaluate.results.eval_results import (
    BENCHMARK,
    Counts,
    GroupResult,
    Sample,
    SubtaskResult,
    TaskResult,
    is_vote,
    published_format,
)
from flan_jax.evaluate.results.record import Record

__all__ = ["benchmark_result"]


def benchmark_result(
    benchmark: Benchmark,
    format: Format,
    split: str,
    sampling: SampleSettings | None,
    records: Mapping[str, Sequence[Record]],
    num_items: Mapping[str, int],
    *,
    group: str = "",
    num_samples: int = 3,
    confidence: float,
    num_resamples: int,
    seed: int,
    ceilings: Mapping[str, float] | None = None,
    unknown: Collection[str] = (),
    too_long: Collection[str] = (),
    scored_by: str = "",
    settings: Mapping[str, Any] | None = None,
) -> TaskResult:
    """Averages of one benchmark's records.

    A benchmark's score is the unweighted mean over its subtasks. So that the mean of `scores` is that too, each item's
    score is multiplied by (items / subtasks) / (items of its subtask), which is 1 where all subtasks have as many.

    Args:
      benchmark, format, split, sampling: what was asked, and how.
      records: subtask -> its items' records, in the data's order; no subtask without any.
      num_items: subtask -> items in the split.
      group: "selection", "report", or "" outside a run.
      num_samples: items kept as samples, the first ones.
      confidence, num_resamples, seed: of the bootstrap.
      ceilings: key -> the most that the item can score; None where that is not known.
      unknown: keys of items whose question the vocabulary cannot write.
      scored_by, settings: see `TaskResult`.
      too_long: keys of items whose accepted answers are all longer than a generation may be.
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
        dataclasses.replace(
            _subtask_result(subtask, format, records[subtask.name], num_items[subtask.name], interval([subtask.name])),
            num_unwritable=sum((ceilings or {}).get(record.key, 1.0) < 1.0 for record in records[subtask.name]),
            num_unknown=sum(record.key in unknown for record in records[subtask.name]),
            num_too_long=sum(record.key in too_long for record in records[subtask.name]),
        )
        for subtask in benchmark.subtasks
        if subtask.name in records
    )
    means = {subtask.name: subtask.metrics[headline] for subtask in subtasks}
    low, high = interval(list(means))
    is_whole = len(subtasks) == len(benchmark.subtasks)
    counts = Counts.total(subtasks)
    answered = [record for name in means for record in records[name]]
    groups = {
        category: GroupResult.of([means[name] for name in names if name in means])
        for category, names in benchmark.groups().items()
        if any(name in means for name in names)
    }
    drawn = None if sampling is None else dataclasses.asdict(sampling)
    return TaskResult(
        task=f"{benchmark.name}:{published_format(format, drawn)}",
        cluster=benchmark.name,
        kind=BENCHMARK,
        group=group,
        format=format.name,
        metric=headline,
        score=_mean(list(means.values())),
        low=low,
        high=high,
        # An area under a curve is not the mean of anything an item has.
        scores=() if format.aggregate == "roc" else _weighted_scores(answered, headline, subtasks),
        metrics={name: _mean([subtask.metrics[name] for subtask in subtasks]) for name in format.metrics},
        chance=_mean([subtask.chance for subtask in subtasks]),
        ceiling=None if ceilings is None else _mean([_mean([ceilings[r.key] for r in records[n]]) for n in means]),
        samples=tuple(
            Sample(number, record.prompt, record.said, "".join(record.expected[:1]), record.scores[headline])
            for number, record in enumerate(answered[:num_samples])
        ),
        benchmark=benchmark.name,
        title=benchmark.title,
        split=split,
        sampling=drawn,
        micro=_mean([record.scores[headline] for record in answered]),
        # Baselines differ by subtask, so the average of some is not that of all.
        normalised=normalised_score(benchmark, means) if is_whole else None,
        asked=_asked(answered, format, drawn),
        scored_by=scored_by,
        settings=dict(settings or {}),
        is_complete=is_whole and all(_is_complete(part, benchmark.subtask(part.name), split) for part in subtasks),
        groups=groups,
        subtasks=subtasks,
        item_keys=tuple(record.key for record in answered),
        **counts,
    )


def _is_complete(part: SubtaskResult, subtask: Subtask, split: str) -> bool:
    """Whether all items were scored: a file that was cut holds fewer than there are."""
    return part.n == part.num_examples >= subtask.num_published.get(split, 0)


def _asked(records: Sequence[Record], format: Format, sampling: Mapping[str, Any] | None) -> str:
    """Hash of what was read, how it was asked and read off, and of what is accepted."""
    how = (format.method, format.max_tokens, format.stop, format.extract, format.option_end, format.choose)
    then = (format.answer_trigger, format.answer_max_tokens, format.metrics, sampling)
    digest = hashlib.sha256(repr((how, then)).encode())
    for record in records:
        digest.update(repr((record.prompt, record.options, record.expected)).encode())
    return digest.hexdigest()


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
        num_examples=num_items,
        metrics={name: _aggregate(format, records, name) for name in format.metrics},
        low=interval[0],
        high=interval[1],
        chance=subtask.chance if format.aggregate == "roc" else chance_of(subtask.chance, records),
        num_empty=sum(not output.text.strip() for r in records for output in r.outputs),
        num_unfinished=sum(not output.is_finished for r in records for output in r.outputs),
        num_unextracted=sum(r.method != "rank" and r.answer is None for r in records),
        num_tied=sum(r.is_tied for r in records) if is_vote(format) else 0,
        num_prompts_shortened=sum(r.num_dropped > 0 for r in records),
        num_exemplars_dropped=sum(r.num_dropped for r in records),
        num_trimmed=sum(r.is_trimmed for r in records),
        num_not_finite=sum(not r.is_finite for r in records),
        num_prompt_tokens=sum(r.num_prompt_tokens for r in records),
        num_generated_tokens=sum(r.num_generated_tokens for r in records),
    )


def _weighted_scores(answered: Sequence[Record], metric: str, subtasks: Sequence[SubtaskResult]) -> tuple[float, ...]:
    weights = {subtask.name: len(answered) / (len(subtasks) * subtask.n) for subtask in subtasks}
    return tuple(record.scores[metric] * weights[record.subtask] for record in answered)


def _aggregate(format: Format, records: Sequence[Record], name: str) -> float:
    if format.aggregate == "roc":
        return roc_area(*_detections(records, name))
    return _mean([r.scores[name] for r in records])


def _detections(records: Sequence[Record], name: str) -> tuple[np.ndarray, np.ndarray]:
    """(scores, whether the first option is right) of ranked items."""
    return np.array([r.scores[name] for r in records]), np.array([0 in r.correct for r in records])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
