"""COPA: which of two sentences is the cause, or the effect, of a third? (Roemmele et al. 2011, as in SuperGLUE)"""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, choices, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_jsonl
from flan_jax.tasks.flan2021.superglue import LICENCE

TEMPLATES = (
    Template("{premise}\n\nWhich of these is the {relation}?\n{options}", needs_options=True),
    Template("{premise} {connective}...\n{options}"),
    Template("Event: {premise}\n\nName the likelier {relation} of this event.\n{options}\nAnswer:"),
    Template("Here is something that happened: {premise}\n\n{question}\n{options}"),
    Template("Find the sentence that tells the {relation} of the following.\n\n{premise}\n{options}"),
    Template("{question} Choose the better reply.\n{premise}\n{options}", needs_options=True),
    Template("Complete the pair.\n{relation_heading} of: {premise}\n{options}"),
    Template("Use common sense. {premise} What is the most plausible {relation}?\n{options}"),
    Template(
        "Write a sentence whose {relation} is this: {answer}",
        targets="{premise}",
    ),
    Template(
        "The {relation} of an event was the following.\n{answer}\n\nWhat was the event?",
        targets="{premise}",
    ),
)
ASKED = {
    "cause": ("What brought this about?", "This happened because"),
    "effect": ("What happened next?", "Because of that"),
}


def _fields(row: Row) -> Mapping[str, Any]:
    relation = row["question"]
    question, connective = ASKED[relation]
    return {
        "premise": row["premise"],
        "relation": relation,
        "relation_heading": relation.capitalize(),
        "question": question,
        "connective": connective,
        **choices(row["choice1"], row["choice2"], answer=row["label"]),
    }


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    head, first, second = record["sentence"].rsplit("\n", 2)
    premise = head[head.index('"') + 1 : head.rindex('"')]
    question = "cause" if head.startswith("Which sentence is the cause") else "effect"
    choice1, choice2 = first.removeprefix("A: "), second.removeprefix("B: ")
    label = label_position(record, "label", "AB")
    return [{"premise": premise, "question": question, "choice1": choice1, "choice2": choice2, "label": label}]


register(
    Dataset(
        name="copa",
        cluster="commonsense",
        tfds="super_glue/copa:1.0.2",
        licence=LICENCE,
        train="train[:-50]",
        validation="train[-50:]",
        features=("premise", "question", "choice1", "choice2", "label"),
        fields=_fields,
        makes=("premise", "relation", "relation_heading", "question", "connective", "answer", "options"),
        plain=("premise", "connective"),
        num_options=2,
        templates=TEMPLATES,
        sample=Sample(
            train=("copa/olora_train_sample.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="MIT repository; data under SuperGLUE's terms",
            note="400 training rows, joined in one text by their source and taken apart here",
        ),
    )
)
