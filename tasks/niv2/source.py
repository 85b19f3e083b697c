"""The task files of Super-NaturalInstructions: one JSON file a task, in DATA_DIR/natural_instructions_v2/tasks."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping, Sequence

from flan_jax.core.errors import MissingDataError, TaskError
from flan_jax.declare.task_folders import active_folder
from flan_jax.sources.data_dir import Download
from flan_jax.sources.source import Row
from flan_jax.tasks.niv2.task_file import NaturalInstructionsSource

TASK_FOLDER = "niv2"
DOWNLOAD = Download(
    "Super-NaturalInstructions",
    "https://github.com/allenai/natural-instructions (tasks/*.json)",
    "Apache-2.0; each file names its instances' own",
    "natural_instructions_v2",
)
TEST_INSTANCES = 100  # the official test instances are the first of each file

__all__ = ["DOWNLOAD", "TASK_FOLDER", "TEST_INSTANCES", "Niv2Source"]


@dataclasses.dataclass(frozen=True)
class Niv2Source:
    """One task file (implements `flan_jax.sources.source.Source`).

    Split "train" has all instances, "test" the first 100: the same instances twice, since a task is either trained on
    or judged on (format `heldout`); mixtures keep the two apart by whole tasks. `stem` is the file's name. A run that
    names a folder in TASK_FOLDERS["niv2"] reads it there.
    """

    stem: str

    @property
    def splits(self) -> tuple[str, ...]:
        """The two splits."""
        return ("train", "test")

    @property
    def path(self) -> pathlib.Path:
        """Where the file is, or should be."""
        folder = active_folder(TASK_FOLDER)
        return folder / "tasks" / self._file if folder else DOWNLOAD.path("tasks", self._file)

    @property
    def description(self) -> str:
        """Where the rows come from."""
        return f"Super-NaturalInstructions, {self.path}"

    def missing(self) -> str | None:
        """None where the file is there, else what to download: the same line for all tasks, as it is one download."""
        if self.path.is_file():
            return None
        folder = self.path.parent
        return f"{DOWNLOAD.name}: download {DOWNLOAD.url} to {folder} (licence: {DOWNLOAD.licence})"

    def rows(self, split: str) -> Sequence[Row]:
        """The file's instances. Raises `TaskError` for an absent file, and with file and line for what is not in the
        data set's schema."""
        return self._file_source(split).rows(split)

    def cleaned(self, split: str) -> Mapping[str, int]:
        """Positive examples that no row has. Raises `TaskError` like `rows`."""
        return self._file_source(split).cleaned(split)

    def _file_source(self, split: str) -> NaturalInstructionsSource:
        if split not in self.splits:
            raise TaskError(f"{self.path} has no split {split!r}; it is read as {', '.join(self.splits)}")
        if missing := self.missing():
            raise MissingDataError(f"{self.path} is not there. {missing}")
        instances = None if split == "train" else TEST_INSTANCES
        return NaturalInstructionsSource(self.path, split, instances)

    @property
    def _file(self) -> str:
        return f"{self.stem}.json"
