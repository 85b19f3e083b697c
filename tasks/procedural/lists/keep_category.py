"""Keep the words of one category."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import CATEGORIES, CATEGORY_NAMES, PLURALS


def generate(rng: random.Random) -> Row:
    """Four or five words of two categories, one to three of them of the one asked for."""
    wanted, other = rng.sample(CATEGORY_NAMES, 2)
    kept = rng.sample(CATEGORIES[wanted], rng.randint(1, 3))
    words = kept + rng.sample(CATEGORIES[other], rng.randint(4, 5) - len(kept))
    rng.shuffle(words)
    answer = " ".join(word for word in words if word in kept)
    return {"words": " ".join(words), "category": wanted, "plural": PLURALS[wanted], "answer": answer}


register_family(
    Family(
        name="keep_category",
        cluster="lists",
        generate=generate,
        fields=("words", "category", "plural", "answer"),
        templates=(
            Template("Keep only the {plural}: {words}"),
            Template("Write down each {category} in this list. {words}"),
            Template("Words: {words} Wanted: {plural}", instruction="Copy the wanted words in their order.\n"),
            Template("List: {words}\nWhich of these are {plural}?"),
            Template("From {words} take the {plural}."),
            Template("Go through {words} and repeat every {category}."),
            Template("Copy the {plural} from this list and nothing else: {words}"),
            Template("Here is a list: {words}\nSelect all {plural}."),
        ),
    )
)
