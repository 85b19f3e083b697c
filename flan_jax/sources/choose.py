"""Rows of whatever kind: a list of dicts, one file, or a folder, found out by looking."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence

from flan_jax.core.errors import TaskError, did_you_mean
from flan_jax.sources.data_dir import Download
from flan_jax.sources.folder import READERS, DataFolderSource
from flan_jax.sources.memory import MemorySource
from flan_jax.sources.source import Row, Source

TRAIN = "train"

__all__ = ["choose_source"]


def choose_source(rows: str | os.PathLike[str] | Sequence[Row], name: str, split: str = TRAIN) -> tuple[Source, str]:
    """The source of `rows`, and the split of it that they are.

    Args:
      rows: a list of dicts; a file, told by its ending (.jsonl, .csv, .tsv, .parquet, .array_record); or a folder that
        Hugging Face `datasets` saved, or that has such files, as `DataFolderSource` reads them. In .csv and .tsv double
        quotes quote. Paths are relative to where the program runs.
      name: what errors call rows in memory.
      split: of a folder; where the folder has just one, that.

    Raises `TaskError` for a path that is not there, an ending that is none of these, and a split that there is none of.
    """
    if isinstance(rows, Mapping):
        raise TaskError(
            f"{name} are one dict, of {', '.join(map(repr, list(rows)[:5]))}: rows are a list of dicts, one a row; of "
            f"columns, make them by [dict(zip(columns, row)) for row in zip(*columns.values())]"
        )
    if not isinstance(rows, str | os.PathLike):
        return MemorySource({split: rows}, name=name), split
    path = pathlib.Path(rows).expanduser().absolute()
    if path.is_dir():
        source = DataFolderSource(path, Download(path.name, "it", "unknown", str(path)))
        if split in source.splits or len(source.splits) != 1:
            source.rows(split)  # raises where there is no such split
            return source, split
        return source, source.splits[0]
    if not path.is_file():
        raise TaskError(f"{rows} is no file and no folder: give the path of rows, or a list of dicts")
    if path.suffix not in READERS:
        raise TaskError(
            f"{rows} ends in {path.suffix or 'nothing'!r}{did_you_mean(path.suffix, READERS) or '.'} Rows are read "
            f"from {', '.join(READERS)}"
        )
    return READERS[path.suffix]({split: path}), split
