"""STS-B: how close are two sentences in meaning, from 0 to 5? (Cer et al. 2017, as in GLUE); rounded to whole
numbers."""

import functools
from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import ORDERED_FIELD, Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_tsv
from flan_jax.tasks.flan2021.superglue import GLUE_LICENCE

TEMPLATES = (
    Template(
        "{sentence1}\n{sentence2}\n\nHow similar are they in meaning, from 0 (not at all) to 5 (equal)?\n{options}"
    ),
    Template('On a scale from 0 to 5, how close is "{sentence1}" to "{sentence2}"?\n{options}'),
    Template("Sentence A: {sentence1}\nSentence B: {sentence2}\nSimilarity, 5 being the same meaning:\n{options}"),
    Template(
        "Give 0 points for unrelated sentences and 5 for equivalent ones.\n- {sentence1}\n- "
        "{sentence2}\n{options}\nPoints:"
    ),
    Template("Grade how much of the meaning the sentences share (0 to 5).\n\n{sentence1}\n\n{sentence2}\n{options}"),
    Template("First: {sentence1}\nSecond: {sentence2}\n\nWhich number from 0, unlike, to 5, alike, fits?\n{options}"),
    Template('Rate the likeness of two captions between 0 and 5.\n"{sentence1}"\n"{sentence2}"\n{options}'),
    Template(
        "Do these mean the same? 5 is yes, 0 is no, and there are steps between.\n{sentence1}\n{sentence2}\n{options}"
    ),
    Template(
        "Write a sentence whose similarity to the given one is {answer} on a scale from 0 to 5.\n\nGiven: {sentence1}",
        targets="{sentence2}",
    ),
    Template(
        "Two sentences were rated {answer} out of 5 for closeness in meaning. One is: {sentence2}\nWhat is the other?",
        targets="{sentence1}",
    ),
)
OPTIONS = ("0", "1", "2", "3", "4", "5")


def _fields(row: Row) -> Mapping[str, Any] | None:
    if not 0 <= row["label"] <= 5:
        return None
    return {
        "sentence1": row["sentence1"],
        "sentence2": row["sentence2"],
        "answer": OPTIONS[int(row["label"] + 0.5)],
        "options": OPTIONS,
        ORDERED_FIELD: True,
    }


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**record, "label": float(record["label"])}]


register(
    Dataset(
        name="stsb",
        cluster="paraphrase",
        tfds="glue/stsb:2.0.0",
        licence=GLUE_LICENCE,
        train="train[:-100]",
        validation="train[-100:]",
        features=("sentence1", "sentence2", "label"),
        fields=_fields,
        makes=("sentence1", "sentence2", "answer", "options"),
        num_options=6,
        templates=TEMPLATES,
        sample=Sample(
            train=("stsb/semeval_2014_images.test.tsv", "stsb/semeval2012_MSRpar.test.tsv"),
            test=("stsb/semeval_2014_headlines.test.tsv",),
            read=functools.partial(read_tsv, columns=("label", "sentence1", "sentence2")),
            convert=_convert,
            licence="SemEval terms",
            note="SemEval pairs that STS-B was selected from, not its own splits: images and MSRpar to train, "
            "headlines to test",
        ),
    )
)
