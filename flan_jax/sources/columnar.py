"""Columnar files by way of Arrow: Parquet, and the tables that Hugging Face `datasets` saves.

pyarrow is imported when such a file is read: `pip install 'flan_jax[arrow]'`.
"""

from __future__ import annotations

import bisect
import contextlib
import functools
import itertools
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from flan_jax.core.errors import TaskError
from flan_jax.sources.files import FileSource, LazyRows, Version, file_version
from flan_jax.sources.source import Row

_SHORT_FLOATS = {"float": np.float32, "halffloat": np.float16}  # Arrow's names
CHUNK_ROWS = 256  # rows turned into Python objects at a time

__all__ = ["ArrowRows", "ParquetSource", "check_columns", "import_pyarrow", "incomplete"]


class ParquetSource(FileSource):
    """Parquet files: `ParquetSource({"train": "my_set/train.parquet"})`. A file that is cut off is a `TaskError`."""

    def _read(self, path: pathlib.Path) -> Sequence[Row]:
        return _parquet_rows(path, file_version(path))


class ArrowRows(LazyRows):
    """Rows of tables that are loaded one at a time. `sizes` are their row counts, `load(i)` gives table i (pyarrow);
    the last one stays, and of it the last `CHUNK_ROWS` rows as Python objects. Bytes that are UTF-8 are text; others
    stay bytes. `paths` are the files, and `firsts` which of its file's rows each table begins with, for errors."""

    def __init__(
        self,
        sizes: Sequence[int],
        load: Callable[[int], Any],
        paths: Sequence[pathlib.Path],
        firsts: Sequence[int] | None = None,
    ):
        self._paths = paths
        self._firsts = [0] * len(sizes) if firsts is None else firsts
        self._ends = list(itertools.accumulate(sizes))
        self._load = load
        self._table: tuple[int, Any] = (-1, None)
        self._chunk: tuple[int, list[Row]] = (-1, [])

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def place(self, index: int) -> str:
        number, first = self._find(index)
        return f"{self._paths[number]}, row {self._firsts[number] + index - first}"

    def _find(self, index: int) -> tuple[int, int]:
        number = bisect.bisect_right(self._ends, index)
        return number, self._ends[number - 1] if number else 0

    def _row(self, index: int) -> Row:
        number, first = self._find(index)
        start = first + (index - first) // CHUNK_ROWS * CHUNK_ROWS
        if self._chunk[0] != start:
            if self._table[0] != number:
                self._table = number, self._load(number)
            self._chunk = start, _as_rows(self._table[1].slice(start - first, CHUNK_ROWS))
        return self._chunk[1][index - start]


def _as_rows(table: Any) -> list[Row]:
    rows: list[dict[str, Any]] = table.to_pylist()
    in_bytes = [field.name for field in table.schema if "binary" in str(field.type)]
    short = [field.name for field in table.schema if str(field.type) in _SHORT_FLOATS]
    for row in rows if short else ():
        for name in short:
            # The shortest number that is this one in its own precision, as it was written: 0.1 and not
            # 0.10000000149011612.
            if row[name] is not None:
                row[name] = float(str(_SHORT_FLOATS[str(table.schema.field(name).type)](row[name])))
    for row in rows if in_bytes else ():
        for name in in_bytes:
            if isinstance(row[name], bytes):
                with contextlib.suppress(UnicodeDecodeError):  # an image: an error where it is asked for as text
                    row[name] = row[name].decode()
    return list(rows)


def check_columns(path: pathlib.Path, names: Sequence[str]) -> None:
    """Raises `TaskError` for a column named twice: a row has room for one of them."""
    for position, name in enumerate(names):
        if name in names[:position]:
            raise TaskError(f"{path}: two columns are called {name!r}: rename one")


def import_pyarrow(path: pathlib.Path) -> Any:
    """The module pyarrow, with `ipc` and `parquet`. Raises `TaskError` where it is not installed."""
    try:
        import pyarrow
        import pyarrow.ipc
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise TaskError(f"{path} takes pyarrow to read: pip install 'flan_jax[arrow]'") from error
    return pyarrow


def incomplete(path: pathlib.Path, error: Exception) -> TaskError:
    """The error for a file that is not whole, or no such file at all."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return TaskError(f"{path} cannot be read, {reason}: is it half downloaded? Get it again")


@functools.lru_cache(maxsize=2)
def _parquet_rows(path: pathlib.Path, version: Version) -> ArrowRows:
    pyarrow = import_pyarrow(path)
    try:
        file = pyarrow.parquet.ParquetFile(path, memory_map=True)
    except (pyarrow.ArrowException, OSError) as error:
        raise incomplete(path, error) from error

    def load(group: int) -> Any:
        try:
            return file.read_row_group(group)
        except (pyarrow.ArrowException, OSError) as error:
            raise incomplete(path, error) from error

    check_columns(path, file.schema_arrow.names)
    metadata = file.metadata
    sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    firsts = list(itertools.accumulate(sizes, initial=0))[:-1]
    return ArrowRows(sizes, load, [path] * len(sizes), firsts)
