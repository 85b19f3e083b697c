"""Replace one word of a list by another."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS


def generate(rng: random.Random) -> Row:
    """Three or four words, one to be replaced."""
    new, *words = rng.sample(LIST_WORDS, rng.randint(4, 5))
    old = rng.choice(words)
    answer = " ".join(new if word == old else word for word in words)
    return {"words": " ".join(words), "old": old, "new": new, "answer": answer}


register_family(
    Family(
        name="replace_item",
        cluster="lists",
        generate=generate,
        fields=("words", "old", "new", "answer"),
        templates=(
            Template("Replace {old} by {new} in this list: {words}"),
            Template("List: {words}\nWrite {new} instead of {old}."),
            Template("Words: {words} Old: {old} New: {new}", instruction="Put the new word where the old one is.\n"),
            Template("Copy {words} but change {old} to {new}."),
            Template("In {words} every {old} becomes {new}. Write the result."),
            Template("Exchange {old} for {new}: {words}"),
            Template("Rewrite {words} with {new} in place of {old}."),
            Template("Change the word {old} into {new}. The list is {words}"),
        ),
    )
)
