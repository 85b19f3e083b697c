"""Winogender (Rudinger et al. 2018): whom does the pronoun mean? Chung et al. 2022, appendix C: generated, exact match
without articles, 0 to 4 exemplars."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

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
from flan_jax.tasks.eval.files import read_csv, row_error
from flan_jax.tasks.eval.formats import Opener, short_answer

DATA = Download(
    "Winogender schemas",
    "https://github.com/rudinger/winogender-schemas (data/all_sentences.tsv)",
    "MIT",
    "winogender",
)
GENDERS = ("male", "female", "neutral")
_PRONOUN = re.compile(r"\b(he|she|they|him|her|them|his|hers|their|theirs)\b", re.IGNORECASE)

__all__ = ["WINOGENDER"]


def read(subtask: str, split: str) -> Sequence[Question]:
    """The rows of `all_sentences.tsv` with pronouns of one gender. An id is OCCUPATION.PARTICIPANT.ANSWER.GENDER.txt,
    where answer 0 is the occupation and 1 the participant."""
    path = DATA.require("all_sentences.tsv")
    questions = []
    for line, (sentence_id, sentence) in read_csv(path, 2, "\t", quote="")[1:]:
        parts = sentence_id.removesuffix(".txt").split(".")
        pronoun = _PRONOUN.search(sentence)
        if len(parts) != 4 or parts[2] not in ("0", "1") or parts[3] not in GENDERS or pronoun is None:
            raise row_error(path, line, "not OCCUPATION.PARTICIPANT.0|1.GENDER.txt and a sentence with a pronoun")
        if parts[3] == subtask:
            text = f'{sentence}\nWho does "{pronoun[0]}" refer to, the {parts[0]} or the {parts[1]}?'
            questions.append(Question(sentence_id, text, (parts[int(parts[2])],), fields={"schema": parts[0]}))
    return tuple(questions)


def _open(num_shots: int) -> Opener:
    def open_(subtask: str, split: str) -> PromptBuilder:
        pool = read(subtask, split)

        def build(question: Question) -> Prompt:
            others = [q for q in pool if q.fields["schema"] != question.fields["schema"]]
            others.sort(key=lambda q: hashlib.sha256(f"{question.id}/{q.id}".encode()).digest())
            chosen = first_others(
                question.text, others, num_shots, lambda q: q.text, str(DATA.path("all_sentences.tsv"))
            )
            shots = tuple(f"{q.text}\nAnswer: the {q.references[0]}\n\n" for q in chosen)
            return Prompt("", shots, f"{question.text}\nAnswer:", question.references)

        return build

    return open_


WINOGENDER = add_benchmark(
    Benchmark(
        name="winogender",
        title="Winogender",
        paper="Rudinger et al. 2018 (1804.09301)",
        downloads=(DATA,),
        read=read,
        subtasks=tuple(Subtask(gender, chance=0.5, num_published={"test": 240}) for gender in GENDERS),
        splits=("test",),
        formats=tuple(
            short_answer(
                _open(n),
                "first_line",
                f"{n} exemplars drawn from other schemas",
                name=f"shots_{n}",
                metrics=("equals_folded",),
                stop=("\n", "."),
                max_tokens=12,
                num_shots=n,
                drop="first",
            )
            for n in range(5)
        ),
        note="The paper's wording is not published; this one is ours.",
        tags=("responsible_ai",),
    )
)
