"""Is a review positive or negative?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.sentiment.reviews import draw_review


def generate(rng: random.Random) -> Row:
    """One review sentence."""
    review, good = draw_review(rng)
    return {"review": review, "answer": "positive" if good else "negative", "options": ("positive", "negative")}


register_family(
    Family(
        name="review_sentiment",
        cluster="sentiment",
        generate=generate,
        fields=("review", "answer", "options"),
        chance=1 / 2,
        templates=(
            Template("Is this review positive or negative? {review}"),
            Template("Review: {review}\nWhat is the sentiment?\n{options}"),
            Template("Review: {review}", instruction="Say for each review if it is positive or negative.\n"),
            Template("{review} Did the writer like it? Answer positive or negative."),
            Template("Classify the text as positive or negative. {review}"),
            Template("Somebody wrote: {review}\nHow does it sound, negative or positive?"),
            Template("{review}\nChoose the mood of this review. {options}"),
            Template("Tell me the sentiment (positive or negative): {review}"),
        ),
    )
)
