"""TREC: what kind of answer does a question ask for? (Li and Roth 2002)"""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_lines

TEMPLATES = (
    Template("Question: {text}\n\nOf what kind is the answer to it?\n{options}"),
    Template('What does "{text}" ask for?\n{options}'),
    Template("Sort this question by the type of thing that would answer it.\n{text}\n{options}"),
    Template("{text}\n\nIf I answered, what would my answer name or give?\n{options}"),
    Template("Classify the question below.\n\n{text}\n{options}\nClass:"),
    Template("A question-answering system has to know what it is looking for. What is it here?\n{text}\n{options}"),
    Template('Which category does this belong to?\n"{text}"\n{options}'),
    Template("Someone wants to know: {text} They expect to hear about a certain kind of thing. Which?\n{options}"),
    Template("Type of the expected answer?\nQ: {text}\n{options}"),
    Template("Write a question whose answer is of this kind: {answer}", targets="{text}"),
)
LABELS = (
    ("DESC", "description"),
    ("ENTY", "entity"),
    ("ABBR", "abbreviation"),
    ("HUM", "human"),
    ("NUM", "numeric"),
    ("LOC", "location"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if not 0 <= row["label-coarse"] < len(LABELS):
        return None
    options = tuple(word for _, word in LABELS)
    text = row["text"].removesuffix(" ?").strip()
    return {
        "text": text + "?" if text != row["text"].strip() else text,
        "answer": options[row["label-coarse"]],
        "options": options,
    }


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    label, _, text = record["line"].partition(" ")
    coarse = {"label": label.partition(":")[0]}
    return [{"text": text, "label-coarse": label_position(coarse, "label", [name for name, _ in LABELS])}]


register(
    Dataset(
        name="trec",
        cluster="misc",
        tfds="trec:1.0.0",
        licence="terms of the source (cogcomp.seas.upenn.edu/Data/QA/QC)",
        test="test",
        features=("text", "label-coarse"),
        label="label-coarse",
        labels=LABELS,
        fields=_fields,
        makes=("text",),
        templates=TEMPLATES,
        sample=Sample(
            train=("trec/train.txt",),
            test=("trec/test.txt",),
            read=read_lines,
            convert=_convert,
            licence="Apache-2.0 repository; data as TREC",
            note="1,500 training questions and the published test questions",
        ),
    )
)
