"""ARC, easy and challenge: science questions from school tests (Clark et al. 2018)."""

import re
from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, choices, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_jsonl

TEMPLATES = (
    Template("{question}\n{options}"),
    Template("Science test.\nQuestion: {question}\n{options}\nAnswer:"),
    Template("Which answer is correct?\n\n{question}\n{options}", needs_options=True),
    Template('A teacher asks the class: "{question}" What should the pupils reply?\n{options}'),
    Template("Solve this question from a school exam.\n{question}\n{options}"),
    Template("What you know about nature will help you here. {question}\n{options}"),
    Template("{question}\n{options}\n\nGive the one answer that is right.", needs_options=True),
    Template("Write a question for a science test. Its answer is to be: {answer}", targets="{question}"),
    Template("Solution: {answer}\n\nWhat may have been the exam question?", targets="{question}"),
    Template(
        "Invent a question about science that is answered correctly by the following.\n\n{answer}",
        targets="{question}",
    ),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    labels, texts = row["choices"]["label"], row["choices"]["text"]
    if row["answerKey"] not in labels:
        return None
    return {"question": row["question"], **choices(*texts, answer=labels.index(row["answerKey"]))}


def _from_native(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    pairs = record["question"]["choices"]
    # The letters as TFDS numbers them; the publisher's files sometimes have digits instead.
    numbers = [_number(pair, "label") for pair in pairs]
    answer = _number(record, "answerKey")
    texts = [pair["text"] for pair in pairs]
    return [{"question": record["question"]["stem"], "choices": {"label": numbers, "text": texts}, "answerKey": answer}]


def _number(record: Mapping[str, Any], field: str) -> int:
    labels = "12345" if str(record[field]).isdigit() else "ABCDE"
    return label_position(record, field, labels)


def _from_prompt(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = re.search(r"to the question: (.*)\n\n(Answer1: .*)\n\nAnswer format", record["instruction"], re.S)
    if found is None:
        raise ValueError("the instruction has no question with answers")
    texts = [part.strip() for part in re.split(r"\s*Answer\d: ", found[2])[1:]]
    answer = label_position(record, "answer", [f"answer{number}" for number in range(1, len(texts) + 1)])
    choices_row = {"label": list(range(len(texts))), "text": texts}
    return [{"question": found[1].strip(), "choices": choices_row, "answerKey": answer}]


def _arc(name: str, builder: str, sample: Sample) -> Dataset:
    return Dataset(
        name=name,
        paper_name="arc",
        cluster="closed_book_qa",
        tfds=f"{builder}:1.0.0",
        licence="CC BY-SA 4.0",
        test="test",
        features=("question", "choices/label", "choices/text", "answerKey"),
        fields=_fields,
        makes=("question", "answer", "options"),
        num_options=4,
        templates=TEMPLATES,
        sample=sample,
    )


register(
    _arc(
        "arc_challenge",
        "ai2_arc/ARC-Challenge",
        Sample(
            train=("arc-challenge/ARC-Challenge-Dev.jsonl",),
            test=("arc-challenge/ARC-Challenge-Test_sample.jsonl",),
            read=read_jsonl,
            convert=_from_native,
            licence="CC BY-SA 4.0 upstream",
            note="the published development set to train on, 400 published test questions to test",
        ),
    ),
    _arc(
        "arc_easy",
        "ai2_arc/ARC-Easy",
        Sample(
            train=("arc-easy/llm_adapters_train_sample.jsonl",),
            test=("arc-easy/llm_adapters_test_sample.jsonl",),
            read=read_jsonl,
            convert=_from_prompt,
            licence="ODC-By; data CC BY-SA 4.0",
            note="500 training and 500 test questions, taken back out of prompts",
        ),
    ),
)
