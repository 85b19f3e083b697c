"""DROP: questions that take counting, adding or comparing what a passage says (Dua et al. 2019)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import EXTRACTION, Dataset, register

TEMPLATES = (
    Template("{passage}\n\n{question}"),
    Template("Passage: {passage}\n\nQuestion: {question}\nAnswer:"),
    Template("Work out the answer from the text. You may have to count or calculate.\n\n{passage}\n\n{question}"),
    Template("{question}\n\nEverything you need is here:\n{passage}"),
    Template("Read the report, then answer briefly.\nReport: {passage}\nQuestion: {question}"),
    Template("Here are some facts.\n\n{passage}\n\nGive a number, a date or a few words: {question}"),
    Template("I have a question about this text: {question}\n\nText:\n{passage}"),
    Template("A reading test.\n\n{passage}\n\nTask: {question}\nSolution:"),
    Template(
        'Think of a question about the passage to which the answer is "{answer}".\n\n{passage}', targets="{question}"
    ),
    Template("{passage}\n\nAnswer: {answer}\nWhat was the question?", targets="{question}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if not row["answer"]:
        return None
    answers = dict.fromkeys(text for text in row["validated_answers"] if text and text != row["answer"])
    return {
        "passage": row["passage"].strip(),
        "question": row["question"],
        "answer": row["answer"],
        "references": tuple(answers),
    }


register(
    Dataset(
        name="drop",
        cluster="reading_comprehension",
        tfds="drop:2.0.0",
        licence="CC BY-SA 4.0",
        train="train[:30000]",
        test="dev",
        features=("passage", "question", "answer", "validated_answers"),
        fields=_fields,
        makes=("passage", "question", "answer", "references"),
        left_out="without an answer",
        metrics=EXTRACTION,
        templates=TEMPLATES,
    )
)
