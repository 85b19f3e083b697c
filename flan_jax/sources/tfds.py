"""Data sets as TensorFlow Datasets (TFDS) prepares them: read from the data folder, never downloaded here.

A source names the builder, the version and the slices as published. `flan_jax.cache.tfds_rows`, the only module that
imports TFDS, does the reading; it is looked up by name when rows are asked for, so that tasks can be registered, and
batches fed, where TensorFlow is not installed.
"""

from __future__ import annotations

import dataclasses
import importlib
import pathlib
from collections.abc import Sequence

from flan_jax.core.errors import TaskError
from flan_jax.sources.data_dir import absent, data_dir
from flan_jax.sources.source import Row

FOLDER = "tensorflow_datasets"
READER = "flan_jax.cache.tfds_rows"

__all__ = ["FOLDER", "TfdsSource"]


@dataclasses.dataclass(frozen=True)
class TfdsSource:
    """One TFDS builder (with its configuration), as prepared in `DATA_DIR/tensorflow_datasets`.

    Rows have TFDS's own field names; text is `str`, a class label its number, a sequence a list.

    Attributes:
      builder: name, configuration and version as published, e.g. "super_glue/rte:1.0.2". Where that version is not
        there, the newest one that is prepared is read.
      slices: (split, slice in TFDS's notation), e.g. ("train", "train[:-200]").
      features: what to decode, inner names after a slash, e.g. "answer/value"; all features where empty.
      licence: the data set's terms.
      max_examples: (split, how many rows of it are read at most, from the slice's start).
    """

    builder: str
    slices: tuple[tuple[str, str], ...]
    features: tuple[str, ...] = ()
    licence: str = "terms of the source"
    max_examples: tuple[tuple[str, int], ...] = ()

    @property
    def name(self) -> str:
        """The builder's name and configuration, without the version."""
        return self.builder.partition(":")[0]

    @property
    def version(self) -> str:
        """The published version; empty where none is."""
        return self.builder.partition(":")[2]

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the slices."""
        return tuple(split for split, _ in self.slices)

    def prepared(self) -> pathlib.Path | None:
        """The folder of the version that will be read, or None where none is prepared."""
        root = data_dir() / FOLDER / self.name
        if self.version and (root / self.version / "dataset_info.json").is_file():
            return root / self.version
        found = [path.parent for path in root.glob("*.*.*/dataset_info.json")]
        return max(found, key=lambda path: _version_key(path.name), default=None)

    @property
    def description(self) -> str:
        """Builder, slices, and the version that is read instead of the published one."""
        slices = ", ".join(part if part == split else f"{split} = {part}" for split, part in self.slices)
        folder = self.prepared()
        other = f" (prepared here: version {folder.name})" if folder and self.version not in ("", folder.name) else ""
        return f"TFDS {self.builder}{other}, {slices}"

    def missing(self) -> str | None:
        """None where a version is prepared; else what to prepare, where, and under which licence."""
        if self.prepared():
            return None
        return (
            f"TFDS {self.builder}: prepare it with `tfds build {self.name} --data_dir {data_dir() / FOLDER}` "
            f"(licence: {self.licence})"
        )

    def rows(self, split: str) -> Sequence[Row]:
        """The rows of `split`, in the prepared files' order. Raises `TaskError` for an unknown split, a data set that
        is not prepared, a field that it does not have, or TFDS not installed."""
        spec = dict(self.slices).get(split)
        if spec is None:
            raise TaskError(f"TFDS {self.builder} has no split {split!r}; it is read as {', '.join(self.splits)}")
        folder = self.prepared()
        if folder is None:
            raise absent(data_dir() / FOLDER / self.name, str(self.missing()))
        try:
            reader = importlib.import_module(READER)
        except ModuleNotFoundError as error:
            raise TaskError(
                f"TFDS {self.builder} cannot be read, {error}: install the extra that has it, pip install "
                f"'flan_jax[build]'"
            ) from error
        rows: Sequence[Row] = reader.read_rows(folder, spec, self.features, dict(self.max_examples).get(split))
        return rows


def _version_key(name: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else -1 for part in name.split("."))
