"""What a study is to show: a number that should be above zero, such as how much a score rises with each doubling, or
how much better one level is than another. It is of every seed and every held-out task; `verdicts` judges it."""

from __future__ import annotations

import dataclasses
import fnmatch
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np

from flan_jax.core.errors import ConfigError, counted, did_you_mean
from flan_jax.core.settings import settle
from flan_jax.study.cells import Cell
from flan_jax.study.scores import Scores
from flan_jax.study.study import Study, position_of

__all__ = ["Effects", "Finding", "GapRises", "Higher", "Rises", "Steadier", "check_tasks", "is_wanted"]


# (seed, task) -> a number in points.
Effects = dict[tuple[int, str], float]


class Finding(Protocol):
    """What a study can be asked; a class of your own with these will do."""

    @property
    def text(self) -> str:
        """The finding, a clause."""

    @property
    def unit(self) -> str:
        """What its numbers are of."""

    def check(self, study: Study) -> None:
        """Raises `ConfigError` for an axis or a level that the study does not have."""

    def effects(self, study: Study, scores: Sequence[Scores]) -> Effects:
        """Of every seed and task, a number that is above zero where the finding holds; empty where runs are missing."""


@dataclasses.dataclass(frozen=True)
class Higher:
    """One level scores higher than another, all else equal.

    Attributes:
      text: the finding, a clause.
      of, than: axis -> level; axes that neither names are averaged over.
      tasks: which held-out tasks, as a pattern of their name such as `*_cot`; several between spaces; `!*_cot` leaves
        out.
    """

    text: str
    of: Mapping[str, str]
    than: Mapping[str, str]
    tasks: str = "*"

    def __post_init__(self) -> None:
        settle(self)

    @property
    def unit(self) -> str:
        """What the number is of."""
        return "points of the normalised average"

    def check(self, study: Study) -> None:
        """Raises `ConfigError` for an axis or a level that the study does not have."""
        _check_levels(study, self.of)
        _check_levels(study, self.than)
        if set(self.of) != set(self.than):
            raise ConfigError(
                f"{self.text!r} compares {dict(self.of)} and {dict(self.than)}: name the same axes in both"
            )
        if dict(self.of) == dict(self.than):
            raise ConfigError(f"{self.text!r} compares {dict(self.of)} with itself: name another level in `than`")

    def effects(self, study: Study, scores: Sequence[Scores]) -> Effects:
        """Of every seed and task."""
        return _mean(
            [
                _minus(_at(study, scores, self.tasks, more), _at(study, scores, self.tasks, less))
                for more, less in _paired(study, self.of, self.than)
            ]
        )


@dataclasses.dataclass(frozen=True)
class Rises:
    """The score rises along an axis of numbers: the slope of a straight line over its logarithm, by least squares.

    Attributes:
      text: the finding, a clause.
      along: the axis; levels that are no number above 0 (the model before training) do not count.
      where: axis -> level, of other axes; those that are not named are averaged over.
      tasks: as in `Higher`.
    """

    text: str
    along: str
    where: Mapping[str, str] = dataclasses.field(default_factory=dict)
    tasks: str = "*"

    def __post_init__(self) -> None:
        settle(self)

    @property
    def unit(self) -> str:
        """What the number is of."""
        return f"points a doubling of {self.along}"

    def check(self, study: Study) -> None:
        """Raises `ConfigError` for an axis that is not there, or has fewer than two numbers."""
        _check_levels(study, self.where)
        _check_numbers(study, self.along)
        _check_is_free(self.along, self.where, self.text)

    def effects(self, study: Study, scores: Sequence[Scores]) -> Effects:
        """Of every seed and task."""
        slopes = []
        for others in _others(study, {self.along, *self.where}):
            at = {**self.where, **others}

            def scored(level: str, at: Mapping[str, str] = at) -> Effects:
                return _at(study, scores, self.tasks, {**at, self.along: level})

            slopes.append(_slope(study, self.along, scored))
        return _mean(slopes)


@dataclasses.dataclass(frozen=True)
class GapRises:
    """One level gains on another along an axis of numbers: the slope of their difference.

    Attributes:
      text: the finding, a clause.
      of, than: as in `Higher`, without `along`.
      along: as in `Rises`.
      tasks: as in `Higher`.
    """

    text: str
    of: Mapping[str, str]
    than: Mapping[str, str]
    along: str
    tasks: str = "*"

    def __post_init__(self) -> None:
        settle(self)

    @property
    def unit(self) -> str:
        """What the number is of."""
        return f"points a doubling of {self.along}"

    def check(self, study: Study) -> None:
        """Raises `ConfigError` as `Higher` and `Rises` do."""
        Higher(self.text, self.of, self.than).check(study)
        _check_numbers(study, self.along)
        _check_is_free(self.along, self.of, self.text)

    def effects(self, study: Study, scores: Sequence[Scores]) -> Effects:
        """Of every seed and task."""
        slopes = []
        for others in _others(study, {self.along, *self.of}):

            def gap(level: str, others: Mapping[str, str] = others) -> Effects:
                at = {**others, self.along: level}
                return _minus(
                    _at(study, scores, self.tasks, {**self.of, **at}),
                    _at(study, scores, self.tasks, {**self.than, **at}),
                )

            slopes.append(_slope(study, self.along, gap))
        return _mean(slopes)


@dataclasses.dataclass(frozen=True)
class Steadier(Higher):
    """One level spreads less over wordings of the same task than another: tasks of one cluster are wordings of each
    other. Its attributes are those of `Higher`."""

    @property
    def unit(self) -> str:
        """What the number is of."""
        return "points of standard deviation less"

    def effects(self, study: Study, scores: Sequence[Scores]) -> Effects:
        """Of every seed and cluster: the spread over the cluster's tasks of `than`, minus that of `of`."""
        clusters = {each.task: each.cluster for each in scores}
        return _mean(
            [
                _minus(
                    _spread(_at(study, scores, self.tasks, less), clusters),
                    _spread(_at(study, scores, self.tasks, more), clusters),
                )
                for more, less in _paired(study, self.of, self.than)
            ]
        )


def _at(study: Study, scores: Sequence[Scores], tasks: str, levels: Mapping[str, str]) -> Effects:
    """Normalised scores in points at a level of every axis."""
    # The model before training is one cell for all axes on which it has a name: asked by one, it is met on all.
    starts = {axis for axis, level in levels.items() if study.start.get(axis) == level}
    full = {axis: study.start[axis] if starts and axis in study.start else level for axis, level in levels.items()}
    return {
        (each.seed, each.task): 100.0 * each.normalised
        for each in scores
        if each.group == study.group and each.levels == full and is_wanted(each.task, tasks)
    }


def check_tasks(study: Study, first: Cell, tasks: Mapping[str, Sequence[str]]) -> None:
    """Raises `ConfigError`, before anything runs, where held-out tasks are not scored by the study's metric, or a
    finding names none of them.

    Args:
      study: the study.
      first: a cell of it; all are judged alike.
      tasks: task -> its metrics; none where that is not known yet.
    """
    for name, metrics in tasks.items():
        if study.metric and study.metric not in metrics:
            raise ConfigError(
                f"Study.metric is {study.metric!r}, and {name} is scored by {', '.join(metrics)}: give one that every "
                f"task of {study.group} has, or none"
            )
    judged = first.config.evaluation
    if not tasks or (judged.suite if study.group == "report" else judged.suite_selection):
        return  # benchmarks have names of their own
    for finding in study.findings:
        wanted = getattr(finding, "tasks", "*")
        if not any(is_wanted(name, wanted) for name in tasks):
            raise ConfigError(
                f"finding {getattr(finding, 'text', '')!r} is of tasks {wanted!r}, which is none of the "
                f"{counted(len(tasks), study.group + ' task')}, as {next(iter(tasks))}: give a pattern that some have"
            )


def is_wanted(task: str, tasks: str) -> bool:
    """Whether a task is one of those that the patterns `tasks` name."""
    patterns = tasks.split()
    shown = [pattern for pattern in patterns if not pattern.startswith("!")] or ["*"]
    hidden = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    return any(fnmatch.fnmatchcase(task, p) for p in shown) and not any(fnmatch.fnmatchcase(task, p) for p in hidden)


def _minus(first: Effects, second: Effects) -> Effects:
    return (
        {key: first[key] - second[key] for key in first.keys() & second.keys()} if first.keys() == second.keys() else {}
    )


def _mean(parts: Sequence[Effects]) -> Effects:
    """Of each seed and task; nothing where a part is missing or is of other tasks."""
    if not parts or any(part.keys() != parts[0].keys() for part in parts):
        return {}
    return {key: math.fsum(part[key] for part in parts) / len(parts) for key in parts[0]}


def _slope(study: Study, along: str, of: Callable[[str], Effects]) -> Effects:
    levels = [level for level in study.levels(along) if position_of(level) > 0]
    at = np.log2([position_of(level) for level in levels])
    at = at - at.mean()
    parts = [of(level) for level in levels]
    if any(part.keys() != parts[0].keys() for part in parts):
        return {}
    return {key: float(sum(x * part[key] for x, part in zip(at, parts, strict=True)) / (at @ at)) for key in parts[0]}


def _spread(scores: Effects, clusters: Mapping[str, str]) -> Effects:
    groups: dict[tuple[int, str], list[float]] = {}
    for (seed, task), value in scores.items():
        groups.setdefault((seed, clusters[task]), []).append(value)
    return {key: float(np.std(values, ddof=1)) for key, values in groups.items() if len(values) > 1}


def _others(study: Study, named: set[str]) -> list[dict[str, str]]:
    """Every choice of levels of the axes that are not named."""
    axes = [axis for axis in study.axes if axis not in named]
    chosen = itertools.product(*(study.axes[axis] for axis in axes))
    return [dict(zip(axes, levels, strict=True)) for levels in chosen]


def _paired(
    study: Study, of: Mapping[str, str], than: Mapping[str, str]
) -> list[tuple[dict[str, str], dict[str, str]]]:
    return [({**of, **others}, {**than, **others}) for others in _others(study, set(of))]


def _check_levels(study: Study, levels: Mapping[str, str]) -> None:
    for axis, level in levels.items():
        if axis not in study.axes:
            raise ConfigError(
                f"a finding names axis {axis!r}{did_you_mean(axis, study.axes) or '.'} Axes: {', '.join(study.axes)}"
            )
        known = study.levels(axis)
        if level not in known:
            raise ConfigError(
                f"a finding names level {level!r} of {axis}{did_you_mean(level, known) or '.'} "
                f"It has {', '.join(known)}"
            )


def _check_numbers(study: Study, axis: str) -> None:
    if axis not in study.axes:
        raise ConfigError(
            f"a finding names axis {axis!r}{did_you_mean(axis, study.axes) or '.'} Axes: {', '.join(study.axes)}"
        )
    levels = list(study.axes[axis])
    if odd := [level for level in levels if not position_of(level) > 0]:
        raise ConfigError(
            f"axis {axis} has level {odd[0]!r}, which has no place on it: give numbers, such as 9 or 0.4M"
        )
    if len({position_of(level) for level in levels}) < max(2, len(levels)):
        raise ConfigError(f"axis {axis} has levels {', '.join(levels)}: give two numbers at least, each once")


def _check_is_free(along: str, levels: Mapping[str, str], text: str) -> None:
    if along in levels:
        raise ConfigError(f"{text!r} goes along {along} and names one level of it, {levels[along]!r}: leave that out")
