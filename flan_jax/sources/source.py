"""What a source of rows is: any object with these three members will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Row = Mapping[str, Any]

__all__ = ["Row", "Source"]


class Source(Protocol):
    """Rows of one data set. Construction does no I/O; `rows` may."""

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits this source has."""

    @property
    def description(self) -> str:
        """Where the rows come from, in a line; for a source not on this machine, what to get and where to put it."""

    def rows(self, split: str) -> Sequence[Row]:
        """All rows of `split`; row i never changes. Raises `TaskError` for a missing split or a malformed row."""
