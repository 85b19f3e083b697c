"""Which template and which exemplar rows made an example, found by rendering it again.

Text is a pure function of (task, split, row, rendering), so nothing but these four has to be stored: the renderer is
run once more, and what it looks at is watched.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Any

from flan_jax.cache.native import render
from flan_jax.declare.example import Rendered, Renderer, is_blank
from flan_jax.declare.formatted import FormattedRenderer
from flan_jax.declare.task import Task
from flan_jax.declare.templates import TemplateRenderer, Turn
from flan_jax.sources.source import Row

__all__ = ["Trace", "trace"]


@dataclasses.dataclass(frozen=True)
class Trace:
    """template: number of the query's template among the renderer's; None for a renderer without numbered templates.
    exemplar_rows: rows of `exemplar_split` that the exemplars are, in order, before any are dropped for length; None
    where exemplars are not rows of a split (Super-NaturalInstructions has its own in each file).
    """

    rendered: Rendered
    template: int | None
    exemplar_split: str | None
    exemplar_rows: tuple[int, ...] | None


def trace(task: Task, split: str, row: int, rendering: int = 0) -> Trace:
    """The example again, and where its parts are from. Raises `TaskError` as rendering does.

    Args:
      task: the task.
      split: the source's split.
      row: number of the source's row.
    """
    watched = _Watched(task.render)
    ((_, rendered),) = render(dataclasses.replace(task, render=watched), split, [row], rendering)
    # The pool is the exemplar split's first rows, without the row itself.
    skips = task.exemplar_split == split and row < task.pool_size
    rows = tuple(place + (skips and place >= row) for place in watched.exemplar_places(len(rendered.exemplars)))
    is_known = len(rows) == len(rendered.exemplars)
    return Trace(rendered, watched.template, task.exemplar_split, rows if is_known else None)


class _Watched:
    """A renderer for one example that remembers which template and which rows of the pool it used."""

    def __init__(self, renderer: Renderer):
        self._renderer = renderer
        self._pool = _WatchedPool(())
        self._wordings: _WatchedWordings | None = None
        self._templates: _WatchedTuple | None = None

    def __call__(self, row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
        self._pool = _WatchedPool(pool)
        renderer: Any = self._renderer
        if isinstance(renderer, FormattedRenderer):
            self._wordings = _WatchedWordings(renderer.wordings)
            renderer = dataclasses.replace(renderer, wordings=self._wordings)
        elif isinstance(renderer, TemplateRenderer):
            self._templates = _WatchedTuple(renderer.templates)
            renderer = dataclasses.replace(renderer, templates=self._templates)
        rendered: Rendered = renderer(row, rng, self._pool)
        return rendered

    @property
    def template(self) -> int | None:
        if self._wordings is not None:
            return self._wordings.turns[0][0] if self._wordings.turns else None
        if self._templates is not None and self._templates.looked_at:
            return self._templates.looked_at[-1]
        return None

    def exemplar_places(self, num_exemplars: int) -> list[int]:
        """Places in the pool. A formatted renderer looks at more rows than it shows: those it turned down for asking
        the very same as the query, or for an empty answer, are left out."""
        places = self._pool.looked_at
        if self._wordings is not None and self._wordings.turns:
            query, *others = [turn for _, turn in self._wordings.turns]
            shown = [turn.inputs != query.inputs and not is_blank(turn.targets) for turn in others]
            # Rows equal to the query's were looked at and never worded.
            worded = [place for place in places if self._pool.rows[place] in self._wordings.rows[1:]]
            places = [place for place, is_shown in zip(worded, shown, strict=False) if is_shown]
        return places[:num_exemplars] if num_exemplars else []


class _WatchedPool(Sequence[Row]):
    def __init__(self, rows: Sequence[Row]):
        self.rows = rows
        self.looked_at: list[int] = []

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, int):
            self.looked_at.append(place % max(1, len(self.rows)))
        return self.rows[place]


class _WatchedTuple(tuple[Any, ...]):
    """A tuple that remembers which places were asked for."""

    looked_at: list[int]

    def __new__(cls, items: Sequence[Any]) -> _WatchedTuple:
        made = super().__new__(cls, items)
        made.looked_at = []
        return made

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, int):
            self.looked_at.append(place)
        return super().__getitem__(place)


class _WatchedWordings:
    """Wordings that remember the turns asked of them."""

    def __init__(self, wordings: Any):
        self._wordings = wordings
        self.turns: list[tuple[int, Turn]] = []
        self.rows: list[Row] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wordings, name)

    def turn(self, row: Row, template_id: int, *args: Any) -> Turn:
        made: Turn = self._wordings.turn(row, template_id, *args)
        self.turns.append((template_id, made))
        self.rows.append(row)
        return made
