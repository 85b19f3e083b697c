"""PIQA: which of two ways reaches a physical goal? (Bisk et al. 2020)"""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, choices, register
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl

TEMPLATES = (
    Template("Goal: {goal}\n\nWhich of the two ways works?\n{options}", needs_options=True),
    Template("{goal}\n{options}\n\nChoose the solution that makes sense in the physical world.", needs_options=True),
    Template('A friend asks: "{goal}" What would you advise?\n{options}'),
    Template(
        "Here is something to be done: {goal}\nOne of the methods is wrong. Give the right one.\n{options}",
        needs_options=True,
    ),
    Template("What is the better way to do this?\n{goal}\n{options}\nAnswer:"),
    Template("How to: {goal}\n{options}"),
    Template(
        "Think about how things behave, then pick the instruction that would succeed.\n\n{goal}\n{options}",
        needs_options=True,
    ),
    Template('What does a household magazine say in a tip with the following title?\n"{goal}"\n{options}'),
    Template("These are the instructions:\n{answer}\n\nWhat are they good for?", targets="{goal}"),
    Template("Write the question or the goal that the following tip belongs to.\n\nTip: {answer}", targets="{goal}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if row["label"] not in (0, 1):
        return None
    return {"goal": row["goal"], **choices(row["sol1"], row["sol2"], answer=row["label"])}


register(
    Dataset(
        name="piqa",
        cluster="commonsense",
        tfds="piqa:1.0.0",
        licence="AFL 3.0",
        train="train[:-100]",
        validation="train[-100:]",
        features=("goal", "sol1", "sol2", "label"),
        fields=_fields,
        makes=("goal", "answer", "options"),
        num_options=2,
        templates=TEMPLATES,
        sample=Sample(
            train=("piqa/valid.jsonl",),
            read=read_jsonl,
            convert=lambda record: [record],
            licence="none stated (AFL 3.0 upstream)",
            note="1,000 rows of the published validation set, which stand in for all splits",
        ),
    )
)
