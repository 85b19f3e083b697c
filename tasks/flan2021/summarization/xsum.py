"""XSum: a BBC article in one sentence (Narayan et al. 2018). FLAN read it through TFDS's Hugging Face bridge
(`huggingface:xsum`), which TFDS has no more; the builder `xsum` has the same fields and splits."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import SUMMARY, Dataset, register, unless_cut
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl

TEMPLATES = (
    Template("{document}\n\nSay in one sentence what this article reports."),
    Template("Article: {document}\n\nIn one sentence:"),
    Template("What is the news? Reply with a single sentence.\n\n{document}"),
    Template("Write the opening sentence that this report lacks, one that says it all.\n\n{document}"),
    Template("{document}\n\nThe gist of it:"),
    Template("You are reading the news on the radio and have time for one sentence about this.\n\n{document}"),
    Template("Condense the following article as far as you can.\n{document}"),
    Template("Tell a friend what you have just read.\n\n{document}"),
    Template("Write the news article that goes on from this opening sentence.\n\n{answer}", targets="{whole_document}"),
    Template("{answer}\n\nGive the details in a longer report.", targets="{whole_document}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    document, summary = row["document"].strip(), row["summary"].strip()
    if not document or not summary:
        return None
    return {"document": document, "whole_document": unless_cut(document), "answer": summary}


register(
    Dataset(
        name="xsum",
        cluster="summarization",
        tfds="xsum:1.1.0",
        licence="terms of the source (articles of the BBC)",
        train="train[:30000]",
        validation="validation[:200]",
        test="test",
        features=("document", "summary"),
        fields=_fields,
        makes=("document", "whole_document", "answer"),
        plain=("document",),
        left_out="without an article or a summary",
        metrics=SUMMARY,
        templates=TEMPLATES,
        sample=Sample(
            train=("xsum/p3_recovered.jsonl",),
            read=read_jsonl,
            convert=lambda record: [record],
            licence="Apache-2.0 repository; articles under the BBC's terms",
            note="200 rows taken back out of prompts; some articles were cut by their source, and are not asked for",
        ),
    )
)
