"""P3 as it is published: prompts rendered by PromptSource, one file or folder a (data set, prompt).

Three layouts, all below DATA_DIR/p3_t0, NAME being the P3 name with underscores for what no identifier has:

    NAME.jsonl                     {"prompt": ..., "completion": "...<|endoftext|>"} (the self-instruct repository's)
    NAME/<split>.jsonl             {"inputs_pretokenized", "targets_pretokenized", "answer_choices"} (bigscience/P3)
    NAME/<split>/*.parquet         the same fields; also NAME/<split>-*.parquet
"""

from __future__ import annotations

import dataclasses
import pathlib
import random
from collections.abc import Sequence

from flan_jax.core.errors import MissingDataError, TaskError
from flan_jax.declare.example import Rendered
from flan_jax.sources import JsonlSource, MappedSource, ParquetSource
from flan_jax.sources.data_dir import Download
from flan_jax.sources.fields import FieldError, text_of, texts_of
from flan_jax.sources.jsonl import read_first_rows
from flan_jax.sources.source import Row, Source
from flan_jax.tasks.t0.data_sets import identifier

FOLDER = "p3_t0"
FIRST_ROWS = 5
END_OF_TEXT = "<|endoftext|>"
# PromptSource may have shortened a field to 2,048 characters: at a word's end, with three dots behind it.
CUT_LENGTHS = range(2_030, 2_050)
HUB = "https://huggingface.co/datasets/bigscience/P3"
LICENCE = "prompts Apache-2.0; each data set has its own terms"

__all__ = ["FOLDER", "P3Renderer", "P3Source"]


@dataclasses.dataclass(frozen=True)
class P3Source:
    """The rendered rows of one P3 prompt (implements `sources.source.Source`). Rows have `inputs`, `targets` and
    `options`, all stripped, as T0's own evaluation does.

    Attributes:
      p3_name: as P3 writes it, e.g. "cos_e_v1.11_rationale".
      splits: what P3 publishes of it.
      unavailable: why nobody can download it; "" where it is published.
    """

    p3_name: str
    splits: tuple[str, ...] = ("train",)
    unavailable: str = ""

    @property
    def description(self) -> str:
        """Where the rows come from."""
        return f"P3 {self.p3_name}, {HUB}"

    @property
    def download(self) -> Download:
        """The P3 configuration."""
        stem = identifier(self.p3_name)
        return Download(f"P3 {self.p3_name}", f"{HUB} (configuration {self.p3_name})", LICENCE, f"{FOLDER}/{stem}")

    def missing(self) -> str | None:
        """None where a split is here; else what to download, in a line. A file whose first rows have no completions is
        not P3's: those of TREC are so in the self-instruct repository."""
        paths = [path for split in self.splits for path in self._paths(split)]
        if not paths:
            return self._line()
        if paths[0].suffix == ".jsonl" and not _has_completions(paths[0]):
            return f"{paths[0]} has no completions in its first {FIRST_ROWS} rows: remove it. {self._line()}"
        return None

    def rows(self, split: str) -> Sequence[Row]:
        """The rendered rows of `split`. Raises `TaskError` for a split that is not here, or rows of another layout."""
        if split not in self.splits:
            raise TaskError(f"P3 {self.p3_name}: no split {split!r}; there are {', '.join(self.splits)}")
        paths = self._paths(split)
        if not paths:
            raise MissingDataError(f"split {split} is not here. {self._line()}")
        return _rows(paths)

    def _line(self) -> str:
        return self.unavailable or self.download.line()

    def _paths(self, split: str) -> list[pathlib.Path]:
        folder = self.download.path()
        flat = folder.with_name(folder.name + ".jsonl")
        if split == "train" and flat.is_file():
            return [flat]
        if not folder.is_dir():
            return []
        json_lines = folder / f"{split}.jsonl"
        if json_lines.is_file():
            return [json_lines]
        return sorted([*folder.glob(f"{split}/*.parquet"), *folder.glob(f"{split}-*.parquet")])


def _has_completions(path: pathlib.Path) -> bool:
    """Whether one of the first rows has a completion, without reading the rest. True for a file that cannot be read:
    whoever asks for its rows is told why."""
    try:
        answers = [_texts(row)[1] for row in read_first_rows(path, FIRST_ROWS)]
    except (TypeError, AttributeError, TaskError):
        return True
    return not answers or any(answers)


def _rows(paths: Sequence[pathlib.Path]) -> Sequence[Row]:
    files = {"train": list(paths)}
    source: Source = ParquetSource(files) if paths[0].suffix == ".parquet" else JsonlSource(files)
    return MappedSource(source, _row).rows("train")


def _row(row: Row) -> Row:
    asked, answer = _texts(row)
    return {
        "inputs": asked,
        # Half a text is no answer: a row with an empty one is dropped, and counted.
        "targets": "" if answer.endswith("...") and len(answer) in CUT_LENGTHS else answer,
        "options": tuple(choice.strip() for choice in texts_of(row, "answer_choices")),
    }


def _texts(row: Row) -> tuple[str, str]:
    for inputs, targets in (("prompt", "completion"), ("inputs_pretokenized", "targets_pretokenized")):
        if inputs in row and targets in row:
            answer = text_of(row, targets).strip().removesuffix(END_OF_TEXT).strip()
            return text_of(row, inputs).strip(), answer
    raise FieldError(
        f"it has the fields {', '.join(map(str, row)) or 'none'}; a P3 row has prompt and completion, or "
        f"inputs_pretokenized and targets_pretokenized: give it them, or take it out",
        row=row,
    )


@dataclasses.dataclass(frozen=True)
class P3Renderer:
    """The text as P3 has it (implements `declare.example.Renderer`): formats may add exemplars, no other words."""

    def __call__(self, row: Row, rng: random.Random, pool: Sequence[Row]) -> Rendered:
        """One example."""
        options = row["options"]
        return Rendered(
            query=row["inputs"], targets=row["targets"], options=options if row["targets"] in options else ()
        )
