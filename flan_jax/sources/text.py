"""Text files read record by record: an index of byte offsets, made once, and the records parsed when asked for."""

from __future__ import annotations

import mmap
import pathlib
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from flan_jax.core.errors import TaskError
from flan_jax.sources.files import LazyRows, unreadable
from flan_jax.sources.source import Row

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_UNPACK, _SAVE = "unpack it", "save it as UTF-8"
_NO_TEXT = {
    b"\x1f\x8b": ("packed by gzip", _UNPACK),
    b"BZh": ("packed by bzip2", _UNPACK),
    b"\xfd7zXZ": ("packed by xz", _UNPACK),
    b"\x28\xb5\x2f\xfd": ("packed by zstd", _UNPACK),
    b"PK\x03\x04": ("a zip archive", _UNPACK),
    b"PAR1": ("Parquet", "name it .parquet, or read it with ParquetSource"),
    # UTF-32 first: its little-endian mark begins with UTF-16's.
    b"\xff\xfe\0\0": ("UTF-32", _SAVE),
    b"\0\0\xfe\xff": ("UTF-32", _SAVE),
    b"\xff\xfe": ("UTF-16", _SAVE),
    b"\xfe\xff": ("UTF-16", _SAVE),
}

__all__ = ["TextRecords", "check_fields_are_unique", "check_is_text", "decode", "lines", "read_text"]


class TextRecords(LazyRows):
    """The records of a text file. `spans` has (first byte, end, line number) of each; `parse` turns a record's bytes
    and line number into a row. The file is mapped, not read: the index takes 24 bytes a row."""

    def __init__(
        self,
        path: pathlib.Path,
        spans: Callable[[mmap.mmap | bytes], Iterable[tuple[int, int, int]]],
        parse: Callable[[bytes, int], Row],
    ):
        try:
            with open(path, "rb") as file:
                # An empty file cannot be mapped.
                is_empty = file.seek(0, 2) == 0
                self._bytes = b"" if is_empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise unreadable(path, error) from error
        check_is_text(path, self._bytes[:8])
        self._path, self._parse = path, parse
        flat = np.fromiter((number for span in spans(self._bytes) for number in span), np.int64)
        self._spans = flat.reshape(-1, 3)

    def __len__(self) -> int:
        return len(self._spans)

    def line(self, index: int) -> int:
        """The line, from 1, on which record `index` begins."""
        return int(self._spans[index, 2])

    def place(self, index: int) -> str:
        return f"{self._path}:{self.line(index)}"

    def _row(self, index: int) -> Row:
        start, end, line = self._spans[index].tolist()
        return self._parse(self._bytes[start:end], line)


def lines(content: mmap.mmap | bytes, blank: Callable[[bytes], bool] = bytes.isspace) -> Iterator[tuple[int, int, int]]:
    """(first byte, end without the line feed, number from 1) of each line that is neither empty nor `blank`. Lines end
    in line feeds alone: text may hold form feeds and Unicode's line separators."""
    start = len(BYTE_ORDER_MARK) if content[:3] == BYTE_ORDER_MARK else 0
    size, line = len(content), 0
    while start < size:
        line += 1
        end = content.find(b"\n", start)
        end = size if end < 0 else end
        line_bytes = content[start:end]
        if line_bytes and not blank(line_bytes):
            yield start, end, line
        start = end + 1


def read_text(path: pathlib.Path) -> str:
    """The whole text of a file, UTF-8, without a byte order mark. Raises `TaskError` for a file that cannot be read,
    and with file, line and byte for one in another encoding."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
    check_is_text(path, content[:8])
    return decode(path, content.removeprefix(BYTE_ORDER_MARK), 1)


def check_is_text(path: pathlib.Path, head: bytes) -> None:
    """Raises `TaskError` for a file that begins as no UTF-8 text does: packed, in UTF-16, or in columns.

    Args:
      path: the file.
      head: its first eight bytes.
    """
    for start, (what, remedy) in _NO_TEXT.items():
        if head.startswith(start):
            raise TaskError(f"{path} is {what}, not UTF-8 text: {remedy}")
    if b"\0" in head[:4]:  # UTF-16 and UTF-32 without a mark
        raise TaskError(
            f"{path} begins with a NUL byte among its first four, so it is UTF-16 or no text: save it as UTF-8"
        )


def decode(path: pathlib.Path, content: bytes, line: int) -> str:
    """`content`, which begins at `line` of `path`, as text. Raises `TaskError` with file, line and byte."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line += content.count(b"\n", 0, error.start)
        column = error.start - content.rfind(b"\n", 0, error.start)
        raise TaskError(
            f"{path}:{line}: byte {content[error.start]:#04x} at column {column} is not UTF-8: convert the file"
        ) from error


def check_fields_are_unique(path: pathlib.Path, names: Sequence[str]) -> None:
    """Raises `TaskError` for a column named twice or not at all."""
    for position, name in enumerate(names):
        if not name:
            raise TaskError(f"{path}:1: column {position + 1} has no name: name it in the header, or give `columns`")
        if name in names[:position]:
            raise TaskError(f"{path}:1: two columns are called {name!r}: rename one, or give `columns`")
