"""Columnar files by way of Arrow: Parquet, and the tables that Hugging Face `datasets` saves.

pyarrow is imported when such a file is read: `pip install 'flan_jax[arrow]'`.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.sources.files import FileSource, LazyRows, Version, file_version
from flan_jax.sources.source import Row

CHUNK_ROWS = 256  # rows turned into Python objects at a time

__all__ = ["ArrowRows", "ParquetSource", "import_pyarrow", "incomplete"]


class ParquetSource(FileSource):
    """Parquet files: `ParquetSource({"train": "my_set/train.parquet"})`. A file that is cut off is a `TaskError`."""

    def _read(self, path: pathlib.Path) -> Sequence[Row]:
        return _parquet_rows(path, file_version(path))


class ArrowRows(LazyRows):
    """Rows of tables that are loaded one at a time. `sizes` are their row counts, `load(i)` gives table i (pyarrow);
    the last one stays, and of it the last `CHUNK_ROWS` rows as Python objects."""

    def __init__(self, sizes: Sequence[int], load: Callable[[int], Any]):
        self._ends = list(itertools.accumulate(sizes))
        self._load = load
        self._table: tuple[int, Any] = (-1, None)
        self._chunk: tuple[int, list[Row]] = (-1, [])

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def _row(self, index: int) -> Row:
        number = bisect.bisect_right(self._ends, index)
        first = self._ends[number - 1] if number else 0
        start = first + (index - first) // CHUNK_ROWS * CHUNK_ROWS
        if self._chunk[0] != start:
            if self._table[0] != number:
                self._table = number, self._load(number)
            self._chunk = start, self._table[1].slice(start - first, CHUNK_ROWS).to_pylist()
        return self._chunk[1][index - start]


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

    metadata = file.metadata
    return ArrowRows([metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)], load)
