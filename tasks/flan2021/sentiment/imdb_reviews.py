"""IMDB: is a film review favourable? (Maas et al. 2011)"""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import Dataset, register
from flan_jax.tasks.flan2021.samples import Sample, label_position, read_jsonl

TEMPLATES = (
    Template("{text}\n\nIs this film review positive or negative?\n{options}"),
    Template("Here is what a viewer wrote about a film.\n\n{text}\n\nWhat is the tone of the review?\n{options}"),
    Template("Review: {text}\nSentiment?\n{options}\nAnswer:"),
    Template("Did the author of these lines like the movie? Answer with their sentiment.\n\n{text}\n{options}"),
    Template("Classify the review by its attitude towards the film.\n{text}\n{options}"),
    Template("{text}\n\nAll in all, the opinion that the reviewer has of the film is\n{options}"),
    Template(
        'A cinema sorts the comments of its guests. In which pile does this one belong?\n\n"{text}"\n{options}',
        needs_options=True,
    ),
    Template("Write a film review that is {answer} in tone.", targets="{text}"),
    Template("A visitor has a {answer} opinion of a movie. What does the visitor's review say?", targets="{text}"),
    Template("Compose a review for a film website. Its sentiment should be {answer}.", targets="{text}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    if row["label"] not in (0, 1):
        return None
    options = ("negative", "positive")
    return {"text": row["text"], "answer": options[row["label"]], "options": options}


def _convert(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"text": record["sentence"], "label": label_position(record, "label", ("Bad", "Good"))}]


register(
    Dataset(
        name="imdb_reviews",
        cluster="sentiment",
        tfds="imdb_reviews/plain_text:1.0.0",
        licence="terms of the source (ai.stanford.edu/~amaas/data/sentiment)",
        test="test",
        features=("text", "label"),
        labels=(("neg", "negative"), ("pos", "positive")),
        fields=_fields,
        makes=("text",),
        templates=TEMPLATES,
        sample=Sample(
            train=("imdb/olora_train_sample.jsonl",),
            read=read_jsonl,
            convert=_convert,
            licence="MIT repository; data as IMDB reviews",
            note="400 training reviews",
        ),
    )
)
