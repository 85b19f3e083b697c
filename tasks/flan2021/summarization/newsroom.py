"""Newsroom: what editors wrote as the summary of their articles (Grusky et al. 2018)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import SUMMARY, Dataset, register

TEMPLATES = (
    Template("{title}\n\n{text}\n\nGive a summary of the article in a sentence or two."),
    Template("{text}\n\nTeaser for this article:"),
    Template("How would a web page announce the following article?\n\n{text}"),
    Template("Title: {title}\nArticle: {text}\nSummary:"),
    Template('Read the article "{title}" and tell what it is about.\n\n{text}'),
    Template('Which line should stand under the title "{title}" in a search result? The article:\n\n{text}'),
    Template("Tell me briefly what this says:\n\n{text}"),
    Template("Find a title for this article.\n\n{text}", targets="{title}"),
    Template("An article is announced in these words: {answer}\n\nWhat is its title?", targets="{title}"),
    Template("Write the article to which this summary belongs.\n\n{answer}", targets="{text}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    text, summary, title = row["text"].strip(), row["summary"].strip(), row["title"].strip()
    return {"title": title, "text": text, "answer": summary} if text and summary and title else None


register(
    Dataset(
        name="newsroom",
        cluster="summarization",
        tfds="newsroom:1.0.0",
        licence="terms of the source: Cornell sends it to those who agree to them",
        train="train[:30000]",
        validation="validation[:200]",
        test="test",
        features=("title", "text", "summary"),
        fields=_fields,
        makes=("title", "text", "answer"),
        plain=("text",),
        left_out="without a title, a text or a summary",
        metrics=SUMMARY,
        templates=TEMPLATES,
    )
)
