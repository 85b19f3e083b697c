"""A data set's folder in whichever of the formats it is: found out when it is read."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Mapping, Sequence

from flan_jax.core.errors import TaskError
from flan_jax.sources.array_record import ArrayRecordSource
from flan_jax.sources.columnar import ParquetSource
from flan_jax.sources.data_dir import Download, absent, data_dir
from flan_jax.sources.files import Files, Path
from flan_jax.sources.hugging_face import SPLITS, HuggingFaceFolderSource
from flan_jax.sources.jsonl import JsonlSource
from flan_jax.sources.source import Row, Source

READERS: Mapping[str, Callable[[Files], Source]] = {
    ".jsonl": JsonlSource,
    ".parquet": ParquetSource,
    ".array_record": ArrayRecordSource,
}

__all__ = ["DataFolderSource"]


@dataclasses.dataclass(frozen=True)
class DataFolderSource:
    """What `save_to_disk` of Hugging Face `datasets` wrote, or one file a split (`train.jsonl`, `train.parquet`,
    `train.array_record`), or several Parquet files a split (`train-00000-of-00002.parquet`, `train/0000.parquet`), as
    the hub has them (implements `flan_jax.sources.source.Source`).

    Attributes:
      folder: below the data folder unless absolute.
      download: what `missing` tells the user to get.
      rename: split -> the split on disk, for data sets that call them otherwise; only these splits are used then.
    """

    folder: Path
    download: Download
    rename: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def path(self) -> pathlib.Path:
        """The folder, whether or not it is there."""
        return data_dir() / self.folder

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits on disk; train, validation and test where the folder is not there to tell."""
        if self.missing():
            return tuple(self.rename) or SPLITS
        there = self._source().splits
        return tuple(split for split, name in self.rename.items() if name in there) if self.rename else there

    @property
    def description(self) -> str:
        """Where the rows come from."""
        return f"{self.download.name}, {self.folder}"

    def missing(self) -> str | None:
        """None where the folder is there; else what to download, in a line."""
        return None if self.path.is_dir() else self.download.line()

    def rows(self, split: str) -> Sequence[Row]:
        """The rows of `split`. Raises `TaskError` for a folder or split that isn't there, and what the format's own
        source raises."""
        missing = self.missing()
        if missing:
            raise absent(self.path, missing)
        if split not in self.splits:
            raise TaskError(f"{self.path}: no split {split!r}; there are {', '.join(self.splits) or 'none'}")
        return self._source().rows(self.rename.get(split, split))

    def _source(self) -> Source:
        if (self.path / "dataset_dict.json").is_file() or (self.path / "state.json").is_file():
            return HuggingFaceFolderSource(self.path)
        for suffix, reader in READERS.items():
            if files := _files_by_split(self.path, suffix):
                return reader(dict(files))
        raise TaskError(
            f"{self.path} has no data: put what `save_to_disk` writes there, or one file a split, as in train.jsonl "
            f"({', '.join(READERS)})"
        )


def _files_by_split(folder: pathlib.Path, suffix: str) -> dict[str, list[pathlib.Path]]:
    found: dict[str, list[pathlib.Path]] = {}
    for path in sorted([*folder.glob(f"*{suffix}"), *folder.glob(f"*/*{suffix}")]):
        in_folder_of_split = path.parent != folder and path.parent.name != "data"
        split = path.parent.name if in_folder_of_split else path.name.removesuffix(suffix).partition("-")[0]
        found.setdefault(split, []).append(path)
    return found
