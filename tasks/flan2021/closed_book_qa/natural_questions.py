"""Natural Questions, open: what people asked a search engine, without a text to look in (Kwiatkowski et al. 2019)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import CLOSED_BOOK, Dataset, register

TEMPLATES = (
    Template("Question: {question}?\nAnswer:"),
    Template("{question}?"),
    Template("Answer in a few words: {question}?"),
    Template('Somebody typed this into a search engine: "{question}". What were they looking for?'),
    Template("Please tell me this: {question}?"),
    Template("I would like to know the following.\n\n{question}?\n\nWhat is the answer?"),
    Template("From your memory, without looking it up: {question}?"),
    Template("Give the short answer to a question of general knowledge.\nQ: {question}?\nA:"),
    Template('What question might one ask if the answer is "{answer}"?', targets="{question}"),
    Template("Write a search query whose result would be: {answer}", targets="{question}"),
)


def _fields(row: Row) -> Mapping[str, Any]:
    answers = tuple(row["answer"])
    return {"question": row["question"].rstrip("? "), "answer": answers[0], "references": answers[1:]}


register(
    Dataset(
        name="natural_questions",
        cluster="closed_book_qa",
        tfds="natural_questions_open:1.0.0",
        licence="CC BY-SA 3.0",
        train="train[:30000]",
        features=("question", "answer"),
        fields=_fields,
        makes=("question", "answer", "references"),
        metrics=CLOSED_BOOK,
        templates=TEMPLATES,
    )
)
