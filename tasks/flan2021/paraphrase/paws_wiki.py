"""PAWS-Wiki: pairs of high word overlap, which mean the same or do not (Zhang et al. 2019)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl, whole_number

TEMPLATES = (
    Template("{sentence1}\n{sentence2}\n\nThe wording is similar, but is the meaning the same?\n{options}"),
    Template("1) {sentence1}\n2) {sentence2}\n\nIs 2) a paraphrase of 1)?\n{options}"),
    Template("Watch the order of the words. Do these sentences agree?\n\n{sentence1}\n{sentence2}\n{options}"),
    Template(
        "If the first sentence is true, is the second true, and the other way "
        "round?\n{sentence1}\n{sentence2}\n{options}"
    ),
    Template("Wikipedia says: {sentence1}\nA pupil writes: {sentence2}\nHas the meaning been kept?\n{options}"),
    Template("Sentence: {sentence1}\nVariant: {sentence2}\nSame facts in both?\n{options}\nAnswer:"),
    Template('Does "{sentence1}" mean what "{sentence2}" means?\n{options}'),
    Template("Judge if the two statements convey identical information.\nA: {sentence1}\nB: {sentence2}\n{options}"),
    Template(
        "Words of a sentence were moved around or exchanged.\nBefore: {sentence1}\nAfter: {sentence2}\nIs it still "
        "correct?\n{options}"
    ),
    Template(
        "Rewrite the sentence with nearly the same words. Is the meaning of the new sentence the same? That should "
        "be: {answer}\n\n{sentence1}",
        targets="{sentence2}",
    ),
)


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**record, "label": whole_number(record, "label")}]


register(
    Dataset(
        name="paws_wiki",
        cluster="paraphrase",
        tfds="paws_wiki/labeled_final_tokenized:1.1.0",
        licence="free to use for any purpose (Google, attribution appreciated)",
        train="train[:30000]",
        validation="validation[:200]",
        test="test",
        features=("sentence1", "sentence2", "label"),
        labels=(("different_meaning", "no"), ("paraphrase", "yes")),
        templates=TEMPLATES,
        sample=Sample(
            train=("paws/p3_recovered.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="Apache-2.0 repository; data as PAWS",
            note="200 rows taken back out of prompts",
        ),
    )
)
