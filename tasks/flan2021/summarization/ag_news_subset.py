"""AG News: the section a news item belongs to (Zhang et al. 2015)."""

import html
import re
from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, read_csv, whole_number

TEMPLATES = (
    Template("{title}\n{description}\n\nWhat is this news about?\n{options}"),
    Template("Headline: {title}\nText: {description}\nSection of the newspaper?\n{options}"),
    Template("In which section would you print this item?\n\n{title} - {description}\n{options}"),
    Template("Sort the news by topic.\n{description}\n{options}\nTopic:"),
    Template("A news site tags its items. Which tag does this one get?\n\n{title}\n{description}\n{options}"),
    Template('"{description}" is the beginning of a report. Which field does the report belong to?\n{options}'),
    Template("{title}\n{description}\n{options}\n\nChoose the subject area.", needs_options=True),
    Template("Readers of which pages will find the following item?\n{title}\n\n{description}\n{options}"),
    Template('Write a headline for the topic "{answer}".', targets="{title}"),
    Template('What does an item in the section "{answer}" say under this title?\n{title}', targets="{description}"),
)


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "title": record["Title"],
            "description": record["Description"],
            "label": whole_number(record, "Class Index") - 1,
        }
    ]


def _fields(row: Row) -> Mapping[str, Any] | None:
    if not 0 <= row["label"] < len(LABELS):
        return None
    options = tuple(word for _, word in LABELS)
    return {
        "title": _as_printed(row["title"]),
        "description": _as_printed(row["description"]),
        "answer": options[row["label"]],
        "options": options,
    }


def _as_printed(text: str) -> str:
    """`text` without what a feed and its conversion left: a backslash for a line's end, " #39;" and " quot;" for marks
    (their "&" has become a space), and tags."""
    text = html.unescape(re.sub(r" (?=(?:quot|amp|lt|gt|nbsp|#\d+);)", "&", text.replace("\\", " ")))
    return " ".join(re.sub(r"</?[a-zA-Z][^<>]*>", " ", text).split())


LABELS = (("World", "World"), ("Sports", "Sports"), ("Business", "Business"), ("Sci/Tech", "Science/Tech"))

register(
    Dataset(
        name="ag_news_subset",
        cluster="summarization",
        tfds="ag_news_subset:1.0.0",
        licence="terms of the source (non-commercial)",
        train="train[:30000]",
        test="test",
        features=("title", "description", "label"),
        labels=LABELS,
        fields=_fields,
        makes=("title", "description"),
        templates=TEMPLATES,
        sample=Sample(
            train=("ag_news/test_sample.csv",),
            read=read_csv,
            convert=_convert,
            licence="Apache-2.0 repository; data as AG News",
            note="1,500 items of the published test set, which stand in for all splits",
        ),
    )
)
