"""A data set's folder in whichever of the formats it is: found out when it is read."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Callable, Mapping, Sequence

from flan_jax.core.errors import TaskError, some_of
from flan_jax.sources.array_record import ArrayRecordSource
from flan_jax.sources.columnar import ParquetSource
from flan_jax.sources.data_dir import Download, absent, data_dir
from flan_jax.sources.files import Files, Path
from flan_jax.sources.hugging_face import SPLITS, HuggingFaceFolderSource
from flan_jax.sources.jsonl import JsonlSource
from flan_jax.sources.separated import CsvSource
from flan_jax.sources.source import Row, Source

READERS: Mapping[str, Callable[[Files], Source]] = {
    ".jsonl": JsonlSource,
    ".csv": CsvSource,
    ".tsv": lambda files: CsvSource(files, delimiter="\t"),
    ".parquet": ParquetSource,
    ".array_record": ArrayRecordSource,
}

SAVED = ("dataset_dict.json", "state.json")  # beside what `save_to_disk` writes

# train-00000-of-00002, as the hub and TFDS number the files of a split; the hub's older ones end in a hash.
_NUMBERED = re.compile(r"(?P<split>.+?)-(?P<number>\d{5})-of-(?P<count>\d{5})(-[0-9a-f]{8,})?")
_PART = re.compile(r"(?P<split>.+?)-(?P<number>\d+)")  # train-0, of nobody says how many
_COUNTED = re.compile(r"(.+-)?(?P<number>\d+)")  # train-0, or 0000 in a folder

__all__ = ["READERS", "DataFolderSource"]


@dataclasses.dataclass(frozen=True)
class DataFolderSource:
    """What `save_to_disk` of Hugging Face `datasets` wrote, or one file a split (`train.jsonl`, `train.csv`,
    `train.parquet`, …), or several files a split as the hub has them: `train-00000-of-00002.parquet`, `train-0.jsonl`,
    `train/0000.parquet`, all also in the folder of the one configuration there is (implements
    `flan_jax.sources.source.Source`). A split is written in one of these ways, and all splits in one format: of several
    nothing says which is meant. `train-old.jsonl` is a split called train-old.

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
        """Raises `TaskError` for a folder without data, and for one with data of two formats."""
        saved = [self.path / name for name in SAVED if (self.path / name).is_file()]
        files = _data_files(self.path)
        first = {path.suffix: path for path in reversed(files)}  # of each suffix
        if len(kinds := [*saved[:1], *(first[suffix] for suffix in READERS if suffix in first)]) > 1:
            shown = ", ".join(str(path.relative_to(self.path)) for path in kinds)
            raise TaskError(
                f"{self.path} holds data of {len(kinds)} formats ({shown}), one is needed: move the others away, or "
                f"name one file"
            )
        if saved:
            return HuggingFaceFolderSource(self.path)
        if not files:
            raise TaskError(
                f"{self.path} has no data: put what `save_to_disk` writes there, or one file a split, as in "
                f"train.jsonl ({', '.join(READERS)})"
            )
        return READERS[files[0].suffix](dict(_files_by_split(self.path, files)))


def _data_files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The files of formats that have a reader, in order."""
    found = (path for depth in ("*", "*/*", "*/*/*") for path in folder.glob(depth))
    return sorted(path for path in found if path.suffix in READERS and path.is_file())


def _files_by_split(folder: pathlib.Path, files: Sequence[pathlib.Path]) -> dict[str, list[pathlib.Path]]:
    """Split -> its files, in order. Raises `TaskError` for files of several configurations, for a split that is written
    in two ways, and for a file of several that is not there.

    Args:
      folder: the data set's.
      files: all that is in it, of one suffix.
    """
    found: dict[str, list[pathlib.Path]] = {}
    ways: dict[str, dict[tuple[pathlib.Path, str], pathlib.Path]] = {}  # split -> folder and way -> its first file
    configs: dict[str, None] = {}
    for path in files:
        folders = [name for name in path.relative_to(folder).parent.parts if name != "data"]
        split, way = path.stem, "a file"
        if numbered := _NUMBERED.fullmatch(path.stem):
            split, way = numbered["split"], "numbered files"
        elif folders:
            split, way = folders.pop(), "a folder"
        elif part := _PART.fullmatch(path.stem):
            split, way = part["split"], "parts"
        configs["/".join(folders)] = None
        found.setdefault(split, []).append(path)
        ways.setdefault(split, {}).setdefault((path.parent, way), path)
    if len(configs) > 1:
        shown = ", ".join(name or "files of no configuration" for name in configs)
        raise TaskError(
            f"{folder} holds {len(configs)} configurations ({shown}): name the folder of one, as {folder}/"
            f"{next(filter(None, configs))}"
        )
    for split, paths in found.items():
        if len(ways[split]) > 1:
            shown = ", ".join(str(path.relative_to(folder)) for path in ways[split].values())
            raise TaskError(
                f"{folder}: split {split} is written in {len(ways[split])} ways ({shown}), one is needed: move the "
                f"others away, or name one file"
            )
        _check_all_are_there(split, paths)
    return found


def _check_all_are_there(split: str, paths: Sequence[pathlib.Path]) -> None:
    numbered = [match for path in paths if (match := _NUMBERED.fullmatch(path.stem))]
    if len({match["count"] for match in numbered}) > 1:
        raise TaskError(
            f"split {split} has files of two counts, {paths[0].name} and {paths[-1].name} in {paths[0].parent}: keep "
            f"those of one"
        )
    if numbered and (absent := sorted(set(range(int(numbered[0]["count"]))) - {int(m["number"]) for m in numbered})):
        raise TaskError(
            f"split {split} is {int(numbered[0]['count'])} files, of which {len(numbered)} are in {paths[0].parent}: "
            f"get number {some_of(map(str, absent))}"
        )
    # Parts that are counted from 0 or 1, by their own names or in a folder of the split; others may be dates.
    counted = [int(match["number"]) for path in paths if (match := _COUNTED.fullmatch(path.stem))]
    if not numbered and len(counted) == len(paths) > 1 and min(counted) <= 1:
        if absent := sorted(set(range(min(counted), max(counted))) - set(counted)):
            raise TaskError(
                f"split {split} has parts {min(counted)} to {max(counted)} in {paths[0].parent}, and none numbered "
                f"{some_of(map(str, absent))}: get it, or number the files without a gap"
            )
