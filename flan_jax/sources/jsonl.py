"""JSON: files of one object a line (JSON Lines), and files that are one value.

Everything in the project that is JSON of somebody else's goes through here, so that each mistake has one text.
"""

from __future__ import annotations

import functools
import itertools
import json
import pathlib
from collections.abc import Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.sources.files import FileSource, Version, file_version, unreadable
from flan_jax.sources.source import Row
from flan_jax.sources.text import TextRecords, decode, lines, read_text

__all__ = ["JsonlSource", "parse_json", "read_first_rows", "read_json", "read_jsonl"]


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
            numbered = ((number, line) for number, line in enumerate(file, 1) if line.strip())
            return [_parse(path, line, number) for number, line in itertools.islice(numbered, num_rows)]
    except OSError as error:
        raise unreadable(path, error) from error


def read_json(path: pathlib.Path) -> Any:
    """The one value of a JSON file, UTF-8. Raises `TaskError` with file and line for what is not JSON."""
    return parse_json(read_text(path), path)


def parse_json(text: str, path: pathlib.Path, line: int = 1) -> Any:
    """The value that `text` is, which begins at `line` of `path`. Raises `TaskError` with file and line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise TaskError(
            f"{path}:{line + error.lineno - 1}: not valid JSON, {error.msg} at column {error.colno}"
        ) from error


def _parse(path: pathlib.Path, record: bytes, line: int) -> Row:
    row = parse_json(decode(path, record, line), path, line)
    if not isinstance(row, dict):
        raise TaskError(f"{path}:{line}: holds a {type(row).__name__}; each line is one JSON object")
    return row


@functools.lru_cache(maxsize=4)
def _rows(path: pathlib.Path, version: Version) -> TextRecords:
    return TextRecords(path, lines, functools.partial(_parse, path))
