"""What a source of rows is: any object with the three members of `Source` will do.

Some have more, which is asked for where it is there: `fields`, the names that every row has, for templates to be
checked against; `missing()`, what to download (`flan_jax.declare.task.missing_source`); `content_fingerprint(split)`,
for rows that can change without a file's changing; `left_out(split)`, reason -> rows that it did not take of its
files; `cleaned(split)`, what it took off its texts -> how often.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Row = Mapping[str, Any]

__all__ = ["Row", "Source", "cleaned", "content_fingerprint", "left_out"]


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


def left_out(source: Source, split: str) -> Mapping[str, int]:
    """Reason -> rows of `split` that are in the files and not among the source's rows."""
    count = getattr(source, "left_out", None)
    return {} if count is None else count(split)


def cleaned(source: Source, split: str) -> Mapping[str, int]:
    """What was taken off the texts of `split` -> how often."""
    count = getattr(source, "cleaned", None)
    return {} if count is None else count(split)


def content_fingerprint(source: Source, split: str) -> str | None:
    """What changes with any row of `split`, or None for a source that does not say: rows of files are told apart by
    the text of some of them."""
    of_content = getattr(source, "content_fingerprint", None)
    return None if of_content is None else of_content(split)
