"""The samples in `DATA_DIR/flan2021_sources`: files in their publishers' own formats, read into rows with TFDS's names.

Each data set's file says which files are its sample and how a line of them becomes a row.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.sources.data_dir import data_dir
from flan_jax.sources.jsonl import read_json as whole_json
from flan_jax.sources.jsonl import read_jsonl
from flan_jax.sources.separated import read_separated
from flan_jax.sources.source import Row
from flan_jax.sources.text import TextRecords, decode, lines

FOLDER = "flan2021_sources"
HELD_OUT_FRACTION = 10  # one row in so many, from the end, for each split that the sample has no file of

Record = Mapping[str, Any]
Read = Callable[[pathlib.Path], Sequence[Record]]
Convert = Callable[[Record], Sequence[Row]]

# What a reader of rows raises for a row that is not as it should be.
FAULTS = (KeyError, IndexError, ValueError, TypeError, AttributeError)

__all__ = [
    "FAULTS",
    "FOLDER",
    "Sample",
    "fault_of",
    "label_position",
    "read_csv",
    "read_json",
    "read_jsonl",
    "read_lines",
    "read_tsv",
    "whole_number",
]


@dataclasses.dataclass(frozen=True)
class Sample:
    """Real rows for a data set, in files below the sample folder.

    Splits without files of their own are cut from the end of the training files: a tenth for test, and a tenth before
    it for validation, in file order.

    Attributes:
      train, validation, test: file names, read one after another.
      read: file -> its records, as they are.
      convert: record -> rows with TFDS's field names, none where it is of no use to the task.
      licence: terms of the files.
      note: what they are, and how they differ from the published data set.
      folder: below DATA_DIR.
    """

    train: tuple[str, ...]
    read: Read
    convert: Convert
    licence: str
    note: str
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    folder: str = FOLDER

    @property
    def files(self) -> tuple[str, ...]:
        """All files."""
        return (*self.train, *self.validation, *self.test)

    def path(self, name: str) -> pathlib.Path:
        """Where a file is, or would be."""
        return data_dir() / self.folder / name

    def missing(self) -> str | None:
        """None where all files are here; else which one is not, and under which licence it is."""
        for name in self.files:
            if not self.path(name).is_file():
                return f"the sample {self.path(name)} (licence: {self.licence})"
        return None

    @property
    def description(self) -> str:
        """The files, what they are, and which splits are cut from the training files."""
        cut = [split for split in ("validation", "test") if not getattr(self, split)]
        parts = f"; cut from the end of the training rows, a tenth each: {', '.join(cut)}" if cut else ""
        return f"{', '.join(str(self.path(name)) for name in self.files)}: {self.note}{parts}"

    def version(self) -> tuple[Any, ...]:
        """Changes with the files."""
        statuses = [(self.path(name), self.path(name).stat()) for name in self.files]
        return tuple((str(path), status.st_mtime_ns, status.st_size) for path, status in statuses)

    def rows(self, split: str, splits: Sequence[str]) -> list[Row]:
        """The rows of `split`; `splits` are all that the data set has. Raises `TaskError` with file and record for one
        that is malformed."""
        return [row for _, row in self.placed_rows(split, splits)]

    def placed_rows(self, split: str, splits: Sequence[str]) -> list[tuple[str, Row]]:
        """(file and line, row) of `rows`, for errors about a row."""
        own = getattr(self, split)
        if split != "train" and own:
            return self._rows_of(own)
        rows = self._rows_of(self.train)
        if "train" not in splits:
            return rows
        size = max(1, len(rows) // HELD_OUT_FRACTION)
        end, pieces = len(rows), {}
        for name in ("test", "validation"):
            if name in splits and not getattr(self, name):
                pieces[name] = rows[end - size : end]
                end -= size
        return rows[:end] if split == "train" else pieces[split]

    def _rows_of(self, names: Sequence[str]) -> list[tuple[str, Row]]:
        rows: list[tuple[str, Row]] = []
        for name in names:
            records = self.read(self.path(name))
            for index, record in enumerate(records):
                place = f"{self.path(name)}, record {index + 1}"
                if isinstance(records, TextRecords):
                    place = f"{self.path(name)}:{records.line(index)}"
                try:
                    rows += [(place, row) for row in self.convert(record)]
                except FAULTS as error:
                    raise TaskError(f"{place}: {fault_of(error, record)}") from error
        return rows


def fault_of(error: Exception, row: Any) -> str:
    """What is wrong with a row, of one of `FAULTS`, and what to do.

    Args:
      error: raised while it was read.
      row: the row, or the record that it would have been made of.
    """
    fault = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    if isinstance(error, KeyError):
        fields = ", ".join(map(str, row)) if isinstance(row, Mapping) else ""
        fault = f"no field {error.args[0]!r}; it has {fields or 'none'}"
    return f"{fault}: mend the row, or download the file again"


def label_position(record: Record, field: str, labels: Sequence[str]) -> int:
    """Which of `labels` a record has in `field`. Raises `ValueError` for another one."""
    value = record[field]
    # Whole labels: in a text such as "ABCD" the empty one would be the first.
    if not isinstance(value, str) or value not in tuple(labels):
        raise ValueError(f"{field} is {value!r}, none of {', '.join(labels)}")
    return tuple(labels).index(value)


def whole_number(record: Record, field: str) -> int:
    """The whole number that a record has in `field`. Raises `ValueError` for what is none."""
    value = record[field]
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = None
    if number is None or (isinstance(value, float) and number != value):
        raise ValueError(f"{field} is {value!r}, no whole number")
    return number


def read_lines(path: pathlib.Path) -> Sequence[Record]:
    """`{"line": …}` a line that is not blank. Raises `TaskError` like every reader of files."""
    return TextRecords(path, lines, lambda text, number: {"line": decode(path, text, number).rstrip("\r")})


def read_json(path: pathlib.Path) -> Sequence[Record]:
    """The items of a JSON list, or of the list under "data" of a JSON object."""
    content = whole_json(path)
    items: Sequence[Record] = content["data"] if isinstance(content, dict) else content
    return items


def read_csv(path: pathlib.Path) -> Sequence[Record]:
    """Comma-separated with a header and quoted fields."""
    return read_separated(path)


def read_tsv(path: pathlib.Path, columns: Sequence[str] = ()) -> Sequence[Record]:
    """Tab-separated, no quoting; `columns` are the names where there is no header."""
    return read_separated(path, "\t", columns, quote="")
