"""Two models' scores on one task, paired by example, or the reason why they cannot be."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from flan_jax.core.errors import TaskError, counted, some_of
from flan_jax.evaluate.judged import Judged
from flan_jax.evaluate.results.asked import scores_by_item
from flan_jax.evaluate.results.eval_results import TaskResult

_ROUNDING = 1e-9  # of chance, a mean over the same options

__all__ = ["Pair", "pair"]


@dataclasses.dataclass(frozen=True)
class Pair:
    """Scores of the same examples in the same order, [n] each. note: what a reader should know of them; "" for none."""

    baseline: np.ndarray
    run: np.ndarray
    note: str = ""


@dataclasses.dataclass(frozen=True)
class _Examples:
    """Of each example that can be told apart its accepted answers, and its score; by what tells them apart."""

    expected: Mapping[Any, tuple[str, ...]]
    scores: Mapping[Any, float]


def pair(baseline: Judged, run: Judged, name: str) -> Pair:
    """The scores of a task that both were judged on, example by example.

    Examples are paired by what they are called where the files say that of all of them (a benchmark's journal, a task
    whose every example is among the samples), whatever their order; else by their place, after as many as are shown
    were compared.

    Args:
      baseline: whose scores come first.
      run: what is compared with it.
      name: of the task.

    Raises `TaskError` that names the task and the reason where the two were judged on other examples, by another
    metric, or have a score that is no number.
    """
    old, new = baseline.results.tasks[name], run.results.tasks[name]
    for judged, task in ((baseline, old), (run, new)):
        if num_wrong := sum(not math.isfinite(score) for score in task.scores):
            raise TaskError(
                f"task {name} of {judged.name} has {counted(num_wrong, 'score')} of {task.n:,} that are no numbers: "
                f"evaluate it again, or compare runs without it"
            )
    if differing := _differing_facts(baseline, run, old, new):
        raise _apart(name, baseline, run, differing)
    known_old, known_new = _examples(baseline, old), _examples(run, new)
    if known_old is not None and known_new is not None:
        found = _paired_by_name(name, baseline, run, known_old, known_new)
        return dataclasses.replace(found, note=_note_of_sampling(name, old, new))
    if differing := _differing_draws(baseline, run, old, new) or _differing_samples(old, new):
        raise _apart(name, baseline, run, differing)
    return Pair(np.asarray(old.scores, np.float64), np.asarray(new.scores, np.float64), _note(name, old, new))


def _apart(name: str, baseline: Judged, run: Judged, reason: str) -> TaskError:
    return TaskError(
        f"task {name} cannot be paired by example between {baseline.name} and {run.name}: {reason}; evaluate both "
        f"on the same data with the same settings"
    )


def _differing_facts(baseline: Judged, run: Judged, old: TaskResult, new: TaskResult) -> str:
    """What of the two results cannot be if they are of the same examples; "" for nothing."""
    facts = [
        ("metric", old.metric, new.metric),
        ("code of its metric", old.scored_by[:8] or "ours", new.scored_by[:8] or "ours"),
        ("number of examples", old.n, new.n),
        ("examples in the split", old.num_examples, new.num_examples),
        ("split", old.split, new.split),
        ("scores an example", len(old.scores), len(new.scores)),
        ("subtasks", _sizes(old), _sizes(new)),
    ]
    for what, before, after in facts:
        if before != after:
            return f"{what} {before} in {baseline.name}, {after} in {run.name}"
    if abs(old.chance - new.chance) > _ROUNDING:
        return f"chance {old.chance:.4f} in {baseline.name}, {new.chance:.4f} in {run.name}"
    return ""


def _sizes(task: TaskResult) -> str:
    return ", ".join(f"{subtask.name} ({subtask.n:,})" for subtask in task.subtasks)


def _differing_draws(baseline: Judged, run: Judged, old: TaskResult, new: TaskResult) -> str:
    is_drawn = old.benchmark and any(subtask.n < subtask.num_examples for subtask in old.subtasks)
    seeds = baseline.results.seed, run.results.seed
    # Inside a run the seed is not in the results; there the samples must do.
    if not is_drawn or seeds[0] == seeds[1] or None in (baseline.results.limit, run.results.limit):
        return ""
    return f"its questions were drawn by seed {seeds[0]} in {baseline.name}, by seed {seeds[1]} in {run.name}"


def _differing_samples(old: TaskResult, new: TaskResult) -> str:
    for number, (before, after) in enumerate(zip(old.samples, new.samples, strict=False), 1):
        if before.index != after.index:
            return f"example {number} is row {before.index} in the one and row {after.index} in the other"
        if before.reference != after.reference:
            answers = f"{before.reference!r:.60} in the one, {after.reference!r:.60} in the other"
            return f"the answer of example {number} is {answers}"
    return ""


def _note(name: str, old: TaskResult, new: TaskResult) -> str:
    """What differs that the same examples may differ in."""
    if note := _note_of_sampling(name, old, new):
        return note
    pairs = itertools.zip_longest(old.samples, new.samples)
    if any(a is not None and b is not None and a.inputs != b.inputs for a, b in pairs):
        return f"{name}: the same examples, asked in other words (another template, length or vocabulary)"
    return ""


def _note_of_sampling(name: str, old: TaskResult, new: TaskResult) -> str:
    if old.sampling == new.sampling:
        return ""
    return f"{name}: the same examples, answered {_drawn(old)} in the first and {_drawn(new)} here"


def _drawn(task: TaskResult) -> str:
    if task.sampling is None:
        return "greedily"
    return ", ".join(f"{name} {value}" for name, value in task.sampling.items() if value is not None)


def _examples(judged: Judged, task: TaskResult) -> _Examples | None:
    """The task's examples by name; None where not all of them are known."""
    if task.benchmark:
        items = judged.asked.get((task.benchmark, task.format, task.split), ())
        scores = scores_by_item(task, items)
        return None if scores is None else _Examples({(i.subtask, i.id): i.expected for i in items}, scores)
    rows = {sample.index: sample for sample in task.samples}
    if len(rows) != task.n or len(task.samples) != task.n:
        return None
    return _Examples({i: (s.reference,) for i, s in rows.items()}, {i: s.score for i, s in rows.items()})


def _paired_by_name(name: str, baseline: Judged, run: Judged, old: _Examples, new: _Examples) -> Pair:
    def missing(judged: Judged, other: Judged, keys: Sequence[Hashable]) -> str:
        shown = some_of([" ".join(map(str, key)) if isinstance(key, tuple) else f"row {key}" for key in keys], 3)
        are = "is" if len(keys) == 1 else "are"
        return f"{counted(len(keys), 'example')} of {judged.name} {are} not in {other.name} ({shown})"

    for judged, other, mine, theirs in ((baseline, run, old, new), (run, baseline, new, old)):
        if keys := [key for key in mine.scores if key not in theirs.scores]:
            raise _apart(name, baseline, run, missing(judged, other, keys))
    for key, expected in old.expected.items():
        if expected != new.expected[key]:
            reason = (
                f"the answer of {key} is {expected!r:.60} in {baseline.name}, {new.expected[key]!r:.60} in {run.name}"
            )
            raise _apart(name, baseline, run, reason)
    keys = list(old.scores)
    return Pair(np.array([old.scores[key] for key in keys]), np.array([new.scores[key] for key in keys]))
