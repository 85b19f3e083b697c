"""Evaluators of one's own: a function from a model and a step to scores, no class.

Such a function, and where it is handed in:

    def politeness(model, step):
        answers = dict(model.generate([GenerateRequest("", "May I come in?", max_tokens=16)]))
        return {"politeness": float("please" in answers[0][0].text)}

    judge = make_judge(config, run, evaluators=[politeness])
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.core.own_code import own_code
from flan_jax.declare.metric import as_number
from flan_jax.evaluate.results.eval_results import EvalResults, TaskResult
from flan_jax.evaluate.suite import Progress
from flan_jax.models import Params

KIND = "evaluator"  # of tasks that a function scores
METRIC = "score"

# (model, step) -> name -> score in [0, 1], or results.
CustomEvaluator = Callable[[Any, int], Mapping[str, float] | EvalResults]

__all__ = ["KIND", "METRIC", "CustomEvaluator", "name_of", "score_by"]


def score_by(
    evaluators: Sequence[CustomEvaluator], open_model: Callable[[Params], Any]
) -> Callable[[Params, int, Progress | None], EvalResults]:
    """The functions as one evaluator of a run.

    Args:
      evaluators: `(model, step) -> results`; names must differ.
      open_model: parameters -> the `model` that they get, made once a step.

    What it returns raises `TaskError` for what is not a score in [0, 1], `ConfigError` for a name that two of them
    give.
    """

    # Before they are called, as a function may keep what it has seen.
    codes = [own_code([evaluate]) for evaluate in evaluators]

    def run(params: Params, step: int, on_item: Progress | None = None) -> EvalResults:
        model = open_model(params)
        found = []
        for done, (evaluate, code) in enumerate(zip(evaluators, codes, strict=True), 1):
            start = time.monotonic()
            results = _as_results(evaluate(model, step), step, name_of(evaluate), code)
            found.append(dataclasses.replace(results, secs=time.monotonic() - start))
            if on_item is not None:
                on_item(done, len(evaluators))
        return EvalResults.merged(step, found)

    return run


def name_of(evaluator: CustomEvaluator) -> str:
    """What it is called in results."""
    return getattr(evaluator, "__name__", type(evaluator).__name__)


def _as_results(found: Mapping[str, float] | EvalResults, step: int, name: str, code: str) -> EvalResults:
    """Results whose tasks are in a group; where the function says none, they are reported and pick nothing."""
    if isinstance(found, EvalResults):
        tasks = {
            key: dataclasses.replace(task, group=task.group or "report", scored_by=task.scored_by or code)
            for key, task in found.tasks.items()
        }
        return dataclasses.replace(found, step=step, tasks=tasks)
    if not isinstance(found, Mapping):
        raise TaskError(f"evaluator {name} returned {type(found).__name__}: give {{name: score in [0, 1]}} or results")
    return EvalResults(step, {key: _one_score(key, score, name, code) for key, score in found.items()})


def _one_score(task: str, score: float, name: str, code: str) -> TaskResult:
    if not isinstance(task, str) or not task:
        raise TaskError(f"evaluator {name} gave a score the name {task!r}: give {{name: score}}, the name a text")
    score = as_number(score, f"evaluator {name} gave {task} a score of")
    if not 0.0 <= score <= 1.0:
        raise TaskError(f"evaluator {name} gave {task} a score of {score}: give a number in [0, 1]")
    return TaskResult(
        task=task,
        cluster=name,
        kind=KIND,
        group="report",
        format="as given",
        metric=METRIC,
        score=score,
        low=score,  # nothing is known of how it would vary
        high=score,
        scores=(score,),
        metrics={METRIC: score},
        chance=0.0,
        scored_by=code,
        n=1,
        num_examples=1,
    )
