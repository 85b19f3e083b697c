"""Two models' scores on one task, paired by example, or the reason why they cannot be."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from flan_jax.core.errors import TaskError, counted, some_of
from flan_jax.evaluate.custom import KIND
from flan_jax.evaluate.judged import Judged
from flan_jax.evaluate.results.asked import scores_by_item
from flan_jax.evaluate.results.eval_results import TaskResult

_ROUNDING = 1e-9  # of chance, a mean over the same options

__all__ = ["Pair", "pair"]


@dataclasses.dataclass(frozen=True)
class Pair:
    """Scores of the same examples in the same order, [n] each. notes: what a reader should know of them, each without
    the task that it is said of."""

    baseline: np.ndarray
    run: np.ndarray
    notes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class _Examples:
    """Of each example that can be told apart its accepted answers, its score, and what the model read (or a hash of
    it); by what tells them apart."""

    expected: Mapping[Any, tuple[str, ...]]
    scores: Mapping[Any, float]
    read: Mapping[Any, str | bytes]


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
        num_others = sum(known_old.read[key] != read for key, read in known_new.read.items())
        return dataclasses.replace(found, notes=_notes(old, new, _in_other_words(num_others, len(known_new.read))))
    if differing := _differing_draws(baseline, run, old, new) or _differing_samples(old, new):
        raise _apart(name, baseline, run, differing)
    notes = _notes(old, new, _shown_in_other_words(old, new))
    return Pair(np.asarray(old.scores, np.float64), np.asarray(new.scores, np.float64), notes)


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


def _notes(old: TaskResult, new: TaskResult, asked_otherwise: str) -> tuple[str, ...]:
    """What differs that the same examples may differ in. asked_otherwise: of their prompts; "" for nothing."""
    told = []
    if old.sampling != new.sampling:
        told.append(f"the same examples, answered {_drawn(old)} in the first and {_drawn(new)} here")
    told.append(_note_of_settings(old, new))
    if asked_otherwise:
        told.append(asked_otherwise + _lost(old, new))
    return tuple(note for note in told if note)


def _note_of_settings(old: TaskResult, new: TaskResult) -> str:
    """What is recorded of how the two were asked, where that is not the same."""
    before, after = old.settings, new.settings
    if not before and not after:
        # An evaluator of a user's own has none that we could know.
        return "" if old.kind == KIND else "lengths and dtype are recorded of neither: both may be other ones"
    if not before or not after:
        known, where, other = (after, "here", "in the first") if after else (before, "in the first", "here")
        return f"asked with {_listed(known, list(known))} {where}, which is not recorded {other}"
    if names := [name for name in {**before, **after} if before.get(name) != after.get(name)]:
        return f"the same examples, asked with {_listed(before, names)} in the first and {_listed(after, names)} here"
    return ""


def _listed(settings: Mapping[str, Any], names: Sequence[str]) -> str:
    return ", ".join(f"{name} {settings[name]!r}" if name in settings else f"no {name}" for name in names)


def _in_other_words(num_differing: int, num: int) -> str:
    if not num_differing:
        return ""
    return f"{num_differing:,} of {num:,} examples asked in other words (another template, length or vocabulary)"


def _shown_in_other_words(old: TaskResult, new: TaskResult) -> str:
    """The same where only the first few examples are shown."""
    shown = list(zip(old.samples, new.samples, strict=False))
    if num_differing := sum(before.inputs != after.inputs for before, after in shown):
        return (
            f"{num_differing:,} of {counted(len(shown), 'example')} shown asked in other words (another template, "
            f"length or vocabulary)"
        )
    if old.asked and new.asked and old.asked != new.asked:
        return (
            f"some examples asked in other words or tokens, though none of the {counted(len(shown), 'example')} shown"
        )
    return ""


def _lost(old: TaskResult, new: TaskResult) -> str:
    """Of prompts that were cut to fit, where not as many were in both."""
    counts = (
        ("exemplars dropped to fit", old.num_exemplars_dropped, new.num_exemplars_dropped),
        ("prompts trimmed", old.num_trimmed, new.num_trimmed),
    )
    told = (f"; {what}: {a:,} in the first, {b:,} here" for what, a, b in counts if a != b)
    return "".join(told)


def _drawn(task: TaskResult) -> str:
    if task.sampling is None:
        return "greedily"
    return ", ".join(f"{name} {value}" for name, value in task.sampling.items() if value is not None)


def _examples(judged: Judged, task: TaskResult) -> _Examples | None:
    """The task's examples by name; None where not all of them are known."""
    if task.benchmark:
        items = judged.asked.get((task.benchmark, task.format, task.split), ())
        scores = scores_by_item(task, items)
        if scores is None:
            return None
        read = {(item.subtask, item.id): item.read for item in items}
        return _Examples({(item.subtask, item.id): item.expected for item in items}, scores, read)
    rows = {sample.index: sample for sample in task.samples}
    if len(rows) != task.n or len(task.samples) != task.n:
        return None
    return _Examples(
        {index: (sample.reference,) for index, sample in rows.items()},
        {index: sample.score for index, sample in rows.items()},
        {index: sample.inputs for index, sample in rows.items()},
    )


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
