"""Sentiment140: the mood of tweets, labelled by their emoticons (Go et al. 2009)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, register

TEMPLATES = (
    Template("{text}\n\nIs the mood of this tweet positive or negative?\n{options}"),
    Template("Tweet: {text}\nSentiment of the tweet?\n{options}"),
    Template('How does the person who posted this feel about it?\n\n"{text}"\n{options}\nAnswer:'),
    Template("Label the message by its sentiment.\n{text}\n{options}"),
    Template("Somebody wrote on Twitter: {text}\n\nWould you call that a happy or an unhappy message?\n{options}"),
    Template("{text}\n{options}\n\nWhich of the words describes the feeling behind the post?", needs_options=True),
    Template("Does the following short message express a good or a bad feeling?\nMessage: {text}\n{options}"),
    Template("Write a tweet with {answer} sentiment.", targets="{text}"),
    Template("Make up a short post for a social network. The mood of its author is {answer}.", targets="{text}"),
    Template("What might somebody tweet whose feelings are {answer}?", targets="{text}"),
)
CLASSES = {0: "negative", 4: "positive"}  # 2, neutral, is in the test split only


def _fields(row: Row) -> Mapping[str, Any] | None:
    if row["polarity"] not in CLASSES:
        return None
    return {"text": row["text"], "answer": CLASSES[row["polarity"]], "options": tuple(CLASSES.values())}


register(
    Dataset(
        name="sentiment140",
        cluster="sentiment",
        tfds="sentiment140:1.0.0",
        licence="terms of the source (Twitter's terms apply)",
        train="train[:30000]",
        test="test",
        features=("text", "polarity"),
        fields=_fields,
        makes=("text", "answer", "options"),
        left_out="labelled neutral",
        num_options=2,
        templates=TEMPLATES,
    )
)
