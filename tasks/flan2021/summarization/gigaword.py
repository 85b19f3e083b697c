"""Gigaword: the headline to the first sentence of a report (Rush et al. 2015). The text is tokenised, in lower case,
with digits replaced by #, as published."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import SUMMARY, Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl

TEMPLATES = (
    Template("{document}\n\nWrite a headline."),
    Template("First sentence of a report: {document}\nIts headline:"),
    Template("What is the title of the news that begins like this?\n\n{document}"),
    Template("Shorten to a headline: {document}"),
    Template("Say the same in as few words as a newspaper title has.\n{document}"),
    Template("{document}\n\nHow would an editor entitle this?"),
    Template("Reduce the following sentence to its core.\n\n{document}"),
    Template("News ticker: {document}\nThe title line reads:"),
    Template("Write the first sentence of a report. Its headline: {answer}", targets="{document}"),
    Template("Headline: {answer}\n\nTell the news in one full sentence.", targets="{document}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    document, summary = row["document"].strip(), row["summary"].strip()
    return {"document": document, "answer": summary} if document and summary else None


register(
    Dataset(
        name="gigaword",
        cluster="summarization",
        tfds="gigaword:1.2.0",
        licence="terms of the source (LDC Gigaword)",
        train="train[:30000]",
        validation="validation[:200]",
        test="test",
        features=("document", "summary"),
        fields=_fields,
        makes=("document", "answer"),
        left_out="without a sentence or a headline",
        metrics=SUMMARY,
        templates=TEMPLATES,
        sample=Sample(
            train=("gigaword/p3_recovered.jsonl",),
            read=read_jsonl,
            convert=lambda record: [record],
            licence="Apache-2.0 repository; data under LDC's terms",
            note="200 rows taken back out of prompts",
        ),
    )
)
