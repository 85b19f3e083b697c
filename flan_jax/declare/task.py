"""What a task and a mixture are. `flan_jax.declare.registry` holds those that are known by name.

A task is a *source* of rows (fields), a *renderer* that turns a row into text, metrics, and a cluster. A mixture is
a list of tasks with rates, and a statement of what it holds out. `flan_jax.cache.seqio_bridge` turns these into
`seqio.Task`s and `seqio.Mixture`s.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from flan_jax.core.errors import TaskError
from flan_jax.core.settings import AtLeast, AtMost, Below, Count, settle, settled
from flan_jax.declare.example import Rendered, Renderer
from flan_jax.declare.exemplars import ExemplarPool, OtherRows
from flan_jax.declare.metric import metric_names
from flan_jax.sources.fields import FieldError
from flan_jax.sources.files import place_of
from flan_jax.sources.source import Row, Source

# A number, or "num_examples": examples-proportional, capped by the mixture.
Rate = Annotated[float, AtLeast(0)] | Literal["num_examples"]
# Sharper than the lower limit the largest task's rate overflows; at the upper one all rates are equal.
Temperature = Annotated[float, AtLeast(0.1), AtMost(1e9)]
Chance = Annotated[float, AtLeast(0), Below(1)]  # a task that guessing solves has no score above it
_CHECKED = {"chance": Chance, "renderings": Count, "pool_size": Count, "max_inputs_tokens": Count | None}
FORMAT_MARK = "__"  # between a task's name and a format's

__all__ = ["FORMAT_MARK", "HeldOut", "Member", "Mixture", "Rate", "Task", "missing_source"]


@dataclasses.dataclass(frozen=True)
class Task:
    """One (data set, format) pair, the unit that is cached, mixed and judged.

    Attributes:
      name: unique; letters, digits and underscores.
      cluster: the task category, the unit of holding out (FLAN 2021, section 2.1).
      source: where rows come from.
      render: row -> text.
      metrics: names in `flan_jax.evaluate.metrics`, or functions of a text and its references; the first one is the
        task's score.
      train_split, eval_split: names of the source's splits; None where the task has none.
      exemplar_split: split whose first `pool_size` rows exemplars are drawn from; None for tasks without exemplars.
      objective: None (supervised), or the name of a pretraining objective in `flan_jax.data.objectives`; the task's
        rendered `targets` is then a document and `query` is empty.
      kind: how an evaluation on this task is held out, e.g. "whole cluster", "new template", "composition", or ""
        for a training task.
      chance: the score in [0, 1] that guessing among the options gets, 0 for free-form answers: the lower bound of
        the normalised average (Chung et al. 2022, section 2.3).
      dataset: name of the underlying data set (default: the task's own name).
      renderings: texts that the cache holds of each training row, each drawn anew; epoch e of training reads text
        e modulo this number.
      max_inputs_tokens: examples whose inputs are longer, with EOS and after exemplars were dropped to fit, are left
        out of the cache and counted; None leaves long inputs to the feed, which trims them.
      base, format: of a task that is another one in a format (`TASK__FORMAT`), the names of these two.
    """

    name: str
    cluster: str
    source: Source
    render: Renderer
    metrics: tuple[str, ...] = ("exact_match",)
    train_split: str | None = "train"
    eval_split: str | None = "validation"
    exemplar_split: str | None = None
    pool_size: int = 256
    objective: str | None = None
    kind: str = ""
    chance: Chance = 0.0
    dataset: str = ""
    renderings: int = 1
    max_inputs_tokens: int | None = None
    base: str = ""
    format: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", metric_names(self.metrics))
        if twice := sorted({name for name in self.metrics if self.metrics.count(name) > 1}):
            raise TaskError(f"task {self.name}: metrics name {', '.join(twice)} twice: keep one")
        for name, hint in _CHECKED.items():
            settled(hint, getattr(self, name), f"task {self.name}: {name}", TaskError)

    def splits(self) -> tuple[str, ...]:
        """The splits this task uses: train, then evaluation."""
        return tuple(split for split in (self.train_split, self.eval_split) if split is not None)

    def check_split(self, split: str) -> None:
        """Raises `TaskError` for a split that the task's source does not have."""
        if split not in self.source.splits:
            raise TaskError(f"task {self.name} has no split {split!r}; it has {', '.join(self.source.splits)}")

    def rendered(
        self, split: str, indices: Sequence[int] | None = None, rendering: int = 0
    ) -> Iterator[tuple[int, Rendered]]:
        """Yields (row index, rendered example) of `split`: the same text in every process and on every run.
        `rendering` is which of the texts of a row, 0 up to `renderings`. Raises `FieldError`, with file and line where
        rows have such, for a field without text."""
        self.check_split(split)
        rows = self.source.rows(split)
        pool = self.exemplar_pool()
        for i in range(len(rows)) if indices is None else indices:
            # A text as seed goes through SHA-512, so it is the same in every process, which hash() is not. Rendering 0
            # adds nothing: tasks of one rendering keep their text.
            rng = random.Random(f"{self.name}/{split}/{i}" + (f"/{rendering}" if rendering else ""))
            others: Sequence[Row] = ()
            row: Row | None = None
            try:
                row = rows[i]
                if pool is not None:
                    own_place = i if split == self.exemplar_split else None
                    others = OtherRows(pool, row, own_place)
                example = self.render(row, rng, others)
                example.check_is_text()
            except FieldError as error:
                shown = None if error.row is row else self._place_in_pool(pool, error.row)
                where = shown or f"split {split}, {place_of(rows, i)}"
                raise error.placed(f"task {self.name}, {where}") from None
            yield i, example

    def _place_in_pool(self, pool: ExemplarPool | None, row: Row | None) -> str | None:
        """Where a row of the pool is from; None for a row that is not in it."""
        if pool is None or row is None or self.exemplar_split is None:
            return None
        place = next((place for place, shown in enumerate(pool.rows) if shown is row), None)
        if place is None:
            return None
        return f"split {self.exemplar_split}, {place_of(self.source.rows(self.exemplar_split), place)}"

    def exemplar_pool(self) -> ExemplarPool | None:
        """The rows that exemplars are drawn from; None for a task without exemplars. Raises `FieldError`, with file and
        line where rows have such, for one without a field that it needs."""
        if self.exemplar_split is None:
            return None
        rows = self.source.rows(self.exemplar_split)
        found = []
        for i in range(min(self.pool_size, len(rows))):
            try:
                found.append(rows[i])
            except FieldError as error:
                raise error.placed(f"task {self.name}, split {self.exemplar_split}, {place_of(rows, i)}") from None
        return ExemplarPool(found)


@dataclasses.dataclass(frozen=True)
class HeldOut:
    """What a mixture promises never to train on. Registration refuses a member that breaks the promise, in this mixture
    and in every one that it is a member of.

    benchmarks: whole evaluations, for the reader; the data sets that would give them away are in `datasets`.
    """

    clusters: frozenset[str] = frozenset()
    datasets: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    benchmarks: frozenset[str] = frozenset()

    def violation(self, task: Task) -> str | None:
        """Why `task` may not be a member, or None."""
        if task.cluster in self.clusters:
            return f"its cluster {task.cluster!r} is held out"
        if (task.dataset or task.name) in self.datasets:
            return f"its data set {task.dataset or task.name!r} is held out"
        if task.name in self.tasks or task.base in self.tasks:
            return "the task is held out"
        return None

    def joined(self, *others: HeldOut) -> HeldOut:
        """All of these promises at once."""
        promises = (self, *others)
        return HeldOut(
            **{
                field.name: frozenset().union(*(getattr(promise, field.name) for promise in promises))
                for field in dataclasses.fields(HeldOut)
            }
        )


@dataclasses.dataclass(frozen=True)
class Member:
    """A task (or a mixture, whose rates are then scaled to sum to `rate`) and its rate in a mixture.

    keep_promises: whether what a mixture holds out is held out of all that it is a member of. False gives that up, for
    this use of it: the other members may then be what it was never to be trained beside.
    """

    name: str
    rate: Rate = "num_examples"
    keep_promises: bool = True

    def __post_init__(self) -> None:
        settle(self, TaskError, of=f"mixture member {self.name}: ")


@dataclasses.dataclass(frozen=True)
class Mixture:
    """Tasks and rates. A task's rate is `min(num_examples, cap) ** (1 / temperature)` where its member's rate is
    "num_examples" (Raffel et al. 2020, section 3.5.2; FLAN 2021, section 2.4), and the number given elsewhere.

    Raises `TaskError` for a cap below 1 and a temperature outside [0.1, 1e9]."""

    name: str
    members: tuple[Member, ...]
    cap: Annotated[Count, "which caps nothing"] | None = None
    temperature: Temperature = 1.0
    held_out: HeldOut = HeldOut()
    description: str = ""

    def __post_init__(self) -> None:
        settle(self, TaskError, of=f"mixture {self.name}: ")
        names = [member.name for member in self.members]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise TaskError(f"mixture {self.name} names {twice} twice, which would double its rate: give it one rate")
        if self.members and all(isinstance(member.rate, int | float) for member in self.members):
            for what, is_given in (("cap", self.cap is not None), ("temperature", self.temperature != 1.0)):
                if is_given:
                    raise TaskError(
                        f"mixture {self.name} has {what} {getattr(self, what)}, and a number as the rate of every "
                        f"member, of which it takes nothing: leave it out, or rate members by 'num_examples'"
                    )


def missing_source(task: Task) -> str | None:
    """None where the data of `task` is on this machine; else one line: what to download, where to, which licence.
    Sources that may be absent have a method `missing`; the others are always there."""
    missing = getattr(task.source, "missing", None)
    return None if missing is None else missing()
