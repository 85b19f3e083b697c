"""Rows of a FLAN 2021 data set as template fields: from TFDS's prepared files, else from the samples in the data
folder."""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from flan_jax.core.errors import MissingDataError, TaskError
from flan_jax.declare.example import JUDGED_FIELD, is_blank
from flan_jax.declare.templates import OPTIONS_FIELD, Template
from flan_jax.sources.source import Row
from flan_jax.sources.tfds import TfdsSource
from flan_jax.tasks.flan2021.samples import FAULTS, Sample, fault_of

EMPTY_TEXT = "with an empty text"

__all__ = ["EMPTY_TEXT", "Flan2021Source"]


@dataclasses.dataclass(frozen=True)
class Flan2021Source:
    """TFDS's rows where they are prepared, the sample's elsewhere, each turned into template fields.

    Rows of splits other than train have the field `judged`, so that no template turns them around: their answer is what
    the metrics judge.

    Attributes:
      tfds: the published source.
      sample: real rows of the same data set (or a stand-in, as its note says) below `DATA_DIR/flan2021_sources`.
      fields_of: row with TFDS's field names -> template fields, or None to leave it out.
      left_out_because: why it leaves rows out, in words.
      templates: the wordings. A row that leaves a hole in each of them has an empty text, and is left out too.
    """

    tfds: TfdsSource
    sample: Sample | None
    fields_of: Callable[[Row], Mapping[str, Any] | None]
    left_out_because: str
    templates: tuple[Template, ...] = ()

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
        """Template fields of each row that the task can use. Raises `TaskError` with file and line (of TFDS's rows with
        the number) for one that is malformed."""
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
        return dict(_rows(self, split, version)[1])

    def _why_left_out(self, fields: Mapping[str, Any] | None, split: str) -> str:
        """Why a row is left out; "" for one that is not."""
        if fields is None:
            return self.left_out_because
        asked = [template for template in self.templates if split == "train" or not template.is_turned_around]
        is_empty = bool(asked) and not any(template.fits(fields) for template in asked)
        return EMPTY_TEXT if is_empty or any(map(is_blank, fields.get(OPTIONS_FIELD, ()))) else ""

    def _placed_rows(self, split: str) -> Iterator[tuple[str, Row]]:
        """(where it is from, row with TFDS's field names)."""
        cap = dict(self.tfds.max_examples).get(split)
        if self.is_sample and self.sample:
            return iter(self.sample.placed_rows(split, self.splits)[:cap])
        rows = self.tfds.rows(split)[:cap]
        return ((f"TFDS {self.tfds.builder}, split {split}, row {i}", row) for i, row in enumerate(rows))


@functools.lru_cache(
    maxsize=2
)  # a split and the one its exemplars come from; rows are asked for several times in a row
def _rows(source: Flan2021Source, split: str, version: tuple[Any, ...]) -> tuple[tuple[Row, ...], Mapping[str, int]]:
    """(template fields, how many rows were left out by reason); `version` changes with the files."""
    rows: list[Row] = []
    left_out: collections.Counter[str] = collections.Counter()
    for place, row in source._placed_rows(split):
        try:
            fields = source.fields_of(row)
        except TaskError as error:
            raise TaskError(f"{place}: {error}") from error
        except FAULTS as error:
            raise TaskError(f"{place}: {fault_of(error, row)}") from error
        if why := source._why_left_out(fields, split):
            left_out[why] += 1
        elif fields is not None:
            rows.append(dict(fields) if split == "train" else {**fields, JUDGED_FIELD: True})
    return tuple(rows), left_out
