"""The one rule that picks a checkpoint, and the evidence for its choice."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Sequence

from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.core.manifest import write_json_atomically
from flan_jax.evaluate.results import EvalResults, normalised_scores, read_results
from flan_jax.evaluate.statistics import Interval, task_average_difference

RULE = (
    "The checkpoint with the best normalised average, (score - chance) / (1 - chance) averaged over the selection "
    "tasks (Chung et al. 2022, section 2.3); of equals the earliest. The starting point, step 0, is what the "
    "choice is compared with, not a candidate. Report tasks play no part."
)

__all__ = ["RULE", "RunnerUp", "Selection", "StepScore", "select", "write_selected"]


@dataclasses.dataclass(frozen=True)
class StepScore:
    """Normalised averages at one step; `report` is None where there are no report tasks."""

    step: int
    selection: float
    report: float | None


@dataclasses.dataclass(frozen=True)
class RunnerUp:
    """The second-best step, and whether the choice can be told apart from it (paired bootstrap, two levels)."""

    step: int
    difference: Interval
    verdict: str


@dataclasses.dataclass(frozen=True)
class Selection:
    """The choice: what `selected.json` holds."""

    step: int
    score: float
    rule: str
    runner_up: RunnerUp | None
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

    Raises `ConfigError` where steps were judged on different tasks or examples, where a task is in both groups, or
    no task is for selection; `CheckpointError` where there is no step after 0.
    """
    table = []
    names = _check_same_tasks(results)
    for result in sorted(results, key=lambda result: result.step):
        score = result.average("selection")
        if score is None:
            raise ConfigError(
                "no task is for selection, so no checkpoint can be picked: name a task or mixture in "
                "EvalConfig.selection"
            )
        table.append(StepScore(result.step, score, result.average("report")))
    candidates = sorted((row for row in table if row.step > 0), key=lambda row: (-row.selection, row.step))
    if not candidates:
        raise CheckpointError("no step after 0 was evaluated, so there is no checkpoint to pick: train further")
    best = candidates[0]
    runner_up = None
    if len(candidates) > 1:
        by_step = {result.step: result for result in results}
        runner_up = _compare(by_step[best.step], by_step[candidates[1].step], confidence, num_resamples, seed)
    return Selection(best.step, best.selection, RULE, runner_up, tuple(table), *names, confidence, num_resamples, seed)


def write_selected(
    model_dir: str | os.PathLike[str], *, confidence: float = 0.95, num_resamples: int = 1000, seed: int = 0
) -> Selection:
    """Reads `evals.jsonl` of a run folder, applies the rule, writes `selected.json` beside it."""
    folder = pathlib.Path(model_dir)
    results = read_results(folder / "evals.jsonl")
    selection = select(results, confidence=confidence, num_resamples=num_resamples, seed=seed)
    write_json_atomically(folder / "selected.json", selection)
    return selection


def _check_same_tasks(results: Sequence[EvalResults]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not results:
        raise CheckpointError("no evaluation to select from: evals.jsonl is empty")
    first = results[0]
    selection, report = (tuple(task.task for task in first.in_group(group)) for group in ("selection", "report"))
    for result in results:
        for name, task in result.tasks.items():
            if name != task.task:
                raise ConfigError(f"step {result.step} lists task {task.task} as {name}: evals.jsonl is damaged")
        found = {name: (task.group, task.n, task.metric) for name, task in result.tasks.items()}
        expected = {name: (task.group, task.n, task.metric) for name, task in first.tasks.items()}
        if found != expected:
            differing = sorted(set(found.items()) ^ set(expected.items()))
            raise ConfigError(
                f"steps {first.step} and {result.step} were judged differently ({differing[0][0]} and maybe others: "
                f"another group, metric or number of examples): evaluate them again with one EvalConfig"
            )
    return selection, report


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
