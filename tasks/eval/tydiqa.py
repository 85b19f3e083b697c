"""TyDiQA-GoldP (Clark et al. 2020): reading comprehension in eight languages other than English."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import (
    Benchmark,
    Prompt,
    PromptBuilder,
    Question,
    Subtask,
    add_benchmark,
)
from flan_jax.declare.exemplars import first_others
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval.files import read_json, read_jsonl, row_error, text_field
from flan_jax.tasks.eval.formats import short_answer, zero_shot, zero_shot_cot
from flan_jax.tasks.eval.prompts import THEREFORE
from flan_jax.tasks.eval.published import per_language, table_4, table_5

DATA = Download(
    "TyDiQA-GoldP",
    "https://storage.googleapis.com/tydiqa/v1.1/tydiqa-goldp-v1.1-{dev,train}.json",
    "Apache-2.0",
    "tydiqa",
)
LANGUAGES = {
    "ar": "arabic",
    "bn": "bengali",
    "fi": "finnish",
    "id": "indonesian",
    "ko": "korean",
    "ru": "russian",
    "sw": "swahili",
    "te": "telugu",
}
_DEV_SIZES = {"ar": 921, "bn": 113, "fi": 782, "id": 565, "ko": 276, "ru": 812, "sw": 499, "te": 669}
_FILES = {
    "dev": "tydiqa-goldp-v1.1-dev.json",
    "train": "tydiqa-goldp-v1.1-train.json",
    "tiny": "tiny_goldp.jsonl",
}
_SOURCE = "Chung et al. 2022, table 18"
_TABLE_18 = {
    "Flan-T5-Small 80M": (0.2, 0.0, 0.9, 3.0, 0.0, 0.6, 3.8, 0.1),
    "Flan-T5-Base 250M": (0.0, 0.0, 11.0, 9.7, 0.0, 3.9, 7.8, 0.0),
    "Flan-T5-Large 780M": (0.0, 0.0, 37.5, 27.3, 0.4, 14.3, 18.8, 0.1),
    "Flan-T5-XL 3B": (0.1, 0.0, 46.8, 50.3, 0.4, 17.5, 14.8, 2.7),
    "Flan-T5-XXL 11B": (0.4, 0.0, 43.7, 56.8, 0.0, 17.6, 32.7, 1.0),
    "Flan-PaLM 8B": (48.6, 35.4, 61.4, 57.3, 51.1, 45.8, 51.1, 29.3),
    "Flan-PaLM 62B": (58.0, 53.1, 65.5, 65.3, 61.2, 47.0, 69.7, 49.6),
    "PaLM 540B": (45.1, 54.9, 51.5, 56.8, 60.5, 38.8, 63.9, 51.9),
    "Flan-PaLM 540B": (63.8, 66.4, 68.7, 75.4, 69.2, 54.3, 78.4, 66.2),
}

__all__ = ["LANGUAGES", "TYDIQA", "TYDIQA_TINY"]


def read(language: str, split: str) -> Sequence[Question]:
    """The questions of one language: of the published SQuAD-style file, or of a file with one question a line.

    A language is told by the id's start ("finnish-…"), as the publisher's evaluation does.
    """
    return tuple(question for name, question in _all(split) if name == LANGUAGES[language])


def _all(split: str) -> Iterator[tuple[str, Question]]:
    path = DATA.require(_FILES[split])
    if path.suffix == ".jsonl":
        for line, row in read_jsonl(path):
            yield _question(path, line, row, text_field(path, line, row, "context"))
        return
    value = read_json(path)
    articles = value.get("data") if isinstance(value, dict) else None
    if not isinstance(articles, list):
        raise row_error(path, 1, "no list 'data' of articles, as SQuAD has it")
    for article in articles:
        for paragraph in article.get("paragraphs", ()) if isinstance(article, dict) else ():
            context = text_field(path, 1, paragraph, "context")
            for row in paragraph.get("qas", ()):
                yield _question(path, 1, row, context)


def _question(path: Any, line: int, row: Mapping[str, Any], context: str) -> tuple[str, Question]:
    name = text_field(path, line, row, "id")
    answers = row.get("answers")
    if not isinstance(answers, list) or not answers:
        raise row_error(path, line, f"{name} has no list of answers")
    texts = tuple(dict.fromkeys(text_field(path, line, answer, "text").strip() for answer in answers))
    question = Question(
        name, text_field(path, line, row, "question").strip(), texts, fields={"context": context.strip()}
    )
    return name.partition("-")[0], question


def _ask(question: Question) -> Prompt:
    query = f"Passage: {question.fields['context']}\nQuestion: {question.text}\nAnswer:"
    return Prompt("", (), query, question.references)


def _open_direct(language: str, split: str) -> PromptBuilder:
    name = LANGUAGES[language]
    if split == "tiny":  # too few to have one of each language: the exemplar is the next question, of whichever
        pool = [question for _, question in _all(split)]
        followers = {question.id: [*pool[i + 1 :], *pool[:i]] for i, question in enumerate(pool)}
        return lambda question: _prompt(question, followers[question.id], split)
    shots = [question for found, question in _all("train") if found == name]
    if not shots:
        raise TaskError(f"{DATA.path(_FILES['train'])} has no question in {name}. {DATA.line(_FILES['train'])}")
    return lambda question: _prompt(question, shots, "train")


def _prompt(question: Question, shots: Sequence[Question], split: str) -> Prompt:
    query = _ask(question).query
    (shot,) = first_others(query, shots, 1, lambda shot: _ask(shot).query, str(DATA.path(_FILES[split])))
    return dataclasses.replace(_ask(question), exemplars=(f"{_ask(shot).query} {shot.references[0]}\n\n",))


_METRICS = ("squad_exact", "squad_f1")

_FORMATS = (
    short_answer(
        _open_direct,
        "first_line",
        "1-shot: the language's first training question",
        name="direct",
        metrics=_METRICS,
        max_tokens=64,
        num_shots=1,
    ),
    short_answer(
        zero_shot(_ask), "first_line", "passage and question", name="zero_shot", metrics=_METRICS, max_tokens=64
    ),
    zero_shot_cot(
        zero_shot(_ask),
        "first_line",
        THEREFORE,
        metrics=_METRICS,
        stop=("\n\n",),
        max_tokens=192,
        more=", English phrases",
    ),
)
_PUBLISHED = (
    *table_5("tydiqa_direct", "direct", "dev"),
    *table_4("tydiqa", "dev", formats=("direct",)),
    *per_language(tuple(LANGUAGES), _TABLE_18, "direct", "dev", _SOURCE),
)

TYDIQA = add_benchmark(
    Benchmark(
        name="tydiqa",
        title="TyDiQA-GoldP",
        paper="Clark et al. 2020 (2003.05002)",
        downloads=(DATA,),
        read=read,
        subtasks=tuple(Subtask(language, num_published={"dev": _DEV_SIZES[language]}) for language in LANGUAGES),
        splits=("dev",),
        formats=_FORMATS,
        published=_PUBLISHED,
        note="The paper prints no prompt and does not say which exemplar: passage, question, answer, and the first "
        "training question of the language.",
        tags=("multilingual",),
    )
)
TYDIQA_TINY = add_benchmark(
    Benchmark(
        name="tydiqa_tiny",
        title="TyDiQA-GoldP, four questions",
        paper="Clark et al. 2020 (2003.05002)",
        downloads=(DATA,),
        read=read,
        subtasks=tuple(Subtask(language) for language in ("ar", "fi", "id", "te")),
        splits=("tiny",),
        formats=_FORMATS,
        note="Four questions of four languages (tiny_goldp.jsonl, from the publisher's samples), to try the code with; "
        "the exemplar is the next of them, of another language.",
        tags=("multilingual",),
    )
)
