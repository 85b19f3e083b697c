"""Sentences of reviews, shared by the families of this cluster and by the one with new label words."""

import random

from flan_jax.tasks.procedural.lexicon import BAD_WORDS, GOOD_WORDS, REVIEWED
from flan_jax.tasks.procedural.phrases import article, coin

FRAMES = (
    "The {thing} was {word}.",
    "What {a_word} {thing}!",
    "I found the {thing} {word}.",
    "We had {a_word} {thing}.",
    "It was {a_word} {thing}, really {other}.",
    "The {thing} was {word} and {other}.",
    "I thought it was {a_word} {thing}.",
)


def draw_review(rng: random.Random) -> tuple[str, bool]:
    """A review and whether it is a good one."""
    good = coin(rng)
    word, other = rng.sample(GOOD_WORDS if good else BAD_WORDS, 2)
    return rng.choice(FRAMES).format(thing=rng.choice(REVIEWED), word=word, a_word=article(word), other=other), good
