"""Files of separated values: CSV, and TSV by another delimiter."""

from __future__ import annotations

import csv
import dataclasses
import functools
import mmap
import pathlib
import pkgutil
from collections.abc import Iterator, Sequence

from flan_jax.core.errors import TaskError
from flan_jax.sources.files import FileSource, Version, file_version
from flan_jax.sources.source import Row
from flan_jax.sources.text import BYTE_ORDER_MARK, TextRecords, check_fields_are_unique, decode, lines

QUOTE = '"'
MAX_FIELD_CHARACTERS = 1 << 30  # csv's own limit, 131,072, is short of a long document

__all__ = ["QUOTE", "CsvSource", "read_packaged_table", "read_separated"]


@dataclasses.dataclass(frozen=True)
class CsvSource(FileSource):
    """CSV files, UTF-8, RFC 4180: fields in double quotes may hold delimiters, line ends and doubled quotes. Values are
    text. Blank lines are no rows, in a file of one column neither: an empty value there is written "". A record with
    another number of columns than the header is a `TaskError` with file and line.

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
        return read_separated(path, self.delimiter, self.columns, self.quote)


def read_separated(
    path: pathlib.Path, delimiter: str = ",", columns: Sequence[str] = (), quote: str = QUOTE
) -> TextRecords:
    """The records of one file, and the lines they begin on. Raises `TaskError` like `CsvSource`, whose attributes the
    arguments are.

    Args:
      path: the file.
      delimiter: what stands between columns.
      columns: names of the columns of a file without a header; none for one with it.
      quote: what quotes a field; "" where quotes are letters.
    """
    return _rows(path, file_version(path), delimiter, tuple(columns), quote)


def read_packaged_table(package: str, name: str) -> list[Row]:
    """The rows of a TSV file that ships with a package, beside its modules: a header, no quotes.

    The package's own loader reads it, as it reads the modules, from wherever they are; so a module that needs its facts
    when it is imported may ask for them then.

    Args:
      package: its whole name, as in `__package__`.
      name: the file's.

    Raises `OSError` for a package that was installed without it.
    """
    content = pkgutil.get_data(package, name)
    if content is None:
        raise OSError(f"{package} cannot be read from: its loader reads no data")
    table = _Table(pathlib.Path(package, name), "\t", "", [])
    return [table.parse(content[start:end], line) for start, end, line in table.line_spans(content)]


@functools.lru_cache(maxsize=4)
def _rows(path: pathlib.Path, version: Version, delimiter: str, columns: tuple[str, ...], quote: str) -> TextRecords:
    table = _Table(path, delimiter, quote, list(columns))
    return TextRecords(path, table.quoted_spans if quote else table.line_spans, table.parse)


@dataclasses.dataclass(frozen=True)
class _Table:
    """One file; `names` of its columns are filled in by its first record where they are not given."""

    path: pathlib.Path
    delimiter: str
    quote: str
    names: list[str]

    def line_spans(self, content: mmap.mmap | bytes) -> Iterator[tuple[int, int, int]]:
        """One span a line: without quotes, a record cannot be longer."""
        for start, end, line in lines(content, blank=lambda text: text == b"\r"):
            if self._is_record(self._split(decode(self.path, content[start:end], line)), line):
                yield start, end, line

    def quoted_spans(self, content: mmap.mmap | bytes) -> Iterator[tuple[int, int, int]]:
        """One span a record: the reader is fed lines, and where it has taken them to says where the record ends."""
        csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD_CHARACTERS))
        position = len(BYTE_ORDER_MARK) if content[:3] == BYTE_ORDER_MARK else 0
        line = 0

        def physical_lines() -> Iterator[str]:
            nonlocal position, line
            while position < len(content):
                end = content.find(b"\n", position) + 1 or len(content)
                line += 1
                text = decode(self.path, content[position:end], line)
                position = end
                yield text

        records = self._reader(physical_lines())
        start, first_line = position, 1
        while True:
            try:
                record = next(records, None)
            except csv.Error as error:
                is_old = "new-line character" in str(error)
                reason = (
                    "lines end in carriage returns alone: end them in line feeds"
                    if is_old
                    else f"not separated values, {error}"
                )
                raise TaskError(f"{self.path}:{first_line}: {reason}") from error
            if record is None:
                return
            if record and self._is_record(record, first_line):
                yield start, position, first_line
            start, first_line = position, line + 1

    def parse(self, record: bytes, line: int) -> Row:
        text = decode(self.path, record, line)
        values = next(self._reader(iter([text]))) if self.quote else self._split(text)
        return dict(zip(self.names, values, strict=True))

    def _is_record(self, values: list[str], line: int) -> bool:
        """False for the header. Raises `TaskError` for another number of columns than there are names."""
        if not self.names:
            self.names.extend(values)
            check_fields_are_unique(self.path, self.names)
            if any("\r" in name for name in self.names) and not self.quote:
                raise TaskError(f"{self.path}:{line}: lines end in carriage returns alone: end them in line feeds")
            return False
        if len(values) != len(self.names):
            remedy = (
                f"quote a field that holds {self.delimiter!r} or a line's end"
                if self.quote
                else f"write {self.delimiter!r} inside a field as a space"
            )
            raise TaskError(
                f"{self.path}:{line}: {len(values)} columns, {len(self.names)} are needed ({', '.join(self.names)}): "
                f"{remedy}"
            )
        return True

    def _reader(self, text: Iterator[str]) -> Iterator[list[str]]:
        return csv.reader(text, delimiter=self.delimiter, quotechar=self.quote, strict=True)

    def _split(self, line: str) -> list[str]:
        # Not by csv, which takes a carriage return inside a field for the end of a record.
        return line.removesuffix("\r").split(self.delimiter)
