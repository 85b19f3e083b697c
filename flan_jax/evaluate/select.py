"""The one rule that picks a checkpoint, and the evidence for its choice."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Sequence

from flan_jax.checkpoints.find import SELECTED_FILE
from flan_jax.core.disk import write_sealed
from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.evaluate.aggregates.statistics import Interval, task_average_difference
from flan_jax.evaluate.results.eval_results import (
    GROUPS,
    EvalResults,
    TaskResult,
    exact_average,
    normalised_average,
    normalised_scores,
)
from flan_jax.evaluate.results.files import read_results

RULE = (
    "The checkpoint with the best normalised average, (score - chance) / (1 - chance) averaged over the selection "
    "tasks (Chung et al. 2022, section 2.3); of equals the earliest. The starting point, step 0, is what the "
    "choice is compared with, not a candidate. Report tasks play no part."
)

EVALS_FILE = "evals.jsonl"

__all__ = ["RULE", "RunnerUp", "Selection", "StepScore", "best_first", "select", "write_selected"]


@dataclasses.dataclass(frozen=True)
class StepScore:
    """Normalised averages at one step; `report` is over the report tasks that all steps have, None where none is."""

    step: int
    selection: float
    report: float | None


@dataclasses.dataclass(frozen=True)
class RunnerUp:
    """Another step, and whether the choice can be told apart from it (paired bootstrap, two levels)."""

    step: int
    difference: Interval
    verdict: str


@dataclasses.dataclass(frozen=True)
class Selection:
    """The choice: what `selected.json` holds.

    verdict: what the evidence says, in one sentence. runner_up: the second-best step. others: all other candidates,
    best first. not_told_apart: those of them whose difference from the choice may be chance; each is looked at by
    itself, at `confidence`.
    """

    step: int
    score: float
    rule: str
    verdict: str
    runner_up: RunnerUp | None
    others: tuple[RunnerUp, ...]
    not_told_apart: tuple[int, ...]
    table: tuple[StepScore, ...]
    selection_tasks: tuple[str, ...]
    report_tasks: tuple[str, ...]
    confidence: float
    num_resamples: int
    seed: int


def select(
    results: Sequence[EvalResults], *, confidence: float = 0.95, num_resamples: int = 1000, seed: int = 0
) -> Selection:
    """Applies `RULE` to evaluations of one run.

    Report tasks may be scored at some steps only (EVAL_SUITE_PERIOD). Raises `ConfigError` where steps were judged on
    different selection tasks or examples, where a task is in both groups, or no task is for selection;
    `CheckpointError` where there is no step after 0.

    Args:
      results: one for each step that was judged.
      confidence: share of the resampled values that lies between the bounds, in (0, 1).
      num_resamples: how often the data is drawn anew.
      seed: of these draws.
    """
    steps = best_first(results)
    if not steps:
        raise CheckpointError("no step after 0 was evaluated, so there is no checkpoint to pick: train further")
    first = results[0]
    names = tuple(tuple(task.task for task in first.in_group(group)) for group in GROUPS)
    table = tuple(_score(result, results) for result in sorted(results, key=lambda result: result.step))
    by_step = {result.step: result for result in results}
    best = by_step[steps[0]]
    others = tuple(_compare(best, by_step[step], confidence, num_resamples, seed) for step in steps[1:])
    tied = tuple(other.step for other in others if other.difference.low <= 0.0)
    return Selection(
        step=best.step,
        score=normalised_average(best.in_group("selection")),
        rule=RULE,
        verdict=_verdict(best.step, others, tied, confidence) + _against_start(best, by_step.get(0)),
        runner_up=others[0] if others else None,
        others=others,
        not_told_apart=tied,
        table=table,
        selection_tasks=names[0],
        report_tasks=names[1],
        confidence=confidence,
        num_resamples=num_resamples,
        seed=seed,
    )


def best_first(results: Sequence[EvalResults]) -> list[int]:
    """The steps after 0 in the order of `RULE`, the best first: which checkpoints a run keeps, and which it selects.

    Averages are compared without rounding, so that of equals it is the earliest whatever the order of tasks and items.
    Raises `ConfigError` as `select`.
    """
    _check_same_tasks(results)
    ranked = []
    for result in results:
        tasks = result.in_group("selection")
        if not tasks:
            raise ConfigError(
                "no task is for selection, so no checkpoint can be picked: name a task or mixture in "
                "EvalConfig.selection"
            )
        ranked.append((-exact_average(tasks), result.step))
    return [step for _, step in sorted(ranked) if step > 0]


def write_selected(
    model_dir: str | os.PathLike[str], *, confidence: float = 0.95, num_resamples: int = 1000, seed: int = 0
) -> Selection:
    """Reads `evals.jsonl` of a run folder, applies the rule, writes `selected.json` beside it.

    Args:
      model_dir: the run's folder.
      confidence: share of the resampled values that lies between the bounds, in (0, 1).
      num_resamples: how often the data is drawn anew.
      seed: of these draws.
    """
    folder = pathlib.Path(model_dir)
    results = read_results(folder / EVALS_FILE)
    selection = select(results, confidence=confidence, num_resamples=num_resamples, seed=seed)
    write_sealed(folder / SELECTED_FILE, selection)
    return selection


def _score(result: EvalResults, all_steps: Sequence[EvalResults]) -> StepScore:
    """Averages of one step; of the report tasks those that all steps have."""
    common = frozenset.intersection(*(frozenset(each.tasks) for each in all_steps))
    reported = [task for task in result.in_group("report") if task.task in common]
    selection = normalised_average(result.in_group("selection"))
    return StepScore(result.step, selection, normalised_average(reported) if reported else None)


def _judged_by(task: TaskResult) -> tuple[object, ...]:
    return task.group, task.n, task.metric, round(task.chance, 6)


def _check_same_tasks(results: Sequence[EvalResults]) -> None:
    if not results:
        raise CheckpointError("no evaluation to select from: evals.jsonl is empty")
    first = results[0]
    for result in results:
        for name, task in result.tasks.items():
            if name != task.task:
                raise ConfigError(f"step {result.step} lists task {task.task} as {name}: evals.jsonl is damaged")
        found = {name: _judged_by(task) for name, task in result.tasks.items()}
        expected = {name: _judged_by(task) for name, task in first.tasks.items()}
        # Report tasks may be absent at some steps (EVAL_SUITE_PERIOD), but not be others where both have them.
        differing = sorted(
            (name, facts)
            for name, facts in set(found.items()) ^ set(expected.items())
            if facts[0] == "selection" or (name in found and name in expected)
        )
        if differing:
            raise ConfigError(
                f"steps {first.step} and {result.step} were judged differently ({differing[0][0]} and maybe others: "
                f"another group, metric, chance or number of examples): evaluate them again with one EvalConfig"
            )


def _verdict(step: int, others: Sequence[RunnerUp], tied: Sequence[int], confidence: float) -> str:
    if not others:
        return f"step {step} is the only one that was evaluated after step 0"
    if not tied:
        all_others = "the other step" if len(others) == 1 else f"each of the {len(others)} other steps"
        return f"step {step} is better than {all_others} ({confidence:.0%} paired intervals)"
    steps = f"step{'s' * (len(tied) > 1)} {', '.join(map(str, sorted(tied)))}"
    return (
        f"step {step} has the best average, but {confidence:.0%} paired intervals cannot tell it apart from {steps}, "
        f"{len(tied)} of {len(others)} others"
    )


def _against_start(best: EvalResults, start: EvalResults | None) -> str:
    """What is to be said where training helped nothing; "" where it did, or the start was not judged."""
    if start is None:
        return ""
    ours, theirs = exact_average(best.in_group("selection")), exact_average(start.in_group("selection"))
    if ours > theirs:
        return ""
    return (
        f"; no checkpoint is better than the starting point, step 0 ({float(theirs):.4f}, the best of them "
        f"{float(ours):.4f}): on these tasks training has gained nothing"
    )


def _compare(best: EvalResults, other: EvalResults, confidence: float, num_resamples: int, seed: int) -> RunnerUp:
    difference = task_average_difference(
        [normalised_scores(task) for task in other.in_group("selection")],
        [normalised_scores(task) for task in best.in_group("selection")],
        confidence=confidence,
        num_resamples=num_resamples,
        seed=seed,
    )
    interval = f"{difference.mean:+.4f}, {confidence:.0%} interval {difference.low:+.4f} to {difference.high:+.4f}"
    if difference.low > 0.0:
        verdict = f"step {best.step} is better than step {other.step} ({interval})"
    else:
        verdict = f"step {best.step} cannot be told apart from step {other.step} ({interval})"
    return RunnerUp(other.step, difference, verdict)
