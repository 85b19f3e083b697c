"""JSON Lines: one JSON object a line."""

from __future__ import annotations

import functools
import json
import pathlib
from collections.abc import Sequence

from flan_jax.core.errors import TaskError
from flan_jax.sources.files import FileSource, Version, file_version
from flan_jax.sources.source import Row
from flan_jax.sources.text import TextRecords, decode, lines

__all__ = ["JsonlSource", "read_jsonl"]


class JsonlSource(FileSource):
    """JSONL files, UTF-8: `JsonlSource({"train": "my_set/train.jsonl"}, fields=("question", "answer"))`. Blank lines
    are no rows. A line that is not a JSON object is a `TaskError` with file and line."""

    def _read(self, path: pathlib.Path) -> Sequence[Row]:
        return read_jsonl(path)


def read_jsonl(path: pathlib.Path) -> TextRecords:
    """The objects of one file, and the lines they are on. Raises `TaskError` like `JsonlSource`."""
    return _rows(path, file_version(path))


@functools.lru_cache(maxsize=4)
def _rows(path: pathlib.Path, version: Version) -> TextRecords:
    def parse(record: bytes, line: int) -> Row:
        text = decode(path, record, line)
        try:
            row = json.loads(text)
        except json.JSONDecodeError as error:
            raise TaskError(f"{path}:{line}: not valid JSON, {error.msg} at column {error.colno}") from error
        if not isinstance(row, dict):
            raise TaskError(f"{path}:{line}: holds a {type(row).__name__}; each line is one JSON object")
        return row

    return TextRecords(path, lines, parse)
