"""Whether a finding is seen: its interval over seeds and tasks, and a word for it.

It is computed of every seed and every held-out task, [seeds, tasks], and its interval comes from drawing seeds and
tasks anew, each by themselves (the "pigeonhole" bootstrap of two crossed factors, Owen 2007, which errs on the wide
side). Examples are averaged within a task: what other tasks and other seeds would have given is the question. With
several findings in a study each interval is wider by Bonferroni, so that all of them hold together.

    reproduced     the interval lies above zero
    contradicted   the interval lies below zero
    underpowered   it holds zero, or there are fewer than three seeds or two tasks
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Literal, cast

import numpy as np

from flan_jax.core.errors import StudyError, some_of
from flan_jax.study.findings import Finding, is_wanted
from flan_jax.study.scores import Scores
from flan_jax.study.study import Study

Outcome = Literal["reproduced", "contradicted", "underpowered", "not run"]
MIN_SEEDS, MIN_TASKS = 3, 2
CONFIDENCE, NUM_RESAMPLES = 0.95, 10_000

__all__ = ["CONFIDENCE", "Verdict", "averages", "judge", "sizes"]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a study says of a finding.

    text: the finding. outcome: see above. estimate, low, high: in points of a hundred; NaN where nothing was run.
    unit: what they are of. seeds, tasks: how many went in. confidence: of this interval.
    """

    text: str
    outcome: Outcome
    estimate: float
    low: float
    high: float
    unit: str
    seeds: int
    tasks: int
    confidence: float


def judge(
    study: Study, scores: Sequence[Scores], *, num_resamples: int = NUM_RESAMPLES, seed: int = 0
) -> list[Verdict]:
    """A verdict for every finding of the study.

    Raises `StudyError` for a finding about tasks that no run is judged on.

    Args:
      study: the study.
      scores: of its runs that are done; a finding whose runs are not all done is "not run".
      num_resamples: draws an interval.
      seed: of the draws.
    """
    confidence = 1.0 - (1.0 - CONFIDENCE) / max(1, len(study.findings))
    findings = cast(tuple[Finding, ...], study.findings)  # which `Study` has checked
    tasks = sorted({each.task for each in scores if each.group == study.group})
    for finding in findings:
        pattern = getattr(finding, "tasks", "*")
        if tasks and not any(is_wanted(task, pattern) for task in tasks):
            raise StudyError(
                f"{finding.text!r} is about tasks {pattern!r}, and the runs are judged on {some_of(tasks, 5)}: give "
                f"patterns of their names, several between spaces"
            )
    return [_verdict(finding, study, scores, confidence, num_resamples, seed) for finding in findings]


def averages(study: Study, scores: Sequence[Scores]) -> dict[tuple[str, ...], list[float]]:
    """Levels of the axes, in their order -> normalised average over the study's tasks in points, one a seed."""
    found: dict[tuple[str, ...], dict[int, list[float]]] = {}
    for each in scores:
        if each.group == study.group:
            key = tuple(each.levels[axis] for axis in study.axes)
            found.setdefault(key, {}).setdefault(each.seed, []).append(100.0 * each.normalised)
    return {
        key: [math.fsum(by_seed[seed]) / len(by_seed[seed]) for seed in sorted(by_seed)]
        for key, by_seed in found.items()
    }


def sizes(study: Study, scores: Sequence[Scores]) -> dict[tuple[str, ...], float]:
    """Levels of the axes, in their order -> where `Study.over` puts them: parameters of the model, or operations of the
    training steps up to there, 0 before training. Empty for a study that is plotted over its levels.

    Args:
      study: the study.
      scores: of its runs that are done.
    """
    if study.over == "levels":
        return {}
    return {
        tuple(each.levels[axis] for axis in study.axes): float(
            each.parameters if study.over == "parameters" else each.flops
        )
        for each in scores
    }


def _verdict(
    finding: Finding, study: Study, scores: Sequence[Scores], confidence: float, num_resamples: int, seed: int
) -> Verdict:
    effects = finding.effects(study, scores)
    seeds, tasks = sorted({s for s, _ in effects}), sorted({t for _, t in effects})
    if not effects or len(effects) < len(seeds) * len(tasks):
        return Verdict(
            finding.text, "not run", math.nan, math.nan, math.nan, finding.unit, len(seeds), len(tasks), confidence
        )
    values = np.array([[effects[s, t] for t in tasks] for s in seeds])
    low, high = _pigeonhole(values, confidence, num_resamples, seed)
    outcome: Outcome = "underpowered"
    if len(seeds) >= MIN_SEEDS and len(tasks) >= MIN_TASKS:
        outcome = "reproduced" if low > 0 else "contradicted" if high < 0 else "underpowered"
    return Verdict(
        finding.text, outcome, float(values.mean()), low, high, finding.unit, len(seeds), len(tasks), confidence
    )


def _pigeonhole(values: np.ndarray, confidence: float, num_resamples: int, seed: int) -> tuple[float, float]:
    """Percentile interval of the mean of [seeds, tasks], rows and columns drawn anew by themselves."""
    rng = np.random.Generator(np.random.Philox(seed))
    num_seeds, num_tasks = values.shape
    rows = rng.multinomial(num_seeds, np.full(num_seeds, 1 / num_seeds), size=num_resamples) / num_seeds
    columns = rng.multinomial(num_tasks, np.full(num_tasks, 1 / num_tasks), size=num_resamples) / num_tasks
    means = np.einsum("rs,st,rt->r", rows, values, columns)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(low), float(high)
