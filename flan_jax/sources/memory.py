"""Rows that are in memory already: a list of dicts, as a notebook has them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.sources.files import CheckedRows, LazyRows, check_fields_are_names
from flan_jax.sources.source import Row

__all__ = ["MemorySource"]


@dataclasses.dataclass(frozen=True, eq=False)
class MemorySource:
    """Rows of lists of dicts: `MemorySource({"train": rows, "validation": others}, fields=("question", "answer"))`
    (implements `flan_jax.sources.source.Source`).

    The lists are kept, not copied. Where a row of one changes, the cache of its task is made anew.

    Attributes:
      rows_by_split: split -> its rows: a list of dicts, or anything that has a length and gives a mapping by number.
      fields: names that every row must have; a row without one is an error with split and row. () for those that the
        first row of the first split has.
      name: what errors call the rows.
    """

    rows_by_split: Mapping[str, Sequence[Row]] = dataclasses.field(repr=False)
    fields: tuple[str, ...] = ()
    name: str = "rows in memory"

    def __post_init__(self) -> None:
        check_fields_are_names(self.fields)
        if not isinstance(self.rows_by_split, Mapping) or not self.rows_by_split:
            raise TaskError(f"{self.name}: give the rows by split, as in MemorySource({{'train': rows}})")
        for split, rows in self.rows_by_split.items():
            if isinstance(rows, str | Mapping) or not (hasattr(rows, "__len__") and hasattr(rows, "__getitem__")):
                raise TaskError(
                    f"{self.name}, split {split}: a {type(rows).__name__} is no list of rows: give a list of dicts"
                )
            if not len(rows):
                raise TaskError(
                    f"{self.name}, split {split}: no rows; at least 1 is needed: leave the split out (a task without "
                    f"one to be judged on says eval_split=None)"
                )
        if not self.fields:
            split, rows = next(iter(self.rows_by_split.items()))
            object.__setattr__(self, "fields", tuple(_Rows(rows, f"{self.name}, split {split}")[0]))

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits."""
        return tuple(self.rows_by_split)

    @property
    def description(self) -> str:
        """Whose rows, and how many."""
        return f"{self.name}: {', '.join(f'{len(rows):,} {split}' for split, rows in self.rows_by_split.items())}"

    def rows(self, split: str) -> Sequence[Row]:
        """The rows of `split`. Raises `TaskError` for a split that there is none of, and, when it is read, for a row
        that is no mapping or is without one of `fields`."""
        if split not in self.rows_by_split:
            raise TaskError(f"{self.name}: no split {split!r}; there are {', '.join(self.splits)}")
        where = f"{self.name}, split {split}"
        return CheckedRows(_Rows(self.rows_by_split[split], where), self.fields, where)

    def content_fingerprint(self, split: str) -> str:
        """Hex sha256 of every row of `split`, in order: all of them, since a list changes in any place between two
        runs of a cell."""
        digest = hashlib.sha256()
        for row in self.rows(split):
            digest.update(json.dumps(dict(row), default=_as_json).encode())
        return digest.hexdigest()


class _Rows(LazyRows):
    """Rows by number, each of them a mapping."""

    def __init__(self, rows: Sequence[Row], where: str):
        self._rows, self._where = rows, where

    def __len__(self) -> int:
        return len(self._rows)

    def _row(self, index: int) -> Row:
        try:
            row = self._rows[index]
        except (KeyError, TypeError) as error:  # a data frame's [0] is the column called 0
            raise TaskError(
                f"{self._where}: row {index} of a {type(self._rows).__name__} cannot be had by its number: give a list "
                f"of dicts, as `frame.to_dict('records')` makes of a data frame"
            ) from error
        if not isinstance(row, Mapping):
            raise TaskError(f"{self._where}, row {index}: holds a {type(row).__name__}; each row is one dict")
        for name in row:
            if not isinstance(name, str):
                raise TaskError(f"{self._where}, row {index}: a field is called {name!r:.60}; names are texts")
        return row


def _as_json(value: Any) -> Any:
    """Values that JSON has no word for: arrays as lists, others by their text. It only has to differ where they do."""
    return value.tolist() if hasattr(value, "tolist") else repr(value)
