"""TriviaQA: questions of quiz lovers, without the texts found for them (Joshi et al. 2017)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import CLOSED_BOOK, Dataset, register

TEMPLATES = (
    Template("{question}"),
    Template("Quiz question: {question}\nAnswer:"),
    Template("Here is some trivia for you. {question}"),
    Template('At a pub quiz the host reads out: "{question}" What do you write down?'),
    Template("Answer this question with a name, a place, a number or another short phrase.\n\n{question}"),
    Template("Do you know it? {question}"),
    Template("Please answer from general knowledge.\nQuestion: {question}"),
    Template("{question}\n\nThe answer is short. What is it?"),
    Template('Write a trivia question with the answer "{answer}".', targets="{question}"),
    Template('In a game show the right reply was "{answer}". What had been asked?', targets="{question}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    answer = row["answer"]["value"]
    if not answer or answer == "<unk>":
        return None  # the test split is published without answers
    return {
        "question": row["question"],
        "answer": answer,
        "references": tuple(alias for alias in row["answer"]["aliases"] if alias != answer),
    }


register(
    Dataset(
        name="trivia_qa",
        cluster="closed_book_qa",
        tfds="trivia_qa/rc:1.1.0",
        licence="Apache-2.0 (questions; the texts under their own terms)",
        train="train[:30000]",
        features=("question", "answer/value", "answer/aliases"),
        fields=_fields,
        makes=("question", "answer", "references"),
        left_out="without an answer",
        metrics=CLOSED_BOOK,
        templates=TEMPLATES,
    )
)
