"""Cosmos QA: what a personal story implies without saying it (Huang et al. 2019)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, choices, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_jsonl

TEMPLATES = (
    Template("{context}\n\n{question}\n{options}"),
    Template("Story: {context}\nQuestion: {question}\n{options}\nAnswer:"),
    Template("Read between the lines of this story.\n\n{context}\n\n{question}\n{options}"),
    Template("{question}\n\nThe following was told by the person in question.\n{context}\n{options}"),
    Template('Somebody writes in a blog: "{context}"\n\nNow tell me: {question}\n{options}'),
    Template("The answer is not said, but it can be guessed.\n{context}\n{question}\n{options}"),
    Template('Context: {context}\n\nWhich of the options answers "{question}" best?\n{options}', needs_options=True),
    Template("Use the story and common sense.\n{context}\n\nQ: {question}\n{options}"),
    Template("{context}\n\nAsk something about this story that is answered by: {answer}", targets="{question}"),
    Template(
        "Question: {question}\nAnswer: {answer}\n\nWrite a little story to which this question and answer fit.",
        targets="{context}",
    ),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if not 0 <= row["label"] <= 3:
        return None
    answers = [row[f"answer{i}"] for i in range(4)]
    return {"context": row["context"], "question": row["question"], **choices(*answers, answer=row["label"])}


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    label = label_position(record, "answer", [record[f"answer{i}"] for i in range(4)])
    return [{**record, "label": label}]


register(
    Dataset(
        name="cosmos_qa",
        cluster="reading_comprehension_with_commonsense",
        tfds="cosmos_qa:1.0.0",
        licence="CC BY 4.0",
        features=("context", "question", "answer0", "answer1", "answer2", "answer3", "label"),
        fields=_fields,
        makes=("context", "question", "answer", "options"),
        num_options=4,
        templates=TEMPLATES,
        sample=Sample(
            train=("cosmos_qa/p3_recovered.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="Apache-2.0 repository; data CC BY 4.0",
            note="200 rows taken back out of prompts",
        ),
    )
)
