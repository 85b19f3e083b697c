"""ArrayRecord files whose records are JSON objects.

JSON and not tf.Example, because a record then needs no TensorFlow to read or to write; `write_array_record` makes one.
TFDS's own ArrayRecord files hold tf.Example records: read those through TFDS.
"""

from __future__ import annotations

import functools
import json
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.sources.columnar import incomplete
from flan_jax.sources.files import (
    FileSource,
    LazyRows,
    Path,
    Version,
    file_version,
    unreadable,
)
from flan_jax.sources.jsonl import loads
from flan_jax.sources.source import Row

__all__ = ["ArrayRecordSource", "write_array_record"]


class ArrayRecordSource(FileSource):
    """ArrayRecord files of JSON objects: `ArrayRecordSource({"train": "my_set/train.array_record"})`. A record that is
    not one, and a file that is cut off, is a `TaskError` with file and record."""

    def _read(self, path: pathlib.Path) -> Sequence[Row]:
        return _rows(path, file_version(path))


class _Records(LazyRows):
    def __init__(self, path: pathlib.Path):
        from array_record.python.array_record_module import ArrayRecordReader

        self._path = path
        try:
            self._reader = ArrayRecordReader(str(path))
            self._length: int = self._reader.num_records()
        except (RuntimeError, ValueError) as error:
            raise incomplete(path, error) from error
        if not self._reader.ok():  # a file without its end reads as one without records
            raise incomplete(path, EOFError("its index is missing"))

    def __len__(self) -> int:
        return self._length

    def place(self, index: int) -> str:
        return f"{self._path}, record {index}"

    def _row(self, index: int) -> Row:
        try:
            (record,) = self._reader.read([index])
        except (RuntimeError, ValueError) as error:
            raise incomplete(self._path, error) from error
        try:
            row = loads(record.decode())
        except ValueError as error:
            raise TaskError(
                f"{self._path}, record {index}: not UTF-8 JSON, {error}: write the file with "
                f"flan_jax.sources.write_array_record (tf.Example records are read through TFDS)"
            ) from error
        if not isinstance(row, dict):
            raise TaskError(f"{self._path}, record {index}: holds a {type(row).__name__}; a record is one JSON object")
        return row


@functools.lru_cache(maxsize=4)
def _rows(path: pathlib.Path, version: Version) -> _Records:
    return _Records(path)


def write_array_record(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Writes `rows` as JSON objects to the ArrayRecord file `path`, in place of what was there; returns their count.
    Raises `TaskError` for a row that JSON cannot hold."""
    from array_record.python.array_record_module import ArrayRecordWriter

    try:
        writer = ArrayRecordWriter(str(path), "group_size:1")
    except (RuntimeError, ValueError) as error:
        raise unreadable(pathlib.Path(path), error) from error
    count = 0
    try:
        for row in rows:
            try:
                writer.write(json.dumps(dict(row), ensure_ascii=False, allow_nan=False).encode())
            except (TypeError, ValueError) as error:
                raise TaskError(f"row {count} cannot be written as JSON: {error}") from error
            count += 1
    finally:
        writer.close()
    return count
