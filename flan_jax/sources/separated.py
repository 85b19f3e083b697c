"""Files of separated values: CSV, and TSV by another delimiter."""

from __future__ import annotations

import csv
import dataclasses
import functools
import mmap
import pathlib
from collections.abc import Iterator, Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.sources.files import FileSource, Version, file_version
from flan_jax.sources.source import Row
from flan_jax.sources.text import BYTE_ORDER_MARK, TextRecords, check_fields_are_unique, decode

QUOTE = '"'
MAX_FIELD_CHARACTERS = 1 << 30  # csv's own limit, 131,072, is short of a long document

__all__ = ["CsvSource", "TsvSource"]


@dataclasses.dataclass(frozen=True)
class CsvSource(FileSource):
    """CSV files, UTF-8, RFC 4180: fields in double quotes may hold delimiters, line ends and doubled quotes. Values are
    text. A record with another number of columns than the header is a `TaskError` with file and line.

    Attributes:
      delimiter: between two columns; a tab for TSV.
      columns: names of the columns of a file without a header; () where the first record names them.
      quote: the quoting character; "" where quotes are ordinary characters.
    """

    delimiter: str = ","
    columns: tuple[str, ...] = ()
    quote: str = QUOTE

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.delimiter) != 1 or len(self.quote) > 1:
            raise TaskError(
                f"delimiter {self.delimiter!r}, quote {self.quote!r}: give one character each (or no quote, as '')"
            )

    def _read(self, path: pathlib.Path) -> Sequence[Row]:
        return _rows(path, file_version(path), self.delimiter, tuple(self.columns), self.quote)


@functools.lru_cache(maxsize=4)
def _rows(path: pathlib.Path, version: Version, delimiter: str, columns: tuple[str, ...], quote: str) -> TextRecords:
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD_CHARACTERS))
    names = list(columns)

    def reader(lines: Iterator[str]) -> Iterator[list[str]]:
        if not quote:
            return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
        return csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)

    def spans(content: mmap.mmap | bytes) -> Iterator[tuple[int, int, int]]:
        """One span a record: the reader is fed lines, and where it has taken them to says where the record ends."""
        position = len(BYTE_ORDER_MARK) if content[:3] == BYTE_ORDER_MARK else 0
        line = 0

        def physical_lines() -> Iterator[str]:
            nonlocal position, line
            while position < len(content):
                end = content.find(b"\n", position) + 1 or len(content)
                line += 1
                text = decode(path, content[position:end], line)
                position = end
                yield text

        records = reader(physical_lines())
        start, first_line = position, 1
        while True:
            try:
                record = next(records, None)
            except csv.Error as error:
                raise TaskError(f"{path}:{first_line}: not separated values, {error}") from error
            if record is None:
                return
            if record and not names:
                names.extend(record)
                check_fields_are_unique(path, names)
            elif record:
                if len(record) != len(names):
                    raise TaskError(
                        f"{path}:{first_line}: {len(record)} columns, {len(names)} are needed ({', '.join(names)}): "
                        f"quote a field that holds {delimiter!r} or a line's end"
                    )
                yield start, position, first_line
            start, first_line = position, line + 1

    def parse(record: bytes, line: int) -> Row:
        (values,) = reader(iter([decode(path, record, line)]))
        return dict(zip(names, values, strict=True))

    return TextRecords(path, spans, parse)


@dataclasses.dataclass(frozen=True)
class TsvSource:
    """A tab-separated file without header or quoting; a newline inside a field is written `\\n`, two characters.

    Attributes:
      path: the file, UTF-8.
      fields: the columns' names.
      split: the name under which its rows go.
    """

    path: pathlib.Path
    fields: tuple[str, ...] = ("question", "answer", "rationale")
    split: str = "train"

    @property
    def splits(self) -> tuple[str, ...]:
        """The one split."""
        return (self.split,)

    @property
    def description(self) -> str:
        """Where the rows come from."""
        return f"{self.path}, tab-separated {', '.join(self.fields)}"

    def rows(self, split: str) -> Sequence[Row]:
        """The file's lines. Raises `TaskError` with file and line for a wrong number of columns or bytes that are not
        UTF-8."""
        _check_split(self, self.path, split)
        return _tsv_rows(self.path, _version(self.path), self.fields)


def _check_split(source: Any, path: pathlib.Path, split: str) -> None:
    if split not in source.splits:
        raise TaskError(f"{path} has no split {split!r}; it is read as {', '.join(source.splits)}")


def _version(path: pathlib.Path) -> tuple[int, int]:
    """Changes with the file: rows are asked for several times in a row (fingerprint, exemplars, rendering), of one task
    after another, so the last few files read are kept."""
    try:
        status = path.stat()
    except OSError as error:
        raise TaskError(f"{path} cannot be read: {error}") from error
    return status.st_mtime_ns, status.st_size


def _read_text(path: pathlib.Path) -> str:
    try:
        content = path.read_bytes()
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise TaskError(
            f"{path}:{line}: byte {content[error.start]:#04x} at column {column} is not UTF-8: convert the file"
        ) from error
    except OSError as error:
        raise TaskError(f"{path} cannot be read: {error}") from error


@functools.lru_cache(maxsize=4)
def _tsv_rows(path: pathlib.Path, version: tuple[int, int], fields: tuple[str, ...]) -> tuple[Row, ...]:
    lines = _read_text(path).split("\n")  # not splitlines, which also breaks at form feeds and Unicode line separators
    if not lines[-1]:
        lines.pop()
    rows = []
    for number, line in enumerate(lines, 1):
        columns = line.removesuffix("\r").split("\t")
        if len(columns) != len(fields):
            raise TaskError(
                f"{path}:{number}: {len(columns)} columns, {len(fields)} are needed ({', '.join(fields)}): write tabs "
                f"inside a field as spaces"
            )
        rows.append({name: column.replace("\\n", "\n") for name, column in zip(fields, columns, strict=True)})
    return tuple(rows)
