"""Add a word at the front or the end of a list."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """Two or three words and a new one."""
    new, *words = rng.sample(LIST_WORDS, rng.randint(3, 4))
    at_end = coin(rng)
    return {
        "words": " ".join(words),
        "new": new,
        "where": "end" if at_end else "front",
        "answer": " ".join([*words, new] if at_end else [new, *words]),
    }


register_family(
    Family(
        name="add_item",
        cluster="lists",
        generate=generate,
        fields=("words", "new", "where", "answer"),
        templates=(
            Template("Add {new} at the {where} of the list {words}"),
            Template("List: {words}\nPut {new} at the {where} and write the new list."),
            Template("Words: {words} Add: {new} Where: {where}", instruction="Write the longer list.\n"),
            Template("Take {words} and place {new} at the {where}."),
            Template("Write {words} with {new} at the {where}."),
            Template("The list is {words} and the word {new} joins at its {where}. Write it all."),
            Template("Extend {words} by {new} at the {where}."),
            Template("Insert {new} at the {where} of this list: {words}"),
        ),
    )
)
