"""SQuAD 1.1 and 2.0: answers that are spans of a passage; in 2.0 some questions have none (Rajpurkar et al. 2016,
2018)."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import EXTRACTION, Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_json

UNANSWERABLE = "unanswerable"

ANSWERABLE_TEMPLATES = (
    Template("{context}\n\n{question}"),
    Template("Article: {title}\n\n{context}\n\nQuestion: {question}\nAnswer:"),
    Template("Answer with words from the passage.\n\nPassage: {context}\n\n{question}"),
    Template("{question}\n\nThe answer is somewhere in this text. Copy it.\n{context}"),
    Template("Find the place in the paragraph that answers the question.\nQuestion: {question}\nParagraph: {context}"),
    Template("Here is an extract from the article on {title}.\n\n{context}\n\nPlease tell me: {question}"),
    Template("Background: {context}\nQ: {question}\nA:"),
    Template('Read the text below, then reply to "{question}" in as few words as you can.\n\n{context}'),
    Template('{context}\n\nMake up a question that this text answers with "{answer}".', targets="{question}"),
    Template(
        'A pupil\'s answer about the paragraph was "{answer}", and it was right. What had the teacher '
        "asked?\n\n{context}",
        targets="{question}",
    ),
)
TEMPLATES = (
    Template('{context}\n\n{question} If the text does not say, answer "unanswerable".'),
    Template("Text: {context}\nQuestion: {question}\nAnswer, or unanswerable:"),
    Template(
        "Can this be answered from the passage? If so, answer; if not, write unanswerable.\n\n{question}\n\n{context}"
    ),
    Template('Some questions are traps: the reply to them is "unanswerable".\n\n{context}\n\nQuestion: {question}'),
    Template("{question}\n\nTake the answer from the paragraph below, word for word, or say unanswerable.\n{context}"),
    Template('About {title}:\n{context}\n\n{question} ("unanswerable" is a possible answer.)'),
    Template(
        "Look for the answer in the extract; where there is none, reply unanswerable.\nExtract: {context}\nQ: "
        "{question}\nA:"
    ),
    Template("{context}\n\nTell me {question_in_quotes}, or tell me that it is unanswerable."),
    Template(
        "Reading exercise. Reply with a phrase of the text or with unanswerable.\n\n{context}\n\nExercise: {question}"
    ),
    Template(
        "Write a question about the passage. Its answer, going by the passage, is: {answer}\n\n{context}",
        targets="{question}",
    ),
)


def _fields(row: Row) -> Mapping[str, Any]:
    answers = tuple(dict.fromkeys(row["answers"]["text"])) or (UNANSWERABLE,)
    return {
        "title": row["title"].replace("_", " "),
        "context": row["context"],
        "question": row["question"].strip(),
        "question_in_quotes": f'"{row["question"].strip()}"',
        "answer": answers[0],
        "references": answers[1:],
    }


def _fields_v1(row: Row) -> Mapping[str, Any] | None:
    return _fields(row) if row["answers"]["text"] else None


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**record, "title": record.get("title", "")}]  # templates that name a title are then passed over


SAMPLE = Sample(
    train=("hf_tests_samples/SQUAD_sample.json",),
    read=read_json,
    convert=_convert,
    licence="Apache-2.0 upstream; data CC BY-SA 4.0",
    note="14 questions of the development set of 2.0, without titles, which stand in for all splits",
)
SAMPLE_V1 = dataclasses.replace(
    SAMPLE,
    convert=lambda record: _convert(record) if record["answers"]["text"] else [],
    note="8 questions of the development set of 2.0 that have an answer, without titles; they stand in for all splits",
)


def _squad(name: str, builder: str, **changes: Any) -> Dataset:
    return Dataset(
        name=name,
        paper_name="squad",
        cluster="reading_comprehension",
        tfds=f"{builder}:3.0.0",
        licence="CC BY-SA 4.0",
        train="train[:30000]",
        features=("title", "context", "question", "answers/text"),
        makes=("title", "context", "question", "question_in_quotes", "answer", "references"),
        plain=("context", "question"),
        metrics=EXTRACTION,
        left_out="without an answer",
        **changes,
    )


register(
    _squad("squad_v1", "squad/v1.1", fields=_fields_v1, templates=ANSWERABLE_TEMPLATES, sample=SAMPLE_V1),
    _squad("squad_v2", "squad/v2.0", fields=_fields, templates=TEMPLATES, sample=SAMPLE),
)
