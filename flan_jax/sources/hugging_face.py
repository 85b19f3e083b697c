"""A folder that Hugging Face `datasets` has saved (`save_to_disk`), read without that library.

A `DatasetDict` is a folder with `dataset_dict.json` and a folder a split; a `Dataset` is a folder with `state.json`
(names of its Arrow files, its split), `dataset_info.json` (its features) and the Arrow files, in Arrow's stream format.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.sources.columnar import ArrowRows, check_columns, import_pyarrow, incomplete
from flan_jax.sources.data_dir import Download, absent, data_dir
from flan_jax.sources.files import CheckedRows, Path, Version, check_fields_are_names, file_version
from flan_jax.sources.jsonl import read_json
from flan_jax.sources.source import Row

END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
SPLITS = ("train", "validation", "test")

__all__ = ["HuggingFaceFolderSource"]


@dataclasses.dataclass(frozen=True)
class HuggingFaceFolderSource:
    """A `Dataset` or `DatasetDict` on disk (implements `flan_jax.sources.source.Source`).

    Attributes:
      folder: where `save_to_disk` wrote it; below the data folder unless absolute.
      download: what `missing` tells the user to get; None for data that only the user has.
      fields: columns that every split must have, against which templates are checked; () checks none.

    Class labels stay numbers; `features` has their names.
    """

    folder: Path
    download: Download | None = None
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_fields_are_names(self.fields)

    @property
    def path(self) -> pathlib.Path:
        """The folder, whether or not it is there."""
        return data_dir() / pathlib.Path(self.folder).expanduser()

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits on disk; train, validation and test where the folder is not there to tell."""
        return SPLITS if self.missing() else tuple(self._folders())

    @property
    def description(self) -> str:
        """Where the rows come from."""
        return f"{self.folder}, saved by Hugging Face datasets"

    def missing(self) -> str | None:
        """None where the folder is there; else one line on what to get, and where to put it."""
        if self.path.is_dir():
            return None
        if self.download is not None:
            return self.download.line()
        return f"{self.path}: not there; write it with `dataset.save_to_disk({str(self.path)!r})`"

    @property
    def features(self) -> Mapping[str, Any]:
        """Field -> type as `dataset_info.json` has it: {"_type": "ClassLabel", "names": [...]}, ..."""
        folder = next(iter(self._folders().values()))
        features = _json(folder / "dataset_info.json").get("features")
        if not isinstance(features, dict):
            raise TaskError(f"{folder / 'dataset_info.json'} has no features: is it written by `save_to_disk`?")
        return features

    def rows(self, split: str) -> Sequence[Row]:
        """The rows of `split`. Raises `TaskError` for a split that isn't there and for files that are not whole."""
        missing = self.missing()
        if missing:
            raise TaskError(missing) if self.download is None else absent(self.path, missing)
        folders = self._folders()
        if split not in folders:
            raise TaskError(f"{self.path}: no split {split!r}; there are {', '.join(folders)}")
        state = _json(folders[split] / "state.json")
        if state.get("_indices_files"):
            raise TaskError(
                f"{folders[split]} holds a selection (_indices_files): save it with `dataset.flatten_indices()` first"
            )
        names = [entry["filename"] for entry in state.get("_data_files", ())]
        paths = tuple(folders[split] / name for name in names)
        rows = _arrow_rows(paths, tuple(file_version(path) for path in paths))
        return CheckedRows(rows, self.fields, str(folders[split])) if self.fields else rows

    def _folders(self) -> dict[str, pathlib.Path]:
        if (self.path / "dataset_dict.json").is_file():
            splits = _json(self.path / "dataset_dict.json").get("splits")
            if not isinstance(splits, list) or not splits:
                raise TaskError(f"{self.path / 'dataset_dict.json'} names no splits: save the data set again")
            return {split: self.path / split for split in splits}
        if (self.path / "state.json").is_file():
            return {_json(self.path / "state.json").get("_split") or "train": self.path}
        raise TaskError(
            f"{self.path} has neither dataset_dict.json nor state.json: name a folder that `save_to_disk` wrote"
        )


def _json(path: pathlib.Path) -> dict[str, Any]:
    content = read_json(path)
    if not isinstance(content, dict):
        raise TaskError(f"{path}:1: holds a {type(content).__name__}, an object is needed")
    return content


@functools.lru_cache(maxsize=2)
def _arrow_rows(paths: tuple[pathlib.Path, ...], versions: tuple[Version, ...]) -> ArrowRows:
    tables = [_table(path) for path in paths]  # mapped, not read
    return ArrowRows([table.num_rows for table in tables], lambda i: tables[i], paths)


def _table(path: pathlib.Path) -> Any:
    pyarrow = import_pyarrow(path)
    try:
        with pyarrow.memory_map(str(path)) as file:
            # A stream that ends between two batches reads as a shorter table: its end mark tells.
            file.seek(max(0, file.size() - len(END_OF_STREAM)))
            if file.read() != END_OF_STREAM:
                raise incomplete(path, EOFError("the end of the stream is missing"))
            file.seek(0)
            table = pyarrow.ipc.open_stream(file).read_all()
    except (pyarrow.ArrowException, OSError) as error:
        raise incomplete(path, error) from error
    check_columns(path, table.column_names)
    return table
