"""Which rows may be shown before a query: one rule for every renderer, format, collection and benchmark.

A query is never its own exemplar, nor is a row that asks the same but for case and white space: it would give the
answer away. What has the row's fields compares those that say what is asked (`declare.templates`, `declare.formatted`);
what has text alone compares the text (`same`). Published prompts that are kept character for character are the
exception: Tk-Instruct's own layout, and benchmarks whose exemplars are printed in a paper.
"""

from __future__ import annotations

import collections
import functools
import random
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from flan_jax.core.errors import TaskError, counted
from flan_jax.declare.example import JUDGED_FIELD
from flan_jax.sources.source import Row

__all__ = ["ExemplarPool", "OtherRows", "exemplar_rows", "first_others", "folded", "same", "sampled", "shuffled"]

_Shot = TypeVar("_Shot")
_START, _LOOK = 16, 64  # characters compared first, and how far into a text they are looked for


def folded(text: str) -> str:
    """`text` without case and white space of its own."""
    return " ".join(text.casefold().split())


def same(value: Any, other: Any) -> bool:
    """Whether two texts, or two lists or mappings of such, are equal but for case and white space."""
    if isinstance(value, str) and isinstance(other, str):
        # Nearly all texts differ from the start, and folding a whole article takes longer than wording it.
        return _start(value) == _start(other) and folded(value) == folded(other)
    if isinstance(value, Mapping) and isinstance(other, Mapping):
        return value.keys() == other.keys() and all(same(value[name], other[name]) for name in value)
    if isinstance(value, list | tuple) and isinstance(other, list | tuple):
        return len(value) == len(other) and all(map(same, value, other))
    return bool(value == other)


def _start(text: str) -> str:
    """The first characters of `text` without case or any white space: equal for texts that are the same."""
    start = "".join(text[:_LOOK].casefold().split())
    if len(start) < _START and len(text) > _LOOK:
        start = "".join(text.casefold().split())
    return start[:_START]


class ExemplarPool:
    """The rows that a task's exemplars come from, and those of them that a query may be shown."""

    def __init__(self, rows: Sequence[Row]):
        """rows: the first rows of the task's exemplar split."""
        self.rows = rows
        self._places: dict[Hashable, list[int]] = collections.defaultdict(list)
        for place, row in enumerate(rows):
            self._places[_beginning(row)].append(place)

    def places_beside(self, row: Row, own_place: int | None) -> list[int]:
        """Places in `rows` that are neither the row itself nor equal to it but for case and white space.

        Args:
          row: the query's.
          own_place: where it is in `rows`; None where it is of another split, or further down.
        """
        content = _content(row)
        alike = self._places.get(_beginning(row), ())
        hidden = {own_place, *(place for place in alike if same(content, _content(self.rows[place])))}
        return [place for place in range(len(self.rows)) if place not in hidden]


class OtherRows(Sequence[Row]):
    """The rows of a pool that a query may be shown (`ExemplarPool.places_beside`), looked for when the first is asked
    for: most renderers show none.

    Args:
      pool, row, own_place: as there.
    """

    def __init__(self, pool: ExemplarPool, row: Row, own_place: int | None):
        self._pool, self._row, self._own_place = pool, row, own_place

    @functools.cached_property
    def _rows(self) -> list[Row]:
        return [self._pool.rows[place] for place in self._pool.places_beside(self._row, self._own_place)]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        return self._rows[place]


def _content(row: Row) -> dict[str, Any]:
    # Rows of a split that is judged carry a mark; those of the training split, where exemplars come from, do not.
    return {name: value for name, value in row.items() if name != JUDGED_FIELD}


def _beginning(row: Row) -> Hashable:
    """Equal for rows that are the same, and for few others."""
    return frozenset((name, _start(value)) for name, value in row.items() if isinstance(value, str))


def exemplar_rows(
    row: Row, pool: Sequence[Row], places: Iterable[int], question: Callable[[Row], Any]
) -> Iterator[Row]:
    """Rows of `pool` at `places`, in that order, without those that ask what `row` asks.

    Args:
      row: the query's.
      pool: rows to draw from.
      places: positions in `pool`, drawn by the caller; taken one by one, as rows are asked for.
      question: what a row asks, without its answer: a text, or several.
    """
    asked = question(row)
    return (other for other in map(pool.__getitem__, places) if not same(question(other), asked))


def shuffled(rng: random.Random, size: int) -> Iterator[int]:
    """The numbers below `size`, each once, in an order that is drawn as it is needed."""
    left = list(range(size))
    while left:
        i = rng.randrange(len(left))
        left[i], left[-1] = left[-1], left[i]
        yield left.pop()


def sampled(rng: random.Random, size: int, num: int) -> Iterator[int]:
    """`num` numbers below `size`, drawn at once, then the others as in `shuffled`."""
    first = rng.sample(range(size), num)
    yield from first
    rest = sorted(set(range(size)).difference(first))
    yield from (rest[place] for place in shuffled(rng, len(rest)))


def first_others(
    text: str, shots: Iterable[_Shot], num: int, text_of: Callable[[_Shot], str], where: str
) -> tuple[_Shot, ...]:
    """The first `num` of `shots` that do not ask what `text` asks.

    Args:
      text: the question at hand.
      shots: worked questions, in order.
      num: how many are wanted.
      text_of: the question of a shot.
      where: what they are read from, for the message.

    Raises `TaskError` where there are fewer.
    """
    found: list[_Shot] = []
    for shot in shots:
        if len(found) == num:
            break
        if not same(text_of(shot), text):
            found.append(shot)
    if len(found) < num:
        raise TaskError(
            f"{where} has {counted(len(found), 'exemplar')} that ask something else than {text[:60]!r}; {num} are "
            f"needed: download it again"
        )
    return tuple(found)
