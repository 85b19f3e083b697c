"""Tasks of Flan 2022 whose data was never released: four forms of DrRepair, code contests, Taskmaster, and one whose
making nobody describes. They are registered, so that the list is whole, and have no rows until somebody has the data:
`DATA_DIR/flan2022_unreleased/<task>/train.jsonl`, lines of {"inputs": …, "targets": …}.
"""

from __future__ import annotations

import dataclasses
import pathlib
import random
from collections.abc import Sequence

from flan_jax.core.errors import MissingDataError, TaskError
from flan_jax.declare.example import Rendered
from flan_jax.declare.registry import add_task
from flan_jax.declare.task import Task
from flan_jax.sources import JsonlSource
from flan_jax.sources.data_dir import data_dir
from flan_jax.sources.source import Row

FOLDER = "flan2022_unreleased"
FIELDS = ("inputs", "targets")
_LEGAL = (
    "Flan 2022's authors made it and left it out of their release for legal reasons (google-research/FLAN, flan/v2)"
)

__all__ = ["FIELDS", "FOLDER", "UNRELEASED", "UnreleasedSource"]


@dataclasses.dataclass(frozen=True)
class UnreleasedSource:
    """Rows that only a reader who has the data can put there. reason: why nobody can download them."""

    name: str
    reason: str
    splits = ("train",)

    @property
    def path(self) -> pathlib.Path:
        """Where the rows would be."""
        return data_dir() / FOLDER / self.name / "train.jsonl"

    @property
    def description(self) -> str:
        """Why it is not there, or where it is."""
        return f"{self.path}, JSONL of {' and '.join(FIELDS)}" if self.unavailable is None else self._line()

    @property
    def unavailable(self) -> str | None:
        """Why nobody can download it; None where somebody has put it there."""
        return None if self.path.is_file() else self.reason

    def missing(self) -> str | None:
        """None where the file is there; else that it cannot be downloaded, and where it would go."""
        return None if self.unavailable is None else self._line()

    def rows(self, split: str) -> Sequence[Row]:
        """The file's lines. Raises `TaskError` where it is not there."""
        if split not in self.splits:
            raise TaskError(f"{self.name} has no split {split!r}; it is read as {', '.join(self.splits)}")
        if self.unavailable is not None:
            raise MissingDataError(f"{self.path} is not there. {self._line()}")
        return JsonlSource({"train": self.path}, fields=FIELDS).rows("train")

    def _line(self) -> str:
        return f"{self.reason}; it cannot be downloaded: if you have it, write {self.path}"


def as_is(row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
    """Inputs and targets as the file has them."""
    return Rendered(row["inputs"], row["targets"])


def _add(name: str, cluster: str, dataset: str, reason: str) -> str:
    add_task(
        Task(
            name=name,
            cluster=cluster,
            dataset=dataset,
            source=UnreleasedSource(name, reason),
            render=as_is,
            metrics=("exact_match",),
            eval_split=None,
            exemplar_split="train",
        )
    )
    return name


UNRELEASED = (
    _add("dialog_task_master", "dialog_next_turn_prediction", "task_master", f"Taskmaster: {_LEGAL}"),
    _add("program_synthesis_dmcc_python", "code_generation", "dmcc_python", f"DeepMind code contests: {_LEGAL}"),
    *(
        _add(f"program_synthesis_dr_repair_{form}", "code_repair", "dr_repair", f"DrRepair: {_LEGAL}")
        for form in ("error_comments", "line_numbers", "no_errors", "plain_code")
    ),
    _add(
        "flan2021_trivia_qa_wiki_missing",
        "closed_book_qa",
        "trivia_qa",
        "the release's task table lists it without a size, and its code has no such data",
    ),
)
