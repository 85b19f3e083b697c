"""A folder of demonstration files, curated as one."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import pathlib
from collections.abc import Mapping, Sequence

from flan_jax.core.errors import TaskError
from flan_jax.sources.data_dir import Download
from flan_jax.sources.files import Version, file_version
from flan_jax.sources.jsonl import read_json
from flan_jax.sources.source import Row
from flan_jax.tasks.demonstrations.curate import (
    SPLITS,
    Curated,
    DemonstrationRules,
    curate,
    examples,
    rules_from,
)
from flan_jax.tasks.demonstrations.readers import read_demonstrations

RULES_FILE = "rules.json"

__all__ = ["RULES_FILE", "DemonstrationSource", "read_rules"]


@dataclasses.dataclass(frozen=True)
class DemonstrationSource:
    """Examples of the demonstrations in a folder's JSONL files, read in order of their names (implements
    `flan_jax.sources.source.Source`). Duplicates and the limit a user has are found across all files.

    Attributes:
      download: the folder; where its path is absolute it may be anywhere.
      rules: how they are curated; what the folder's `rules.json` says goes before.
    """

    download: Download
    rules: DemonstrationRules = dataclasses.field(default_factory=DemonstrationRules)

    @property
    def splits(self) -> tuple[str, ...]:
        """train, validation and test, by user."""
        return SPLITS

    @property
    def folder(self) -> pathlib.Path:
        """The folder, whether or not it is there."""
        return self.download.path()

    @property
    def description(self) -> str:
        """Where the rows come from."""
        return f"demonstrations, {self.download.folder}/*.jsonl"

    def missing(self) -> str | None:
        """None where the folder has files; else what to put there, in a line."""
        return None if self._files() else self.download.line()

    def rows(self, split: str) -> Sequence[Row]:
        """The examples of `split`. Raises `TaskError` with file and line for what cannot be read."""
        if split not in SPLITS:
            raise TaskError(f"{self.description}: no split {split!r}; there are {', '.join(SPLITS)}")
        kept = self.curated().splits[split]
        return list(itertools.chain.from_iterable(examples(demonstration) for demonstration in kept))

    def cleaned(self, split: str) -> Mapping[str, int]:
        """What was taken off texts of `split`: "###eos_token### at the end of a text" -> how many."""
        return {f"{mark} at the end of a text": count for mark, count in self.curated().stripped(split).items()}

    def curated(self) -> Curated:
        """What is kept in each split, and what is dropped."""
        files = self._files()
        if not files:
            raise TaskError(f"{self.folder} has no *.jsonl. {self.download.line()}")
        return _curated(files, tuple(map(file_version, files)), read_rules(self.folder, self.rules))

    def _files(self) -> tuple[pathlib.Path, ...]:
        return tuple(sorted(self.folder.glob("*.jsonl")))


def read_rules(folder: pathlib.Path, rules: DemonstrationRules) -> DemonstrationRules:
    """`rules`, with what `folder/rules.json` changes of them. Raises `TaskError` with the file for a rule that there is
    none of."""
    path = folder / RULES_FILE
    if not path.is_file():
        return rules
    settings = read_json(path)
    if not isinstance(settings, dict):
        raise TaskError(f"{path}:1: holds a {type(settings).__name__}; an object of rules is needed")
    return rules_from({**dataclasses.asdict(rules), **settings}, str(path))


@functools.lru_cache(maxsize=2)
def _curated(files: tuple[pathlib.Path, ...], versions: tuple[Version, ...], rules: DemonstrationRules) -> Curated:
    return curate(itertools.chain.from_iterable(map(read_demonstrations, files)), rules)
