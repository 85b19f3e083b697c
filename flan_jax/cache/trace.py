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
from flan_jax.declare.example import Rendered, Renderer, has_empty_option, is_blank
from flan_jax.declare.formatted import FormattedRenderer, question_of
from flan_jax.declare.task import Task
from flan_jax.declare.templates import Choice, TemplateRenderer, Turn
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
    rows = tuple(_rows_shown(task, split, row, watched.exemplar_places(len(rendered.exemplars))))
    is_known = len(rows) == len(rendered.exemplars)
    return Trace(rendered, watched.template, task.exemplar_split, rows if is_known else None)


def _rows_shown(task: Task, split: str, row: int, places: Sequence[int]) -> list[int]:
    """Rows of the exemplar split at these places of the pool that the row's renderer was given."""
    pool = task.exemplar_pool() if places else None
    if pool is None:
        return []
    given = pool.places_beside(task.source.rows(split)[row], row if split == task.exemplar_split else None)
    return [given[place] for place in places]


class _Watched:
    """A renderer for one example that remembers which template and which rows of the pool it used."""

    def __init__(self, renderer: Renderer):
        self._renderer = renderer
        self._row: Row = {}
        self._pool = _WatchedPool(())
        self._wordings: _WatchedWordings | None = None
        self._template: int | None = None

    def __call__(self, row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
        self._row, self._pool = row, _WatchedPool(pool)
        renderer: Any = self._renderer
        if isinstance(renderer, FormattedRenderer):
            self._wordings = _WatchedWordings(renderer.wordings)
            renderer = dataclasses.replace(renderer, wordings=self._wordings)
        elif isinstance(renderer, TemplateRenderer):
            again = random.Random()
            again.setstate(rng.getstate())
            self._template = renderer.draw_template_id(row, again)
        rendered: Rendered = renderer(row, rng, self._pool)
        return rendered

    @property
    def template(self) -> int | None:
        if self._wordings is not None:
            return self._wordings.template_ids[0] if self._wordings.turns else None
        return self._template

    def exemplar_places(self, num_exemplars: int) -> list[int]:
        """Places in the pool. A renderer looks at more rows than it shows: those that ask what the query asks are never
        worded, and those of an empty answer or option are worded and not shown."""
        places, rows = self._pool.looked_at, self._pool.rows
        if self._wordings is not None and self._wordings.turns:
            turns = self._wordings.turns[1:]
            shown = [row for row, turn in turns if not is_blank(turn.targets) and not has_empty_option(turn.options)]
            places = [place for place in places if any(rows[place] is row for row in shown)]
        elif isinstance(self._renderer, TemplateRenderer) and self.template is not None:
            shown = list(self._renderer.exemplars(self._row, rows, places, self.template))
            places = [place for place in places if any(rows[place] is row for row in shown)]
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


class _WatchedWordings:
    """Wordings that remember the turns asked of them."""

    def __init__(self, wordings: Any):
        self._wordings = wordings
        self.template_ids: list[int] = []
        self.turns: list[tuple[Row, Turn]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wordings, name)

    def turn(self, row: Row, template_id: int, *args: Any) -> Turn:
        made: Turn = self._wordings.turn(row, template_id, *args)
        self.template_ids.append(template_id)
        self.turns.append((row, made))
        return made

    def question(self, row: Row, template_id: int, choice: Choice) -> Any:
        return question_of(self._wordings, row, template_id, choice)  # not among the turns: nothing of it is shown
