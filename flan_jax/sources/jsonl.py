"""JSON: files of one object a line (JSON Lines), and files that are one value.

Everything in the project that is JSON of somebody else's goes through here, so that each mistake has one text.
"""

from __future__ import annotations

import decimal
import functools
import itertools
import json
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.sources.files import FileSource, Version, file_version, unreadable
from flan_jax.sources.source import Row
from flan_jax.sources.text import BYTE_ORDER_MARK, TextRecords, check_is_text, decode, lines, read_text

__all__ = ["JsonlSource", "loads", "parse_json", "parse_row", "read_first_rows", "read_json", "read_jsonl"]


class JsonlSource(FileSource):
    """JSONL files, UTF-8: `JsonlSource({"train": "my_set/train.jsonl"}, fields=("question", "answer"))`. Blank lines
    are no rows. A line that is not a JSON object is a `TaskError` with file and line."""

    def _read(self, path: pathlib.Path) -> Sequence[Row]:
        return read_jsonl(path)


def read_jsonl(path: pathlib.Path) -> TextRecords:
    """The objects of one file, and the lines they are on. Raises `TaskError` like `JsonlSource`."""
    return _rows(path, file_version(path))


def read_first_rows(path: pathlib.Path, num_rows: int) -> list[Row]:
    """The first `num_rows` objects of one file, without looking at the rest of it. Raises `TaskError` like
    `JsonlSource`."""
    try:
        with open(path, "rb") as file:
            check_is_text(path, file.read(8))
            file.seek(0)
            numbered = ((number, line) for number, line in enumerate(file, 1) if line.strip())
            return [
                parse_row(path, line.removeprefix(BYTE_ORDER_MARK), number)
                for number, line in itertools.islice(numbered, num_rows)
            ]
    except OSError as error:
        raise unreadable(path, error) from error


def read_json(path: pathlib.Path) -> Any:
    """The one value of a JSON file, UTF-8. Raises `TaskError` with file and line for what is not JSON."""
    return parse_json(read_text(path), path)


def parse_json(text: str, path: pathlib.Path, line: int = 1) -> Any:
    """The value that `text` is, which begins at `line` of `path`. Raises `TaskError` with file and line."""
    return _parsed(text, path, line)


def loads(text: str) -> Any:
    """The value of a JSON text, of which nothing is lost. Raises `ValueError` for what is not JSON, for a name that an
    object has twice, of which one value would be dropped, and for what nests too deep or has too long a number."""
    try:
        return _DECODER.decode(text)
    except (json.JSONDecodeError, _NamedTwiceError):
        raise
    except RecursionError:
        raise ValueError("it nests too deep") from None
    except ValueError:
        most = sys.get_int_max_str_digits()
        raise ValueError(f"it has a number of more than {most:,} digits: write that as text") from None


class _NamedTwiceError(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NamedTwiceError(f"an object has {twice!r} twice: keep one")
    return found


def _float(text: str) -> float | decimal.Decimal:
    value = float(text)
    if len(text) <= _FLOAT_DIGITS:
        return value
    # A number of more digits than a float holds would be written with others.
    exact = decimal.Decimal(text)
    return value if decimal.Decimal(repr(value)) == exact else exact


_FLOAT_DIGITS = 16  # with the point: 15 digits are always kept
_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float)  # one: making it costs as much as a row


def _parsed(text: str, path: pathlib.Path, line: int, remedy: str = "") -> Any:
    try:
        return loads(text)
    except json.JSONDecodeError as error:
        fault = f"{path}:{line + error.lineno - 1}: not valid JSON, {error.msg} at column {error.colno}"
        if error.msg == "Extra data":
            remedy = ": one value ends there and another begins, part them"
        raise TaskError(fault + remedy) from error
    except ValueError as error:
        raise TaskError(f"{path}:{line}: {error}") from error


def parse_row(path: pathlib.Path, record: bytes, line: int) -> Row:
    """The object of one line. Raises `TaskError` with file and line for anything else.

    Args:
      path: the file.
      record: the line's bytes.
      line: its number, from 1.
    """
    text = decode(path, record, line)
    # The two habits that other programs have: everything in one array, an object over several lines.
    is_part = text.strip() in ("{", "[") or text.startswith("[")
    row = _parsed(text, path, line, ": each line is one JSON object, whole" if is_part else "")
    if not isinstance(row, dict):
        raise TaskError(f"{path}:{line}: holds a {type(row).__name__}; each line is one JSON object")
    return row


@functools.lru_cache(maxsize=4)
def _rows(path: pathlib.Path, version: Version) -> TextRecords:
    return TextRecords(path, lines, functools.partial(parse_row, path))
