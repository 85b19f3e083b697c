"""The first word of one category (keep_category and nth_word)."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import CATEGORIES, CATEGORY_NAMES
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """Two words of each of two categories, and which of the two is asked for."""
    wanted, other = rng.sample(CATEGORY_NAMES, 2)
    kept = rng.sample(CATEGORIES[wanted], 2)
    words = kept + rng.sample(CATEGORIES[other], 2)
    rng.shuffle(words)
    matching = [word for word in words if word in kept]
    first = coin(rng)
    return {
        "words": " ".join(words),
        "category": wanted,
        "position": "first" if first else "last",
        "answer": matching[0] if first else matching[-1],
        "options": tuple(words),
    }


register_family(
    Family(
        name="filter_then_first",
        cluster="composition",
        kind="composition",
        eval_split="test",
        generate=generate,
        fields=("words", "category", "position", "answer", "options"),
        chance=1 / 4,
        templates=(
            Template("What is the {position} {category} in this list? {words}"),
            Template("List: {words}\nWrite the {position} {category}."),
            Template("Words: {words} Wanted: {position} {category}", instruction="Write the wanted word.\n"),
            Template("Give me the {position} {category} of {words}"),
            Template("Look for the {position} {category}. {words}"),
            Template("From {words} pick the {position} {category}."),
        ),
    )
)
