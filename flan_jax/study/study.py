"""What a study is: axes of a ladder, seeds, and the findings that it is to show or not."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Literal

from flan_jax.core.errors import ConfigError
from flan_jax.core.settings import Seed, settle

SEED = "seed"
# Columns of a study's table, which no axis may be called.
COLUMNS = (
    "study",
    "run",
    SEED,
    "when",
    "step",
    "task",
    "group",
    "kind",
    "cluster",
    "format",
    "metric",
    "examples",
    "score",
    "chance",
    "normalised",
    "parameters",
    "flops",
    "tokens",
)
_POSITION = re.compile(r"(\d+(?:\.\d+)?(?:e-?\d+)?)([KMBT]?)", re.IGNORECASE)
_SCALE = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}

__all__ = ["COLUMNS", "SEED", "Study", "position_of"]


@dataclasses.dataclass(frozen=True)
class Study:
    """A ladder of runs: every level of every axis with every seed is one run.

    Attributes:
      title: of the report.
      source: paper and place of what it repeats, e.g. "Chung et al. 2022, figure 4".
      recipe: gin files that all runs share, in order.
      axes: axis -> level -> gin bindings that make a run of that level; includes come before all others. The first
        axis is the one that is plotted along, the second one gives the lines. A level called by a number (`9`, `1836`,
        `0.4M`, `11B`) has a place on a logarithmic axis.
      seeds: RANDOM_SEED of the repetitions; a finding wants three at least.
      findings: what is to be shown (`flan_jax.study.findings`).
      start: axis -> level that is no run: the model before training, which every run of the study is judged at first.
      group: which held-out tasks count, "selection" or "report".
      metric: what tasks are compared by, one of those that each of them is scored by, as "rouge_l", and whose chance
        level is 0; "" for each task's first.
      over: what the curve is plotted over: the first axis's levels, or the parameters of each run's model, or the
        floating-point operations of its training steps, both logarithmic.
      published: label -> level of the first axis -> score in percent, drawn beside; over levels alone.
      note: what a reader must know of it, in a sentence or two.
    """

    title: str
    source: str
    recipe: tuple[str, ...]
    axes: Mapping[str, Mapping[str, tuple[str, ...]]]
    seeds: tuple[Seed, ...] = (0, 1, 2)
    findings: tuple[object, ...] = ()
    start: Mapping[str, str] = dataclasses.field(default_factory=dict)
    group: str = "report"
    metric: str = ""
    over: Literal["levels", "parameters", "flops"] = "levels"
    published: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        settle(self)
        if not self.axes:
            raise ConfigError("Study.axes is empty: name an axis and its levels, such as {'tasks': {'9': (…,)}}")
        for axis, levels in self.axes.items():
            if axis in COLUMNS or not axis.isidentifier():
                raise ConfigError(
                    f"Study.axes: {axis!r} cannot be an axis: give a name that is none of the table's own"
                )
            if not levels:
                raise ConfigError(f"Study.axes: axis {axis} has no level: give one at least")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ConfigError(f"Study.seeds is {self.seeds}: give each seed once, three of them for a verdict")
        for axis, level in self.start.items():
            if axis not in self.axes or level in self.axes[axis]:
                raise ConfigError(
                    f"Study.start: {axis} {level!r}: give an axis of the study and a level that is no run's"
                )
            if position_of(level) >= min(position_of(other) for other in self.axes[axis]):
                raise ConfigError(
                    f"Study.start: {axis} {level!r} is not below the levels of runs: it is before them, as '0' is"
                )
        for name in ("title", "source", "note"):
            if len(getattr(self, name).splitlines()) > 1:
                raise ConfigError(f"Study.{name} is {getattr(self, name)!r:.80}: give one line")
        if self.group not in ("selection", "report"):
            raise ConfigError(f"Study.group is {self.group!r}: say 'selection' or 'report'")
        if self.published and self.over != "levels":
            raise ConfigError(
                f"Study.over is {self.over!r}, and Study.published gives scores by level: leave one of them out"
            )
        for label, points in self.published.items():
            known = [*self.levels(self.along)]
            if unknown := sorted(set(points) - set(known)):
                raise ConfigError(
                    f"Study.published: {label!r} has {', '.join(unknown)}, which are no levels of {self.along}: give "
                    f"some of {', '.join(known)}"
                )
        for finding in self.findings:
            check = getattr(finding, "check", None)
            if check is None:
                raise ConfigError(f"Study.findings has {finding!r}: give Rises, Higher, GapRises or Steadier")
            check(self)

    @property
    def along(self) -> str:
        """The axis that is plotted along."""
        return next(iter(self.axes))

    def levels(self, axis: str) -> list[str]:
        """Levels of an axis in order, the one before training first."""
        return [*([self.start[axis]] if axis in self.start else []), *self.axes[axis]]


def position_of(level: str) -> float:
    """Where a level stands on an axis of numbers: 9, 1836, 400000 for `0.4M`; NaN for one that is no number."""
    match = _POSITION.fullmatch(level.replace(",", ""))
    place = float(match[1]) * _SCALE[match[2].upper()] if match else math.nan
    return place if math.isfinite(place) else math.nan
