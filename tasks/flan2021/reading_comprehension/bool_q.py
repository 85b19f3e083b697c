"""BoolQ: yes-or-no questions about a passage of Wikipedia (Clark et al. 2019)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_jsonl

TEMPLATES = (
    Template("{passage}\n\nQuestion: {question}?\n{options}"),
    Template("Read this and answer yes or no.\n\n{passage}\n\n{question}?\n{options}"),
    Template("Question: {question}?\nHelp: {passage}\n{options}\nAnswer:"),
    Template("Article: {title}\n\n{passage}\n\nSomebody asks: {question}? What is the right reply?\n{options}"),
    Template("From the text below, {question}?\n\nText: {passage}\n{options}"),
    Template("{question}? Find out from this passage:\n{passage}\n{options}"),
    Template('Here is a paragraph about {title}:\n{passage}\n\nIs the answer to "{question}?" yes or no?\n{options}'),
    Template("After reading the paragraph, what would you answer?\n\n{passage}\n\nQ: {question}?\n{options}"),
    Template("Settle the question by the evidence.\nEvidence: {passage}\nQuestion: {question}?\n{options}"),
    Template(
        'Write a yes-or-no question about the passage. The passage should answer it with "{answer}".\n\n{passage}',
        targets="{question}?",
    ),
)
OPTIONS = ("no", "yes")


def _fields(row: Row) -> Mapping[str, Any]:
    return {
        "title": row["title"],
        "passage": row["passage"],
        "question": row["question"].rstrip("? "),
        "answer": OPTIONS[int(row["answer"])],
        "options": OPTIONS,
    }


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    head, separator, passage = record["sentence"].removeprefix("question: ").partition("\npassage: ")
    if not separator:
        raise ValueError("no line begins with 'passage: '")
    title = passage.partition(" -- ")[0]
    label = label_position(record, "label", ("False", "True"))
    return [{"title": title, "passage": passage, "question": head, "answer": bool(label)}]


register(
    Dataset(
        name="bool_q",
        cluster="reading_comprehension",
        tfds="bool_q:1.0.0",
        licence="CC BY-SA 3.0",
        features=("title", "passage", "question", "answer"),
        fields=_fields,
        makes=("title", "passage", "question", "answer", "options"),
        plain=("passage", "question"),
        num_options=2,
        templates=TEMPLATES,
        sample=Sample(
            train=("boolq/olora_train_sample.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="MIT repository; data CC BY-SA 3.0",
            note="400 training rows",
        ),
    )
)
