"""Yelp polarity: reviews of restaurants and shops, the middling ones left out (Zhang et al. 2015)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_jsonl

TEMPLATES = (
    Template("{text}\n\nIs the customer satisfied? Give the sentiment of the review.\n{options}"),
    Template("Customer review: {text}\n\nPositive or negative?\n{options}"),
    Template("What is the sentiment of this review of a business?\n{text}\n{options}\nAnswer:"),
    Template("Sort the following comment about a restaurant, shop or service.\n\n{text}\n{options}"),
    Template("{text}\n\nWhich sort of review is that?\n{options}", needs_options=True),
    Template('Would you go there after reading this? Say whether the review is good or bad.\n\n"{text}"\n{options}'),
    Template("The owner of a business received this feedback. Of what kind is it?\n{text}\n{options}"),
    Template("Write a {answer} review of a place where you were a customer.", targets="{text}"),
    Template("A guest had an experience that was {answer}. Write the guest's review.", targets="{text}"),
    Template("Make up feedback to a local business; its tone is to be {answer}.", targets="{text}"),
)
POLARITY = {"very negative": 0, "negative": 0, "positive": 1, "very positive": 1}


def _fields(row: Row) -> Mapping[str, Any] | None:
    if row["label"] not in (0, 1):
        return None
    options = ("negative", "positive")
    text = row["text"].replace("\\n", "\n").replace('\\"', '"').strip()  # as escaped in the published files
    return {"text": text, "answer": options[row["label"]], "options": options}


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    text = record["sentence"].removeprefix("Text:").strip()
    labels = (*POLARITY, "neutral")
    label = labels[label_position(record, "label", labels)]
    return [{"text": text, "label": POLARITY[label]}] if label in POLARITY else []


register(
    Dataset(
        name="yelp_polarity_reviews",
        cluster="sentiment",
        tfds="yelp_polarity_reviews:0.2.0",
        licence="terms of the source (Yelp data set terms of use)",
        train="train[:30000]",
        test="test",
        features=("text", "label"),
        labels=(("1", "negative"), ("2", "positive")),
        fields=_fields,
        makes=("text",),
        templates=TEMPLATES,
        sample=Sample(
            train=("yelp/olora_train_sample.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="MIT repository; data under Yelp's terms",
            note="the reviews that are not neutral among 400 of the five-class data set",
        ),
    )
)
