"""Adversarial NLI, rounds 1 to 3: claims written to mislead a model (Nie et al. 2020)."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_jsonl

TEMPLATES = (
    Template("{context}\n\nGoing by the passage, is this true? {hypothesis}\n{options}"),
    Template("Passage:\n{context}\n\nStatement:\n{hypothesis}\n\nDoes the passage back up the statement?\n{options}"),
    Template("Statement: {hypothesis}\n\nUse only the following passage to judge it.\n{context}\n{options}\nVerdict:"),
    Template(
        "You are checking facts. Your only source is this: {context}\n\nThe line to check: {hypothesis}\n\nIs the line "
        "correct?\n{options}"
    ),
    Template("Suppose all of this holds:\n{context}\n\nMust this also hold? {hypothesis}\n{options}"),
    Template(
        "Would someone who trusts the text agree with the claim?\nText: {context}\nClaim: {hypothesis}\n{options}"
    ),
    Template(
        "Beware of tricky wording. Is the second text implied by the first?\n(1) {context}\n(2) {hypothesis}\n{options}"
    ),
    Template('{context}\n\n"{hypothesis}" - right, according to the paragraph?\n{options}'),
    Template(
        "Can we conclude the claim from the background?\n\nBackground: {context}\n\nClaim: {hypothesis}\n{options}"
    ),
    Template(
        "Write a claim about the passage below for a quiz. To the question whether the claim is true, the solution "
        "must "
        "be: {answer}\n\nPassage: {context}",
        targets="{hypothesis}",
    ),
)
LABELS = ("e", "n", "c")


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "context": record["context"],
            "hypothesis": record["hypothesis"],
            "label": label_position(record, "label", LABELS),
        }
    ]


def _round(number: int) -> Dataset:
    return Dataset(
        name=f"anli_r{number}",
        paper_name="anli",
        cluster="natural_language_inference",
        tfds=f"anli/r{number}:0.1.0",
        licence="CC BY-NC 4.0",
        train="train[:30000]",
        validation="validation[:200]",
        test="test",
        features=("context", "hypothesis", "label"),
        labels=(("e", "Yes"), ("n", "It's impossible to say"), ("c", "No")),
        templates=TEMPLATES,
        sample=Sample(
            train=(f"anli/r{number}_dev.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="CC BY-NC 4.0",
            note="500 rows of the published development set, which stand in for all splits",
        ),
    )


register(dataclasses.replace(_round(1), train="train"), _round(2), _round(3))
