"""Sentences of reviews, shared by the families of this cluster and by the one with new label words."""

import random

from flan_jax.tasks.procedural.lexicon import BAD_WORDS, GOOD_WORDS, REVIEWED
from flan_jax.tasks.procedural.phrases import coin

FRAMES = (
    "The {thing} was {word}.",
    "What a {word} {thing}!",
    "I found the {thing} {word}.",
    "We had a {word} {thing}.",
    "It was a {word} {thing}, really {other}.",
    "The {thing} was {word} and {other}.",
    "I thought it was a {word} {thing}.",
)


def draw_review(rng: random.Random) -> tuple[str, bool]:
    """A review and whether it is a good one."""
    good = coin(rng)
    word, other = rng.sample(GOOD_WORDS if good else BAD_WORDS, 2)
    return rng.choice(FRAMES).format(thing=rng.choice(REVIEWED), word=word, other=other), good
