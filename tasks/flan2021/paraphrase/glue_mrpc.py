"""MRPC: pairs of sentences from the news (Dolan and Brockett 2005, as in GLUE)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_tsv, whole_number
from flan_jax.tasks.flan2021.superglue import GLUE_LICENCE

TEMPLATES = (
    Template("Sentence 1: {sentence1}\nSentence 2: {sentence2}\n\nDo they say the same?\n{options}"),
    Template("{sentence1}\n{sentence2}\n\nAre the two lines paraphrases of each other?\n{options}"),
    Template("Two newspapers report.\nFirst: {sentence1}\nSecond: {sentence2}\nIs the content equal?\n{options}"),
    Template('Can "{sentence1}" be replaced by "{sentence2}" without a change of meaning?\n{options}\nAnswer:'),
    Template("Compare the meanings.\nA: {sentence1}\nB: {sentence2}\nDo A and B mean the same thing?\n{options}"),
    Template("Here is a sentence: {sentence1}\n\nDoes the following one restate it?\n{sentence2}\n{options}"),
    Template("Would a reader learn the same from either of these?\n(a) {sentence1}\n(b) {sentence2}\n{options}"),
    Template("Original: {sentence1}\nRewrite: {sentence2}\nIs the rewrite faithful?\n{options}"),
    Template("Tell whether the sentences are equivalent.\n\n{sentence1}\n\n{sentence2}\n{options}"),
    Template("An editor wants to delete doubles. Are these two doubles?\n- {sentence1}\n- {sentence2}\n{options}"),
)


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"sentence1": record["#1 String"], "sentence2": record["#2 String"], "label": whole_number(record, "Quality")}
    ]


register(
    Dataset(
        name="glue_mrpc",
        cluster="paraphrase",
        tfds="glue/mrpc:2.0.0",
        licence=GLUE_LICENCE,
        features=("sentence1", "sentence2", "label"),
        labels=(("not_equivalent", "no"), ("equivalent", "yes")),
        templates=TEMPLATES,
        sample=Sample(
            train=("mrpc/msr-para-val.tsv",),
            test=("mrpc/msr-para-test.tsv",),
            read=read_tsv,
            convert=_convert,
            licence="MSR research licence (LICENCE.html beside the files)",
            note="500 pairs held out of training by their source, and the published test pairs",
        ),
    )
)
