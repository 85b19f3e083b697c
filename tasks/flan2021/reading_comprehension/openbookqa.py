"""OpenBookQA: elementary science, each question with the fact that helps (Mihaylov et al. 2018)."""

import re
from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, choices, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_tsv

TEMPLATES = (
    Template("{question}\n{options}"),
    Template("Question: {question}\n{options}\nAnswer:"),
    Template("Choose the best way to answer or to complete this.\n\n{question}\n{options}", needs_options=True),
    Template("With what you know about the world, decide: {question}\n{options}"),
    Template(
        "A quiz about elementary science says:\n{question}\n{options}\n\nWhich choice is right?", needs_options=True
    ),
    Template("What fits best?\n{question}\n{options}"),
    Template("{question}\n{options}\n\nPick one of the options above.", needs_options=True),
    Template("Write a question, or a sentence to be completed. Its solution: {answer}", targets="{question}"),
    Template(
        "{answer}\n\nThat is the right choice in a science quiz. What is the quiz question?", targets="{question}"
    ),
    Template("Invent the stem of a multiple-choice question. The right choice: {answer}", targets="{question}"),
)
LETTERS = "ABCD"


def _fields(row: Row) -> Mapping[str, Any] | None:
    if not 0 <= row["answerKey"] < len(LETTERS):
        return None
    asked = row["question"]
    texts = [asked[f"choice_{letter}"] for letter in LETTERS]
    return {"question": asked["stem"], **choices(*texts, answer=row["answerKey"])}


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = re.fullmatch(r"\(A\) (.*?) \(B\) (.*?) \(C\) (.*?) \(D\) (.*)", record["Choices"].strip())
    if found is None:
        raise ValueError("the choices are not (A) to (D)")
    asked = {f"choice_{letter}": text for letter, text in zip(LETTERS, found.groups(), strict=True)}
    return [
        {
            "question": {"stem": record["Question Stem"], **asked},
            "answerKey": label_position(record, "Answer Key", LETTERS),
        }
    ]


register(
    Dataset(
        name="openbookqa",
        cluster="reading_comprehension",
        tfds="openbookqa:0.1.0",
        licence="Apache-2.0",
        train="train",
        validation="validation[:200]",
        test="test",
        features=(
            "question/stem",
            "question/choice_A",
            "question/choice_B",
            "question/choice_C",
            "question/choice_D",
            "answerKey",
        ),
        fields=_fields,
        makes=("question", "answer", "options"),
        num_options=4,
        templates=TEMPLATES,
        sample=Sample(
            train=("openbookqa/train.tsv",),
            validation=("openbookqa/dev.tsv",),
            test=("openbookqa/test.tsv",),
            read=read_tsv,
            convert=_convert,
            licence="Apache-2.0",
            note="1,000 training rows and the published development and test sets",
        ),
    )
)
