"""The nine chain-of-thought sets on disk: rows of `question`, `answer` and `rationale`."""

from __future__ import annotations

import abc
import dataclasses
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from flan_jax.core.errors import MissingDataError, TaskError
from flan_jax.declare.task_folders import active_folder
from flan_jax.sources import CsvSource, MappedSource
from flan_jax.sources.data_dir import Download
from flan_jax.sources.jsonl import read_jsonl
from flan_jax.sources.source import Row
from flan_jax.sources.tidy import tidy

TASK_FOLDER = "cot"
FLAN_COT = Download(
    "chain-of-thought files of the Flan Collection",
    "https://github.com/google-research/FLAN (flan/v2/cot_data/*_train.tsv)",
    "Apache-2.0",
    "flan_cot",
)
ESNLI = Download(
    "e-SNLI",
    "https://github.com/OanaMariaCamburu/e-SNLI (dataset/, as JSON lines: premise, hypothesis, label, explanation_1)",
    "MIT-style, as in the repository",
    "cot_extra",
)
QED = Download(
    "QED",
    "https://github.com/google-research-datasets/QED (qed-train.jsonlines)",
    "CC BY-SA 3.0 and GFDL",
    "cot_extra",
)
COLUMNS = ("question", "answer", "rationale")  # of the Flan Collection's files
LABELS = ("entailment", "neutral", "contradiction")

__all__ = ["ESNLI", "FLAN_COT", "LABELS", "QED", "TASK_FOLDER", "CotSource", "EsnliSource", "QedSource", "TsvCotSource"]


@dataclasses.dataclass(frozen=True)
class CotSource(abc.ABC):
    """One set, all of it under "train" (implements `flan_jax.sources.source.Source`)."""

    name: str

    @property
    def splits(self) -> tuple[str, ...]:
        """The one split."""
        return ("train",)

    @property
    def description(self) -> str:
        """Where the rows come from."""
        return f"{self.download.name}, {self.path}"

    @property
    @abc.abstractmethod
    def download(self) -> Download:
        """What to download where the file is not there."""

    @property
    @abc.abstractmethod
    def path(self) -> pathlib.Path:
        """The file, whether or not it is there."""

    def missing(self) -> str | None:
        """None where the file is there, else what to download."""
        return None if self.path.is_file() else self.download.line(self.path.name)

    def rows(self, split: str) -> Sequence[Row]:
        """The set's rows. Raises `TaskError` for an absent file, and with file and line for one that cannot be read."""
        if split not in self.splits:
            raise TaskError(f"{self.path} has no split {split!r}; it is read as {', '.join(self.splits)}")
        if missing := self.missing():
            raise MissingDataError(f"{self.path} is not there. {missing}")
        return self.read()

    @abc.abstractmethod
    def read(self) -> Sequence[Row]:
        """The rows of the file, which is there."""


@dataclasses.dataclass(frozen=True)
class TsvCotSource(CotSource):
    """A set as the Flan Collection ships it. A run that names a folder in TASK_FOLDERS["cot"] reads it there."""

    @property
    def download(self) -> Download:
        """The Flan Collection's files."""
        return FLAN_COT

    @property
    def path(self) -> pathlib.Path:
        """The file of this set."""
        file = f"{self.name}_train.tsv"
        folder = active_folder(TASK_FOLDER)
        return folder / file if folder else FLAN_COT.path(file)

    def read(self) -> Sequence[Row]:
        """The file's lines: without header or quotes, an end of line inside a field written as two characters."""
        table = CsvSource({"train": self.path}, delimiter="\t", columns=COLUMNS, quote="")
        return MappedSource(table, _with_line_ends, COLUMNS).rows("train")


def _with_line_ends(row: Row) -> Row:
    fields = {name: tidy(text.replace("\\n", "\n")) for name, text in row.items()}
    return fields | {"rationale": _as_sentence(fields["rationale"])}


def _as_sentence(text: str) -> str:
    """`text` with a full stop after its last word or sum: templates go on behind it."""
    return f"{text}." if re.search(r"[\w)\]}%$]$", text) else text


@dataclasses.dataclass(frozen=True)
class _JsonLinesSource(CotSource):
    @property
    def path(self) -> pathlib.Path:
        """`<name>_train.jsonl`, or `<name>_dev.jsonl` where only that is there."""
        train, dev = (self.download.path(f"{self.name}_{part}.jsonl") for part in ("train", "dev"))
        return dev if dev.is_file() and not train.is_file() else train

    outside: ClassVar[str]  # what a line is that is outside the set

    def read(self) -> Sequence[Row]:
        """The rows of the file's lines."""
        return [row for row in self._rows() if row is not None]

    def left_out(self, split: str) -> dict[str, int]:
        """How many lines are outside the set, by reason."""
        count = sum(row is None for row in self._rows())
        return {self.outside: count} if count else {}

    def _rows(self) -> Iterator[Row | None]:
        path = self.path
        records = read_jsonl(path)
        for index, record in enumerate(records):
            try:
                yield self.row(record)
            except (KeyError, TypeError, IndexError, AttributeError) as error:
                raise TaskError(
                    f"{path}:{records.line(index)}: not an example of {self.download.name} "
                    f"({type(error).__name__}: {error})"
                ) from error

    @abc.abstractmethod
    def row(self, record: Any) -> Row | None:
        """One line as a row, or None for a line that is outside the set."""


@dataclasses.dataclass(frozen=True)
class EsnliSource(_JsonLinesSource):
    """e-SNLI: premise and hypothesis, label, and the first annotator's explanation. A pair without a label that the
    annotators agreed on is outside the set, as in SNLI."""

    outside = "without a label that annotators agreed on"

    @property
    def download(self) -> Download:
        """e-SNLI."""
        return ESNLI

    def row(self, record: Any) -> Row | None:
        """Premise and hypothesis as the question."""
        if record["label"] not in LABELS:
            return None
        question = f"Premise: {record['premise'].strip()}\nHypothesis: {record['hypothesis'].strip()}\nOptions:\n- "
        return {
            "question": question + "\n- ".join(LABELS),
            "answer": record["label"],
            "rationale": _as_sentence(record["explanation_1"].strip()),
        }


@dataclasses.dataclass(frozen=True)
class QedSource(_JsonLinesSource):
    """QED: a passage and a question; the explanation is the sentence that answers it and what its words refer to.
    Only questions that one sentence answers have one, and only these are in the set."""

    outside = "without a sentence that holds the answer"

    @property
    def download(self) -> Download:
        """QED."""
        return QED

    def row(self, record: Any) -> Row | None:
        """Passage and question as the question; the sentence and its references as the rationale."""
        notes = record["annotation"]
        if notes["explanation_type"] != "single_sentence":
            return None
        found = (answer["sentence_reference"]["string"].strip() for answer in notes["answer"])
        # A closing sentence goes on behind the answer: "The answer is Washington , D.C."
        answer = ", ".join(text for text in found if text).removesuffix(".").rstrip()
        if not answer:
            return None
        rationale = f'The passage says: "{notes["selected_sentence"]["string"].strip()}"'
        for pair in notes["referential_equalities"]:
            asked, said = (pair[f"{part}_reference"]["string"].strip() for part in ("question", "sentence"))
            if said and asked.casefold() != said.casefold():
                rationale += f' There "{said}" is what the question calls "{asked}".'
        return {
            "question": f"Passage: {record['paragraph_text'].strip()}\nQuestion: {record['question_text'].strip()}?",
            "answer": answer,
            "rationale": rationale,
        }
