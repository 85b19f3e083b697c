"""Multi-News: one summary of several articles about the same event (Fabbri et al. 2019)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import SUMMARY, Dataset, register

TEMPLATES = (
    Template("{articles}\n\nSummarise these articles together."),
    Template("Several papers report on an event.\n\n{articles}\n\nOne summary of all:"),
    Template("Write an overview of what the following sources say.\n\n{articles}"),
    Template("{articles}\n\nWhat do we learn from these reports, taken together?"),
    Template("Merge the articles below into a single, shorter text.\n\n{articles}"),
    Template("You are the editor of a press review. Here is the material:\n{articles}\nWrite the review."),
    Template("Combine the main facts of every article into one account.\n\n{articles}"),
    Template("Sources:\n{articles}\n\nDigest:"),
    Template(
        "Here is a digest of the news on an event. Write articles that it could be based on.\n\n{answer}",
        targets="{articles}",
    ),
    Template("{answer}\n\nFrom which newspaper reports might this overview have been written?", targets="{articles}"),
)
SEPARATOR = "|||||"  # between the articles, in the published files


def _fields(row: Row) -> Mapping[str, Any] | None:
    articles = [part.strip() for part in row["document"].split(SEPARATOR) if part.strip()]
    summary = row["summary"].strip().removeprefix("– ")  # noqa: RUF001  as published
    return {"articles": "\n\n".join(articles), "answer": summary} if articles and summary else None


register(
    Dataset(
        name="multi_news",
        cluster="summarization",
        tfds="multi_news:1.0.0",
        licence="terms of the source (non-commercial research; github.com/Alex-Fabbri/Multi-News)",
        train="train[:30000]",
        validation="validation[:200]",
        test="test",
        features=("document", "summary"),
        fields=_fields,
        makes=("articles", "answer"),
        left_out="without articles or a summary",
        metrics=SUMMARY,
        templates=TEMPLATES,
    )
)
