"""AddSub (Hosseini et al. 2014), SingleEq and MAWPS (Koncel-Kedziorski et al. 2015, 2016): one-step word problems."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from flan_jax.declare.benchmark import Benchmark, Question, Subtask, add_benchmark
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval import mgsm
from flan_jax.tasks.eval.files import read_json, row_error, text_field
from flan_jax.tasks.eval.gsm8k import WORD_PROBLEM_FORMATS

_KOJIMA = "https://github.com/kojima-takeshi188/zero_shot_cot (folder dataset, {}, as reasoning_evals/{})"
_LICENCE = "none stated"
# Benchmark name: its title and paper, the file, where it is published, the fields of question and answer, questions.
_SETS: dict[str, tuple[str, str, str, str, str, str, int]] = {
    "addsub": (
        "AddSub",
        "Hosseini et al. 2014",
        "addsub.json",
        _KOJIMA.format("AddSub/AddSub.json", "addsub.json"),
        "sQuestion",
        "lSolutions",
        395,
    ),
    "singleeq": (
        "SingleEq",
        "Koncel-Kedziorski et al. 2015",
        "singleeq.json",
        _KOJIMA.format("SingleEq/questions.json", "singleeq.json"),
        "sQuestion",
        "lSolutions",
        508,
    ),
    "mawps": (
        "MAWPS",
        "Koncel-Kedziorski et al. 2016",
        "mawps_validset.json",
        "https://github.com/AGI-Edgerunners/LLM-Adapters (the MAWPS validation set, as reasoning_evals/"
        "mawps_validset.json)",
        "original_text",
        "ans",
        237,
    ),
}

__all__ = ["ARITHMETIC"]


def _read(
    data: Download, file: str, question_field: str, answer_field: str, subtask: str, split: str
) -> Sequence[Question]:
    path = data.require(file)
    rows = read_json(path)
    if not isinstance(rows, list):
        raise row_error(path, 1, "not a JSON list")
    questions = []
    for number, row in enumerate(rows):
        text = text_field(path, 1, row, question_field).strip()
        try:
            questions.append(Question(str(number), text, (_number(row.get(answer_field)),)))
        except ValueError as error:
            raise row_error(path, 1, f"entry {number}, {answer_field}: {error}") from error
    return tuple(questions)


def _number(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is not one number")
    return mgsm.number_text(value if isinstance(value, str) else format(value, ".15g"))


def _benchmark(name: str) -> Benchmark:
    title, paper, file, url, question_field, answer_field, size = _SETS[name]
    data = Download(title, url, _LICENCE, "reasoning_evals")
    return Benchmark(
        name=name,
        title=title,
        paper=paper,
        downloads=(data, mgsm.DATA),
        read=functools.partial(_read, data, file, question_field, answer_field),
        subtasks=(Subtask(name, num_published={"test": size}),),
        splits=("test",),
        formats=WORD_PROBLEM_FORMATS,
        note="Answers that are not whole have to be given as decimals, as exact as the reference.",
        tags=("reasoning", "arithmetic"),
    )


ARITHMETIC = tuple(add_benchmark(_benchmark(name)) for name in _SETS)
