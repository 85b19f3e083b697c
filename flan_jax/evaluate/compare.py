"""Models side by side: on every task that a run and the baseline share, paired by example, and over all of them."""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np

from flan_jax.core.errors import ConfigError, Setting, TaskError, counted, some_of
from flan_jax.core.settings import Above, AtLeast, Below, Seed, SlipAbove, settle
from flan_jax.evaluate.aggregates.significance import holm, sign_flip_p
from flan_jax.evaluate.aggregates.statistics import Interval, task_average_difference, task_average_interval
from flan_jax.evaluate.judged import Judged, names_apart, read_judged, why_not_averaged
from flan_jax.evaluate.pairing import Pair, pair
from flan_jax.evaluate.results.eval_results import TaskResult, why_no_chance

FEWEST_FLIPS = 10_000  # draws of a permutation test, where signs are drawn
_FLIPS_A_LIMIT = 10  # the smallest p-value that can be drawn is so much smaller than what Holm asks of the first

_OF_OTHER_GROUP = {"report": "a report task", "selection": "a selection task, which picked a checkpoint"}

__all__ = [
    "CompareConfig",
    "Comparison",
    "LeftOut",
    "RunComparison",
    "TaskComparison",
    "compare",
    "compare_folders",
]


@dataclasses.dataclass(frozen=True)
class CompareConfig:
    """How runs are compared.

    Attributes:
      group: tasks that are compared: "report", those that no choice was made by; "selection", those that picked the
        checkpoint of one of the two; "all".
      confidence: of the intervals; 1 - confidence is the chance that Holm's correction allows of calling any
        difference one that is none.
      num_resamples: of the bootstrap; a 95% interval wants 40 at least.
      seed: of bootstrap and permutations.
    """

    group: Literal["report", "selection", "all"] = "report"
    confidence: Annotated[float, Above(0), Below(1), "such as 0.95"] = 0.95
    num_resamples: Annotated[int, AtLeast(40), SlipAbove(10**6)] = 1000
    seed: Seed = 0

    def __post_init__(self) -> None:
        settle(self)


@dataclasses.dataclass(frozen=True)
class TaskComparison:
    """One task of the baseline and a run.

    Attributes:
      task, group, metric: which it is, what it is used for, what it is scored by.
      n: examples. chance: what guessing scores.
      baseline, run: scores in [0, 1].
      difference: run less baseline, paired by example, with its bootstrap interval.
      p_value: of the permutation test. p_holm: corrected for all tasks of all runs.
      verdict: "better", "worse", or "not told apart".
    """

    task: str
    group: str
    metric: str
    n: int
    chance: float
    baseline: float
    run: float
    difference: Interval
    p_value: float
    p_holm: float
    verdict: str


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """A task that is not compared, and why."""

    task: str
    reason: str


@dataclasses.dataclass(frozen=True)
class RunComparison:
    """A run beside the baseline.

    Attributes:
      name: of the run.
      tasks: by name.
      baseline, run: normalised averages over these tasks, in two-level intervals.
      difference: of the averages, paired by example.
      left_out: tasks of either that are not compared.
      notes: sentences for whoever reads the comparison.
    """

    name: str
    tasks: tuple[TaskComparison, ...]
    baseline: Interval
    run: Interval
    difference: Interval
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()

    def count(self, verdict: str) -> int:
        """On how many tasks the verdict is that."""
        return sum(task.verdict == verdict for task in self.tasks)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What `compare` found: the baseline first among `judged`, and a `RunComparison` for each of the others."""

    judged: tuple[Judged, ...]
    runs: tuple[RunComparison, ...]
    config: CompareConfig

    @property
    def baseline(self) -> Judged:
        """What the others are compared with."""
        return self.judged[0]

    @property
    def num_tests(self) -> int:
        """How many p-values Holm's correction is of."""
        return sum(len(run.tasks) for run in self.runs)


def compare_folders(folders: Sequence[str | os.PathLike[str]], config: CompareConfig | None = None) -> Comparison:
    """`compare` of runs' folders and folders of `flan-jax eval … --out`, the first of them the baseline.

    Raises `ConfigError` for fewer than two folders, or one given twice, `CheckpointError` for a folder without scores
    or with damaged ones, and as `compare`.
    """
    real = [os.path.realpath(folder) for folder in folders]
    for number, folder in enumerate(folders):
        if real[number] in real[:number]:
            raise ConfigError(f"{folder} is given twice: give each run once, the baseline first")
    return compare([read_judged(f, n) for f, n in zip(folders, names_apart(folders), strict=True)], config)


def compare(judged: Sequence[Judged], config: CompareConfig | None = None) -> Comparison:
    """Each model after the first beside the first, on the tasks that both have.

    Args:
      judged: at least two, the baseline first.
      config: groups, confidence, seed; the default is the report tasks at 95%.

    Raises `ConfigError` for fewer than two, and where a pair shares no task; `TaskError` for a shared task that was
    judged on other examples or by another metric, or has a score that is no number.
    """
    config = config or CompareConfig()
    if len(judged) < 2:
        raise ConfigError(f"{counted(len(judged), 'run')} to compare: give at least two, the baseline first")
    shared = [_shared(judged[0], run, config.group) for run in judged[1:]]
    pairs = [
        {name: pair(judged[0], run, name) for name in names} for run, (names, _) in zip(judged[1:], shared, strict=True)
    ]
    num_tests = sum(map(len, pairs))
    p_values = [
        sign_flip_p(found.run - found.baseline, num_flips=_num_flips(num_tests, config), seed=config.seed)
        for by_name in pairs
        for found in by_name.values()
    ]
    corrected = iter(zip(p_values, holm(p_values), strict=True))
    runs = []
    for run, by_name, (_, left_out) in zip(judged[1:], pairs, shared, strict=True):
        tasks = tuple(
            _task(judged[0].results.tasks[name], run.results.tasks[name], found, next(corrected), config)
            for name, found in by_name.items()
        )
        runs.append(_run(run.name, tasks, by_name, left_out, config))
    return Comparison(tuple(judged), tuple(runs), config)


def _shared(baseline: Judged, run: Judged, group: str) -> tuple[list[str], tuple[LeftOut, ...]]:
    """Names of the tasks to compare, and the others with a reason each."""
    old, new = baseline.results.tasks, run.results.tasks
    names, left_out = [], []
    for name in sorted({*old, *new}):
        if name not in new:
            reason = f"not judged in {run.name}"
        elif name not in old:
            reason = f"not judged in {baseline.name}"
        elif group not in ("all", found := _group(old[name], new[name])):
            reason = _OF_OTHER_GROUP[found]
        elif why := why_not_averaged(old[name]) or why_not_averaged(new[name]):
            reason = why
        else:
            names.append(name)
            continue
        left_out.append(LeftOut(name, reason))
    if not names:
        said = f"{baseline.name} and {run.name} share no task that can be compared: {_reasons(left_out)}; "
        if any(each.reason in _OF_OTHER_GROUP.values() for each in left_out):
            raise ConfigError(said, "compare others with ", Setting("--group"), " all")
        raise ConfigError(said, "judge both on one mixture or benchmark")
    return names, tuple(left_out)


def _reasons(left_out: Sequence[LeftOut]) -> str:
    shown = [f"{each.task}, {each.reason}" for each in left_out[:3]]
    more = f"; … ({len(left_out):,} in all)" if len(left_out) > 3 else ""
    return f"{'; '.join(shown)}{more}" if shown else "neither has any"


def _group(old: TaskResult, new: TaskResult) -> str:
    """What picked the checkpoint of one of the two is no report for the pair."""
    return "selection" if "selection" in (old.group, new.group) else "report"


def _num_flips(num_tests: int, config: CompareConfig) -> int:
    return max(FEWEST_FLIPS, math.ceil(_FLIPS_A_LIMIT * num_tests / (1.0 - config.confidence)))


def _task(
    old: TaskResult, new: TaskResult, found: Pair, p_values: tuple[float, float], config: CompareConfig
) -> TaskComparison:
    difference = task_average_difference([found.baseline], [found.run], **_drawn(config))
    verdict = "not told apart"
    if p_values[1] <= 1.0 - config.confidence:
        verdict = "better" if difference.mean > 0.0 else "worse"
    return TaskComparison(
        task=old.task,
        group=_group(old, new),
        metric=old.metric,
        n=old.n,
        chance=old.chance,
        baseline=old.score,
        run=new.score,
        difference=difference,
        p_value=p_values[0],
        p_holm=p_values[1],
        verdict=verdict,
    )


def _run(
    name: str,
    tasks: tuple[TaskComparison, ...],
    pairs: Mapping[str, Pair],
    left_out: tuple[LeftOut, ...],
    config: CompareConfig,
) -> RunComparison:
    before = [_normalised(pairs[task.task].baseline, task) for task in tasks]
    after = [_normalised(pairs[task.task].run, task) for task in tasks]
    return RunComparison(
        name=name,
        tasks=tasks,
        baseline=task_average_interval(before, **_drawn(config)),
        run=task_average_interval(after, **_drawn(config)),
        difference=task_average_difference(before, after, **_drawn(config)),
        left_out=left_out,
        notes=_notes(pairs),
    )


def _notes(pairs: Mapping[str, Pair]) -> tuple[str, ...]:
    """What there is to say of the pairs, each once, after the tasks that it is said of."""
    tasks: dict[str, list[str]] = {}
    for name, found in pairs.items():
        for note in found.notes:
            tasks.setdefault(note, []).append(name)
    return tuple(f"{some_of(names)}: {note}" for note, names in tasks.items())


def _normalised(scores: np.ndarray, task: TaskComparison) -> np.ndarray:
    """As `normalised_scores`, of scores in the order that pairs them."""
    if not 0.0 <= task.chance < 1.0:
        raise TaskError(why_no_chance(task.task, task.chance))
    normalised: np.ndarray = (scores - task.chance) / (1.0 - task.chance)
    return normalised


def _drawn(config: CompareConfig) -> dict[str, Any]:
    return {"confidence": config.confidence, "num_resamples": config.num_resamples, "seed": config.seed}
