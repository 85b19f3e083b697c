"""A source whose rows go through a function first: fields renamed, labels put in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from flan_jax.sources.files import LazyRows, place_of
from flan_jax.sources.source import Row, Source, cleaned, content_fingerprint, left_out

__all__ = ["MappedSource"]


@dataclasses.dataclass(frozen=True)
class MappedSource:
    """`function(row)` of each row of `source`, made when the row is asked for. `function` depends on its row alone, so
    that rows are the same in every process. `fields` are those of the new rows, for templates to be checked against."""

    source: Source
    function: Callable[[Row], Row]
    fields: tuple[str, ...] = ()

    @property
    def splits(self) -> tuple[str, ...]:
        """The source's."""
        return self.source.splits

    @property
    def description(self) -> str:
        """The source's."""
        return self.source.description

    def missing(self) -> str | None:
        """The source's."""
        missing = getattr(self.source, "missing", None)
        return None if missing is None else missing()

    def content_fingerprint(self, split: str) -> str | None:
        """The source's. What `function` does is seen in the rendered text."""
        return content_fingerprint(self.source, split)

    def left_out(self, split: str) -> Mapping[str, int]:
        """The source's."""
        return left_out(self.source, split)

    def cleaned(self, split: str) -> Mapping[str, int]:
        """The source's."""
        return cleaned(self.source, split)

    def rows(self, split: str) -> Sequence[Row]:
        """The mapped rows."""
        return _Mapped(self.source.rows(split), self.function)


class _Mapped(LazyRows):
    def __init__(self, rows: Sequence[Row], function: Callable[[Row], Row]):
        self._rows, self._function = rows, function

    def __len__(self) -> int:
        return len(self._rows)

    def _row(self, index: int) -> Row:
        return self._function(self._rows[index])

    def place(self, index: int) -> str:
        return place_of(self._rows, index)
