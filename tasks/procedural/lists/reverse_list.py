"""Say a list backwards."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS
from flan_jax.tasks.procedural.phrases import draw_words


def generate(rng: random.Random) -> Row:
    """Three or four words."""
    words = draw_words(rng, LIST_WORDS, 3, 4)
    return {"words": " ".join(words), "answer": " ".join(reversed(words))}


register_family(
    Family(
        name="reverse_list",
        cluster="lists",
        generate=generate,
        fields=("words", "answer"),
        templates=(
            Template("Reverse this list: {words}"),
            Template("Write these words backwards, last one first: {words}"),
            Template("Words: {words}", instruction="Give the words in the opposite order.\n"),
            Template("List: {words}\nStart at the end and go to the front."),
            Template("Turn the list around. {words}"),
            Template("What is the reverse of {words} ?"),
            Template("Say the list {words} from back to front."),
            Template("Here is a list: {words}\nPut it in reverse order."),
        ),
    )
)
