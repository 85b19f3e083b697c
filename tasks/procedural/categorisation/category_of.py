"""The kind of a word."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import CATEGORIES, CATEGORY_NAMES


def generate(rng: random.Random) -> Row:
    """One to three words of a kind, and four kinds to choose from."""
    kinds = rng.sample(CATEGORY_NAMES, 4)
    words = rng.sample(CATEGORIES[kinds[0]], rng.randint(1, 3))
    options = tuple(sorted(kinds))
    return {"word": " , ".join(words), "answer": kinds[0], "kinds": ", ".join(options), "options": options}


register_family(
    Family(
        name="category_of",
        cluster="categorisation",
        generate=generate,
        fields=("word", "answer", "kinds", "options"),
        chance=1 / 4,
        templates=(
            Template("Which kind of thing is this: {word}? {options}"),
            Template("Name the category of {word}. It is one of {kinds}."),
            Template("Word: {word} Kinds: {kinds}", instruction="Write the kind of the word.\n"),
            Template("{word} belongs to one of these: {kinds}. Which?"),
            Template("Out of {kinds}, which fits {word}?"),
            Template("Classify {word}.\n{options}"),
            Template("What do we call {word}? Kinds: {kinds}."),
            Template("Say if {word} is one of {kinds}. Which one?"),
        ),
    )
)
