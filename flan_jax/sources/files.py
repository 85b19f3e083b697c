"""What the sources of files share: splits that name files, paths below the data folder, fields that rows must have."""

from __future__ import annotations

import abc
import bisect
import dataclasses
import itertools
import os
import pathlib
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, overload

from flan_jax.core.errors import TaskError, did_you_mean
from flan_jax.sources.data_dir import Download, absent, data_dir
from flan_jax.sources.source import Row

Path = str | os.PathLike[str]
Files = Mapping[str, Path | Sequence[Path]]
Version = tuple[int, int]

__all__ = [
    "CheckedRows",
    "FileSource",
    "Files",
    "LazyRows",
    "Path",
    "Version",
    "check_fields_are_names",
    "file_version",
    "place_of",
    "unreadable",
]


class LazyRows(Sequence[Row]):
    """Rows by index, made when they are asked for. A subclass has `__len__` and `_row`."""

    @abc.abstractmethod
    def _row(self, index: int) -> Row:
        """Row `index`, in [0, len)."""

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self._row(i) for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"row {index} of {len(self)}")
        return self._row(index % len(self))

    def __iter__(self) -> Iterator[Row]:
        return map(self._row, range(len(self)))

    def place(self, index: int) -> str:
        """Where row `index` is from, for errors about it: file and line, where there are such."""
        return f"row {index}"


class _Concatenated(LazyRows):
    def __init__(self, parts: Sequence[Sequence[Row]]):
        self._parts = parts
        self._ends = list(itertools.accumulate(len(part) for part in parts))

    def __len__(self) -> int:
        return self._ends[-1]

    def _row(self, index: int) -> Row:
        part, within = self._find(index)
        return self._parts[part][within]

    def place(self, index: int) -> str:
        part, within = self._find(index)
        return place_of(self._parts[part], within)

    def _find(self, index: int) -> tuple[int, int]:
        part = bisect.bisect_right(self._ends, index)
        return part, index - (self._ends[part - 1] if part else 0)


class CheckedRows(LazyRows):
    """Rows that have `fields`, or an error that says which are there."""

    def __init__(self, rows: Sequence[Row], fields: Sequence[str], where: str):
        self._rows, self._fields, self._where = rows, fields, where

    def __len__(self) -> int:
        return len(self._rows)

    def _row(self, index: int) -> Row:
        row = self._rows[index]
        for field in self._fields:
            if field not in row:
                raise TaskError(
                    f"{self._where}, row {index}: no field {field!r}; it has {', '.join(row) or 'none'}"
                    f"{did_you_mean(field, row)}"
                )
        return row

    def place(self, index: int) -> str:
        return place_of(self._rows, index)


@dataclasses.dataclass(frozen=True)
class FileSource(abc.ABC):
    """Rows of files, one or several a split (implements `flan_jax.sources.source.Source`).

    Attributes:
      files: split -> its file, or its files in order. A path that is not absolute lies below the data folder.
      fields: names that every row must have; a row without one is an error with file and row.
      download: what `missing` tells the user to get; None for data that only the user has.
    """

    files: Files
    fields: tuple[str, ...] = ()
    download: Download | None = None

    def __post_init__(self) -> None:
        if not self.files or not all(self._paths_as_given(split) for split in self.files):
            raise TaskError(
                f"{type(self).__name__} has a split without a file: name at least one, as in train='a.jsonl'"
            )
        check_fields_are_names(self.fields)

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits."""
        return tuple(self.files)

    @property
    def description(self) -> str:
        """Where the rows come from."""
        return ", ".join(str(path) for split in self.files for path in self._paths_as_given(split))

    def missing(self) -> str | None:
        """None where every file is there; else one line on what to get, and where to put it."""
        absent = [path for split in self.files for path in self.paths(split) if not path.exists()]
        if not absent:
            return None
        if self.download is not None:
            return self.download.line()
        return f"{', '.join(map(str, absent))}: not there; put the data there, or name its folder in data_dir"

    def paths(self, split: str) -> list[pathlib.Path]:
        """The files of `split`. Raises `TaskError` for a split that there is none of."""
        if split not in self.files:
            raise TaskError(f"{self.description}: no split {split!r}; there are {', '.join(self.files)}")
        return [data_dir() / pathlib.Path(path).expanduser() for path in self._paths_as_given(split)]

    def rows(self, split: str) -> Sequence[Row]:
        """The rows of `split`, read when they are asked for. Raises `TaskError` with the file (and the line, where
        there are lines) for what cannot be read and for a row without one of `fields`."""
        parts = []
        for path in self.paths(split):
            if not path.exists() and self.download is not None:
                raise absent(path, self.download.line())
            part = self._read(path)
            parts.append(CheckedRows(part, self.fields, str(path)) if self.fields else part)
        return parts[0] if len(parts) == 1 else _Concatenated(parts)

    @abc.abstractmethod
    def _read(self, path: pathlib.Path) -> Sequence[Row]:
        """The rows of one file."""

    def _paths_as_given(self, split: str) -> Sequence[Path]:
        paths: Any = self.files[split]
        return [paths] if isinstance(paths, str | os.PathLike) else paths


def check_fields_are_names(fields: Sequence[str]) -> None:
    """Raises `TaskError` for a text in place of a sequence of names, which would be read letter by letter."""
    if isinstance(fields, str):
        raise TaskError(f"fields is the text {fields!r}: give a tuple of names, as in ({fields!r},)")


def file_version(path: pathlib.Path) -> Version:
    """Changes with the file: what has been read of a file is kept as long as its version. Raises `TaskError`."""
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(path, error) from error
    if stat.S_ISFIFO(status.st_mode):
        raise TaskError(f"{path} is a pipe, which is read once and may never end: write its rows to a file")
    return status.st_mtime_ns, status.st_size


def place_of(rows: Sequence[Row], index: int) -> str:
    """Where row `index` of `rows` is from, in words: what the rows say themselves, as `LazyRows` do, or its number."""
    place: Callable[[int], str] | None = getattr(rows, "place", None)
    return f"row {index}" if place is None else place(index)


def unreadable(path: pathlib.Path, error: Exception) -> TaskError:
    """The error for a file that cannot be read."""
    return TaskError(f"{path} cannot be read: {error}")
