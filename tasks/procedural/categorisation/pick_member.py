"""The one word of the kind asked for."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import CATEGORIES, CATEGORY_NAMES
from flan_jax.tasks.procedural.phrases import article


def generate(rng: random.Random) -> Row:
    """Four words of four kinds."""
    kinds = rng.sample(CATEGORY_NAMES, 4)
    words = [rng.choice(CATEGORIES[kind]) for kind in kinds]
    i = rng.randrange(4)
    return {
        "words": " ".join(words),
        "category": article(kinds[i]),
        "kind": kinds[i],
        "answer": words[i],
        "options": tuple(words),
    }


register_family(
    Family(
        name="pick_member",
        cluster="categorisation",
        generate=generate,
        fields=("words", "category", "kind", "answer", "options"),
        chance=1 / 4,
        templates=(
            Template("Which of these is {category}? {words}"),
            Template("Choose {category}.\n{options}", needs_options=True),
            Template("Words: {words} Kind: {kind}", instruction="Write the one word of that kind.\n"),
            Template("Find the {kind} among {words}"),
            Template("{words}\nOne of these words names {category}. Write it."),
            Template("I am looking for {category}. Is it in {words} ? Say which word."),
            Template("From {words} pick the {kind}."),
            Template("Take the {kind} and leave the rest: {words}"),
        ),
    )
)
