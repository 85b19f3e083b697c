"""What a study's runs found: a record for each task that a run was judged on, before and after."""

from __future__ import annotations

import dataclasses
import math
import pathlib
from collections.abc import Iterable, Mapping

import numpy as np

from flan_jax.checkpoints.find import SELECTED_FILE
from flan_jax.core.disk import read_json_object
from flan_jax.core.errors import StudyError, some_of
from flan_jax.evaluate.results.eval_results import EvalResults, TaskResult, normalised_scores
from flan_jax.evaluate.results.files import read_results
from flan_jax.evaluate.select import EVALS_FILE
from flan_jax.models import count_params
from flan_jax.study.cells import Cell
from flan_jax.study.runner import is_done, run_folder
from flan_jax.study.study import Study
from flan_jax.train.throughput import step_flops

START, END = "start", "end"
_BOUNDS = {"targets_length": "in at most so many tokens:", "stop": "up to one of the texts"}

__all__ = ["END", "START", "Scores", "check_alike", "read_scores"]


@dataclasses.dataclass(frozen=True)
class Scores:
    """One run judged on one task, at its start or at the step that it handed over.

    Attributes:
      levels: axis -> level; of a start, the study's name for it on the axes that have one.
      seed: of the run. run: its key. when: "start" or "end". step: that was judged.
      task, group, kind, cluster, format, metric: of the task. examples: how many were scored.
      scored_by: hash of the code of metrics of a user's own (`TaskResult.scored_by`).
      targets_length, stop: most tokens of an answer, and texts that end one; None where none is generated, or it is not
        recorded.
      score, chance: in [0, 1]. normalised: (score - chance) / (1 - chance).
      parameters: of the model. flops, tokens: of all training steps up to `step`, packed positions.
    """

    levels: Mapping[str, str]
    seed: int
    run: str
    when: str
    step: int
    task: str
    group: str
    kind: str
    cluster: str
    format: str
    metric: str
    examples: int
    score: float
    chance: float
    normalised: float
    parameters: int
    flops: float
    tokens: int
    scored_by: str = ""
    targets_length: int | None = None
    stop: tuple[str, ...] | None = None


def read_scores(study: Study, cells: Iterable[Cell], folder: pathlib.Path) -> list[Scores]:
    """Of every cell that is done. Raises `CheckpointError` for a damaged run, `StudyError` as `check_alike` does.

    Args:
      study: the study.
      cells: of it.
      folder: of all studies.
    """
    found: list[Scores] = []
    started: dict[tuple[tuple[str, ...], int], list[Scores]] = {}
    for cell in cells:
        if not is_done(folder, cell):
            continue
        run = run_folder(folder, cell)
        results = {each.step: each for each in read_results(run / EVALS_FILE)}
        chosen = run / SELECTED_FILE
        step = max(results)
        if chosen.exists():
            step = int(read_json_object(chosen, "run the cell's training command again")["step"])
        found += _scores(study, cell, cell.levels, END, results[step])
        if study.start and 0 in results:
            # All runs that differ on these axes alone begin as the same model, judged on the same examples.
            levels = {axis: study.start.get(axis, level) for axis, level in cell.levels.items()}
            mine = _scores(study, cell, levels, START, results[0])
            first = started.setdefault((tuple(levels.values()), cell.seed), mine)
            if first is mine:
                found += mine
            elif {each.task: each.normalised for each in first} != {each.task: each.normalised for each in mine}:
                raise StudyError(
                    f"runs {first[0].run} and {cell.key} begin as different models, so that Study.start of "
                    f"{', '.join(study.start)} stands for neither: name it on axes that leave the start alone"
                )
    check_alike(study, found)
    return found


def check_alike(study: Study, scores: Iterable[Scores]) -> None:
    """Raises `StudyError` where runs were judged on other tasks, by other metrics, on other numbers of examples, or
    could not say as much: their averages would not be of the same. The longest prompt and dtype may be a level's.
    """
    bounds: dict[tuple[str, str], Scores] = {}
    facts: dict[str, tuple[Scores, tuple[object, ...]]] = {}
    tasks: dict[tuple[str, str], set[str]] = {}
    for each in scores:
        if each.group != study.group:
            continue
        tasks.setdefault((each.run, each.when), set()).add(each.task)
        mine = (each.metric, each.examples, each.chance, each.scored_by)
        first, theirs = facts.setdefault(each.task, (each, mine))
        if mine != theirs:
            other_code = ", by other code of that name" if mine[:3] == theirs[:3] else ""
            raise StudyError(
                f"{each.task} is judged by {mine[0]} on {mine[1]} examples in run {each.run}, by {theirs[0]} on "
                f"{theirs[1]} in run {first.run}{other_code}: judge all levels alike (EVAL_LIMIT, EVAL_REPORT)"
            )
        for name, words in _BOUNDS.items():
            if (mine_here := getattr(each, name)) is not None:
                said = bounds.setdefault((each.task, name), each)
                if (theirs_here := getattr(said, name)) != mine_here:
                    raise StudyError(
                        f"{each.task} is answered {words} {mine_here} in run {each.run}, {theirs_here} in run "
                        f"{said.run}: judge all levels alike (EVAL_{name.upper()})"
                    )
    (run, _), names = next(iter(tasks.items()), (("", ""), set()))
    for (other, _), found in tasks.items():
        if differing := sorted(found ^ names):
            raise StudyError(
                f"runs {run} and {other} are judged on different tasks, {some_of(differing, 3)} in one of them: judge "
                f"all levels alike (EVAL_REPORT)"
            )


def _scores(study: Study, cell: Cell, levels: Mapping[str, str], when: str, results: EvalResults) -> list[Scores]:
    train, model = cell.config.train, cell.config.model
    lengths = train.inputs_length, train.targets_length
    scored = [(task, *_compared(study, cell, task)) for task in results.tasks.values()]
    return [
        Scores(
            levels=levels,
            seed=cell.seed,
            run=cell.key,
            when=when,
            step=results.step,
            task=task.task,
            group=task.group,
            kind=task.kind,
            cluster=task.cluster,
            format=task.format,
            metric=metric,
            examples=task.n,
            score=score,
            chance=chance,
            normalised=normalised,
            parameters=count_params(model),
            flops=results.step * step_flops(model, train.batch_size, *lengths),
            tokens=results.step * train.batch_size * sum(lengths),
            scored_by=task.scored_by,
            targets_length=task.settings.get("targets_length"),
            stop=tuple(task.settings.get("stop", ())) if "targets_length" in task.settings else None,
        )
        for task, metric, score, chance, normalised in scored
    ]


def _compared(study: Study, cell: Cell, task: TaskResult) -> tuple[str, float, float, float]:
    """Metric, score, chance level and normalised score by which the study compares a task. Of a metric that is not the
    task's first no score an example is recorded, only their mean."""
    if study.metric in ("", task.metric):
        return task.metric, float(task.score), float(task.chance), float(np.mean(normalised_scores(task)))
    if task.group == study.group and study.metric not in task.metrics:
        raise StudyError(
            f"Study.metric is {study.metric!r}, and {task.task} of run {cell.key} is scored by "
            f"{', '.join(task.metrics)}: give one that every task of {study.group} has, or none"
        )
    score = float(task.metrics.get(study.metric, math.nan))
    return study.metric, score, 0.0, score
