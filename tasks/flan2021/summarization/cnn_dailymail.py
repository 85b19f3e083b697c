"""CNN / Daily Mail: the highlights of a news article (See et al. 2017)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import SUMMARY, Dataset, register, unless_cut
from flan_jax.tasks.flan2021.samples import Sample, read_jsonl

TEMPLATES = (
    Template("{article}\n\nList the highlights of this article."),
    Template("Article: {article}\n\nHighlights:"),
    Template("Which points of the following news article would you show in a box beside it?\n\n{article}"),
    Template("Give the main points of the report below in a few short sentences.\n\n{article}"),
    Template("{article}\n\nWhat happened, in brief?"),
    Template("For readers in a hurry, condense this:\n\n{article}"),
    Template("Read the news, then note the most important facts.\n{article}\nNotes:"),
    Template("Write the short version of this newspaper article.\n\n{article}"),
    Template("Write a news article from these highlights.\n\n{answer}", targets="{whole_article}"),
    Template("{answer}\n\nExpand these notes into a full report for a newspaper.", targets="{whole_article}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    article, highlights = row["article"].strip(), row["highlights"].strip()
    if not article or not highlights:
        return None
    return {"article": article, "whole_article": unless_cut(article), "answer": highlights}


register(
    Dataset(
        name="cnn_dailymail",
        cluster="summarization",
        tfds="cnn_dailymail:3.1.0",
        licence="Apache-2.0 (collection; articles under their publishers' terms)",
        train="train[:30000]",
        validation="validation[:200]",
        test="test",
        features=("article", "highlights"),
        fields=_fields,
        makes=("article", "whole_article", "answer"),
        plain=("article",),
        left_out="without an article or highlights",
        metrics=SUMMARY,
        templates=TEMPLATES,
        sample=Sample(
            train=("cnn_dailymail/p3_recovered.jsonl",),
            read=read_jsonl,
            convert=lambda record: [record],
            licence="Apache-2.0 repository; articles under their publishers' terms",
            note="200 rows taken back out of prompts; most articles were cut by their source, and are not asked for",
        ),
    )
)
