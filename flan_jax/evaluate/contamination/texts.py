"""The texts of evaluation sets on disk, for searching training data for them: benchmarks, and sets added here by name.

A set of one's own: `add_evaluation_texts(EvaluationTexts("mine", lambda: my_questions(), lambda: None))`.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Iterable, Iterator

from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import BENCHMARKS, Benchmark, Question
from flan_jax.declare.names import ByName
from flan_jax.sources.data_dir import Download
from flan_jax.sources.jsonl import read_json, read_jsonl
from flan_jax.sources.separated import read_separated

__all__ = ["EvaluationTexts", "add_evaluation_texts", "evaluation_texts"]


@dataclasses.dataclass(frozen=True)
class EvaluationTexts:
    """One evaluation set.

    read: its questions as text, with passages and answer options, without the correct answer's own explanation.
    missing: None where it is on disk, else what to download. is_default: whether data is searched for it unasked.
    """

    name: str
    read: Callable[[], Iterable[str]]
    missing: Callable[[], str | None]
    is_default: bool = True


# Benchmarks over the held-out tasks of a collection: what is held out depends on the mixture, so they are named.
_OF_COLLECTIONS = frozenset({"flan2021", "t0", "tk_instruct"})
_SETS: ByName[EvaluationTexts] = ByName("evaluation set")


def add_evaluation_texts(texts: EvaluationTexts, *, replace: bool = False) -> EvaluationTexts:
    """Makes `texts` one of the sets that training data is searched for, in place of one of that name if `replace`.
    Raises `TaskError` for a name that is taken."""
    return _SETS.add(texts.name, texts, replace=replace)


def evaluation_texts() -> list[EvaluationTexts]:
    """Every set: the registered benchmarks, all their splits on disk, and those that were added by name."""
    sets = dict(_SETS)
    for name, benchmark in BENCHMARKS.items():
        texts = _of_benchmark(benchmark)
        # A set of the same name may have the benchmark's questions from another file.
        if name not in sets or texts.missing() is None:
            sets[name] = texts
    return list(sets.values())


def _of_benchmark(benchmark: Benchmark) -> EvaluationTexts:
    def read() -> Iterator[str]:
        # Subtasks may ask the same questions in other words.
        questions = (question for subtask in benchmark.subtasks for question in _questions(benchmark, subtask.name))
        texts = (" ".join([*question.fields.values(), question.text, *question.choices]) for question in questions)
        yield from dict.fromkeys(texts)

    def missing() -> str | None:
        for subtask in benchmark.subtasks:
            try:
                next(_questions(benchmark, subtask.name), None)
            except TaskError as error:
                return str(error)
        return None

    return EvaluationTexts(benchmark.name, read, missing, not _OF_COLLECTIONS & set(benchmark.tags))


def _questions(benchmark: Benchmark, subtask: str) -> Iterator[Question]:
    """Of every split that is on disk. Raises the first split's error where none is."""
    errors = []
    for split in benchmark.splits:
        try:
            questions = benchmark.read(subtask, split)
        except TaskError as error:
            errors.append(error)
        else:
            yield from questions
    if len(errors) == len(benchmark.splits):
        raise errors[0]


def _missing(download: Download, *parts: str) -> str | None:
    return None if download.path(*parts).exists() else download.line(*parts)


def _jsonl(path: pathlib.Path, *fields: str) -> Iterator[str]:
    rows = read_jsonl(path)
    for index, row in enumerate(rows):
        try:
            yield " ".join(row[field] for field in fields)
        except (KeyError, TypeError) as error:
            where = f"{path}:{rows.line(index)}"
            raise TaskError(f"{where}: no texts {', '.join(fields)} ({error}): mend the line") from error


def _add_files(name: str, download: Download, part: str, read: Callable[[pathlib.Path], Iterable[str]]) -> None:
    add_evaluation_texts(EvaluationTexts(name, lambda: read(download.require(part)), lambda: _missing(download, part)))


def _mgsm(path: pathlib.Path) -> Iterator[str]:
    for file in sorted(path.parent.glob("mgsm_*.tsv")):
        for row in read_separated(file, "\t", ("question", "answer"), quote=""):
            yield row["question"]


def _truthfulqa(path: pathlib.Path) -> Iterator[str]:
    for row in read_separated(path):
        yield f"{row['Question']} {row['Best Answer']}"


def _niv2_test(path: pathlib.Path) -> Iterator[str]:
    """The first 100 instances of each official test task: what is reported on."""
    for name in path.read_text().split():
        file = path.parents[2] / "tasks" / f"{name}.json"
        if file.is_file():
            for instance in read_json(file)["Instances"][:100]:
                yield instance["input"]


_add_files(
    "gsm8k",
    Download("GSM8K", "https://github.com/openai/grade-school-math", "MIT", "gsm8k"),
    "test.jsonl",
    lambda path: _jsonl(path, "question"),
)
_add_files(
    "mgsm",
    Download("MGSM", "https://github.com/google-research/url-nlp (folder mgsm)", "CC BY 4.0", "mgsm"),
    "mgsm_en.tsv",
    _mgsm,
)
_add_files(
    "tydiqa",
    Download("TyDi QA, gold passage", "https://github.com/google-research-datasets/tydiqa", "Apache-2.0", "tydiqa"),
    "tiny_goldp.jsonl",
    lambda path: _jsonl(path, "context", "question"),
)
_add_files(
    "truthfulqa",
    Download("TruthfulQA", "https://github.com/sylinrl/TruthfulQA", "Apache-2.0", "truthfulqa"),
    "TruthfulQA.csv",
    _truthfulqa,
)
_add_files(
    "niv2_test",
    Download(
        "Super-NaturalInstructions",
        "https://github.com/allenai/natural-instructions",
        "Apache-2.0; each task states its own",
        "natural_instructions_v2",
    ),
    "splits/default/test_tasks.txt",
    _niv2_test,
)
