"""A source of which one split has fewer rows: what the formats `rows_N` read."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence

from flan_jax.sources.source import Row, Source, cleaned, content_fingerprint, left_out

__all__ = ["FewerRows"]


@dataclasses.dataclass(frozen=True)
class FewerRows:
    """A source of which one split has no more than `max_rows` rows, drawn by `seed` and kept in order (implements
    `flan_jax.sources.source.Source`)."""

    source: Source
    split: str
    max_rows: int
    seed: str

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits."""
        return self.source.splits

    @property
    def description(self) -> str:
        """Where the rows come from."""
        return f"{self.source.description}; {self.max_rows} rows of {self.split} at most"

    def missing(self) -> str | None:
        """As the source's own."""
        missing = getattr(self.source, "missing", None)
        return None if missing is None else missing()

    def content_fingerprint(self, split: str) -> str | None:
        """As the source's own."""
        return content_fingerprint(self.source, split)

    def left_out(self, split: str) -> Mapping[str, int]:
        """As the source's own."""
        return left_out(self.source, split)

    def cleaned(self, split: str) -> Mapping[str, int]:
        """As the source's own."""
        return cleaned(self.source, split)

    def rows(self, split: str) -> Sequence[Row]:
        """The rows of `split`."""
        rows = self.source.rows(split)
        if split != self.split or len(rows) <= self.max_rows:
            return rows
        return [rows[i] for i in sorted(random.Random(f"rows/{self.seed}").sample(range(len(rows)), self.max_rows))]
