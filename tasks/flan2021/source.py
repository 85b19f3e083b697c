"""Rows of a FLAN 2021 data set as template fields: from TFDS's prepared files, else from the samples in the data
folder."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flan_jax.core.errors import MissingDataError, TaskError
from flan_jax.declare.templates import JUDGED_FIELD
from flan_jax.sources.source import Row
from flan_jax.sources.tfds import TfdsSource
from flan_jax.tasks.flan2021.samples import Sample

__all__ = ["Flan2021Source"]


@dataclasses.dataclass(frozen=True)
class Flan2021Source:
    """TFDS's rows where they are prepared, the sample's elsewhere, each turned into template fields.

    Rows of splits other than train have the field `judged`, so that no template turns them around: their answer is what
    the metrics judge.

    Attributes:
      tfds: the published source.
      sample: real rows of the same data set (or a stand-in, as its note says) below `DATA_DIR/flan2021_sources`.
      fields_of: row with TFDS's field names -> template fields, or None to leave it out.
      left_out_because: why rows are left out, in words.
    """

    tfds: TfdsSource
    sample: Sample | None
    fields_of: Callable[[Row], Mapping[str, Any] | None]
    left_out_because: str

    @property
    def splits(self) -> tuple[str, ...]:
        """The published splits."""
        return self.tfds.splits

    @property
    def is_sample(self) -> bool:
        """Whether rows come from the sample, since TFDS's are not on this machine."""
        return self.tfds.prepared() is None and self.sample is not None and self.sample.missing() is None

    @property
    def description(self) -> str:
        """What is read on this machine, and what would be preferred."""
        if self.tfds.prepared():
            return self.tfds.description
        if self.is_sample:
            assert self.sample is not None
            return f"SAMPLE, {self.sample.description}; read since {self.tfds.builder} of TFDS is not prepared"
        return f"{self.tfds.description}; not here: {self.missing()}"

    def missing(self) -> str | None:
        """None where TFDS's files or the sample's are here; else what to get."""
        if self.is_sample:
            return None
        line = self.tfds.missing()
        return line if line is None or self.sample is None else f"{line}; or {self.sample.missing()}"

    def rows(self, split: str) -> Sequence[Row]:
        """Template fields of each row that the task can use."""
        if split not in self.splits:
            raise TaskError(f"TFDS {self.tfds.builder} has no split {split!r}; it is read as {', '.join(self.splits)}")
        if self.is_sample:
            assert self.sample is not None
            return _rows(self, split, self.sample.version())[0]
        if self.tfds.prepared() is None:
            raise MissingDataError(f"{self.tfds.builder} is not on this machine. {self.missing()}")
        return _rows(self, split, (str(self.tfds.prepared()),))[0]

    def left_out(self, split: str) -> dict[str, int]:
        """How many rows of `split` were left out, by reason."""
        version = self.sample.version() if self.is_sample and self.sample else (str(self.tfds.prepared()),)
        count = _rows(self, split, version)[1]
        return {self.left_out_because: count} if count else {}


@functools.lru_cache(
    maxsize=2
)  # a split and the one its exemplars come from; rows are asked for several times in a row
def _rows(source: Flan2021Source, split: str, version: tuple[Any, ...]) -> tuple[tuple[Row, ...], int]:
    """(template fields, how many rows were left out); `version` changes with the files."""
    cap = dict(source.tfds.max_examples).get(split)
    raw = source.sample.rows(split, source.splits) if source.is_sample and source.sample else source.tfds.rows(split)
    rows: list[Row] = []
    left_out = 0
    for row in raw[:cap]:
        fields = source.fields_of(row)
        if fields is None:
            left_out += 1
        else:
            rows.append(dict(fields) if split == "train" else {**fields, JUDGED_FIELD: True})
    return tuple(rows), left_out
