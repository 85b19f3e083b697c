"""Opinion abstracts, Rotten Tomatoes: the critics' consensus on a film (Wang and Ling 2016)."""

from collections.abc import Mapping
from typing import Any

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.flan2021.dataset import SUMMARY, Dataset, bullet_list, register

MAX_REVIEWS = 10  # of the hundred that a film may have; the rest would not fit an input
TEMPLATES = (
    Template('Critics on "{movie}":\n{reviews}\n\nWhat is their consensus?'),
    Template("{reviews}\n\nSum up what the critics think of the film."),
    Template("Reviews of {movie}:\n{reviews}\nIn one sentence:"),
    Template("Here is what was written about a movie. Put the general opinion into a sentence.\n\n{reviews}"),
    Template('Should one see "{movie}"? Answer with the common view of these reviews.\n{reviews}'),
    Template("Write the consensus line for the film's page.\n\n{reviews}"),
    Template("On what do the following critics of {movie} agree?\n{reviews}"),
    Template(
        "The critics' consensus on a film reads: {answer}\n\nWhat may single reviews have said?", targets="{reviews}"
    ),
    Template("Which film is this said of?\n\n{answer}", targets="{movie}"),
    Template('Write short reviews of "{movie}" that together come to this: {answer}', targets="{reviews}"),
)


def _fields(row: Row) -> Mapping[str, Any] | None:
    reviews = [text for text in row["_critics"]["value"] if text][:MAX_REVIEWS]
    consensus, movie = row["_critic_consensus"].strip(), row["_movie_name"].strip()
    return {"movie": movie, "reviews": bullet_list(reviews), "answer": consensus} if reviews and consensus else None


register(
    Dataset(
        name="opinion_abstracts_rotten_tomatoes",
        cluster="summarization",
        tfds="opinion_abstracts/rotten_tomatoes:1.0.0",
        licence="terms of the source (web.eecs.umich.edu/~wangluxy/data.html)",
        train="train[:-600]",
        validation="train[-600:-500]",
        test="train[-500:]",
        features=("_critics/value", "_critic_consensus", "_movie_name"),
        fields=_fields,
        makes=("movie", "reviews", "answer"),
        plain=("reviews",),
        left_out="without reviews or a consensus",
        metrics=SUMMARY,
        templates=TEMPLATES,
    )
)
