"""WiC: has a word the same meaning in two sentences? (Pilehvar and Camacho-Collados 2019, as in SuperGLUE)"""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_jsonl
from flan_jax.tasks.flan2021.superglue import LICENCE

TEMPLATES = (
    Template('{sentence1}\n{sentence2}\n\nIn these two sentences, the word "{word}" has\n{options}'),
    Template('Has "{word}" one meaning or two here?\n1. {sentence1}\n2. {sentence2}\n{options}'),
    Template("Word: {word}\nFirst use: {sentence1}\nSecond use: {sentence2}\nCompare the meanings.\n{options}"),
    Template('Would a dictionary list both uses of "{word}" under one sense?\n- {sentence1}\n- {sentence2}\n{options}'),
    Template('What do you find if you look at "{word}" here and there?\n"{sentence1}"\n"{sentence2}"\n{options}'),
    Template('Words can have several senses. Is "{word}" used in one sense only?\n{sentence1}\n{sentence2}\n{options}'),
    Template(
        "{word}:\n(a) {sentence1}\n(b) {sentence2}\n\nHow do the senses in (a) and (b) relate?\n{options}\nAnswer:"
    ),
    Template('A translator wonders if "{word}" is the same in both lines.\n{sentence1}\n{sentence2}\n{options}'),
    Template('Decide about the sense of "{word}".\nHere: {sentence1}\nThere: {sentence2}\n{options}'),
    Template('The word "{word}" occurs twice. Complete: "It is used with ..."\n\n{sentence1}\n{sentence2}\n{options}'),
)


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    word, first, second = record["sentence"].removeprefix("word: ").split("\n")
    label = label_position(record, "label", ("False", "True"))
    return [{"word": word, "sentence1": first, "sentence2": second, "label": label}]


register(
    Dataset(
        name="wic",
        cluster="misc",
        tfds="super_glue/wic:1.0.2",
        licence=LICENCE,
        features=("word", "sentence1", "sentence2", "label"),
        labels=(("False", "different meanings"), ("True", "the same meaning")),
        templates=TEMPLATES,
        sample=Sample(
            train=("wic/olora_train_sample.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="MIT repository; data under SuperGLUE's terms",
            note="400 training rows",
        ),
    )
)
