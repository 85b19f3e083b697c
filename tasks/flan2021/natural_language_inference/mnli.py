"""MultiNLI, judged on genres that training has (matched) and on others (mismatched) (Williams et al. 2018)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_jsonl

TEMPLATES = (
    Template("First sentence: {premise}\nSecond sentence: {hypothesis}\n\nDoes the first imply the second?\n{options}"),
    Template("Assume that this is so: {premise}\n\nIs this then so, too? {hypothesis}\n{options}"),
    Template("{premise}\n\nIf that is right, is it right to say this? {hypothesis}\n{options}"),
    Template("Premise: {premise}\nHypothesis: {hypothesis}\nIs the hypothesis true, given the premise?\n{options}"),
    Template("Somebody says: {premise}\nSomebody else replies: {hypothesis}\nIs the reply justified?\n{options}"),
    Template(
        'How would you answer "Is this true? {hypothesis}" if the following were all you knew?\n\n{premise}\n{options}'
    ),
    Template("{hypothesis}\n\nDoes this hold in every situation described by the line below?\n{premise}\n{options}"),
    Template(
        "Mark the relation of the conclusion to the given line.\nGiven: {premise}\nConclusion: "
        "{hypothesis}\n{options}\n"
        "Is the conclusion warranted?"
    ),
    Template('I have read the following.\n\n"{premise}"\n\nMay I conclude this?\n\n"{hypothesis}"\n{options}'),
    Template(
        'Write a sentence for which the answer to "Does it follow from the given sentence?" is "{answer}".\n\nGiven '
        "sentence: {premise}",
        targets="{hypothesis}",
    ),
)
NAMES = ("entailment", "neutral", "contradiction")


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    premise, separator, hypothesis = record["sentence"].removeprefix("sentence 1: ").rpartition("\nsentence 2: ")
    if not separator:
        raise ValueError("no line begins with 'sentence 2: '")
    return [{"premise": premise, "hypothesis": hypothesis, "label": label_position(record, "label", NAMES)}]


def _genres(kind: str) -> Dataset:
    return Dataset(
        name=f"mnli_{kind}",
        paper_name="mnli",
        cluster="natural_language_inference",
        tfds="glue/mnli:2.0.0",
        licence="OANC, CC BY-SA 3.0 and CC BY 3.0, by genre",
        train="train[:30000]",
        test=f"validation_{kind}",
        features=("premise", "hypothesis", "label"),
        labels=(("entailment", "yes"), ("neutral", "it is not possible to tell"), ("contradiction", "no")),
        templates=TEMPLATES,
        sample=Sample(
            train=("mnli/olora_train_sample.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="MIT repository; data as MultiNLI",
            note="400 training pairs, genres not told apart",
        ),
    )


register(_genres("matched"), _genres("mismatched"))
