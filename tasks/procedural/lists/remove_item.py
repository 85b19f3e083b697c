"""Take one word out of a list."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS
from flan_jax.tasks.procedural.phrases import draw_words


def generate(rng: random.Random) -> Row:
    """Three to five words, one of them to go."""
    words = draw_words(rng, LIST_WORDS, 3, 5)
    gone = rng.choice(words)
    return {"words": " ".join(words), "gone": gone, "answer": " ".join(word for word in words if word != gone)}


register_family(
    Family(
        name="remove_item",
        cluster="lists",
        generate=generate,
        fields=("words", "gone", "answer"),
        templates=(
            Template("Remove {gone} from this list: {words}"),
            Template("List: {words}\nWrite the list without {gone}."),
            Template("Words: {words} Drop: {gone}", instruction="Write the words that remain.\n"),
            Template("Take {gone} out of {words} and write the rest."),
            Template("Here are some words: {words}\nLeave out {gone} and repeat the others."),
            Template("Delete the word {gone}. {words}"),
            Template("What remains of {words} when {gone} is removed?"),
            Template("Copy the list {words} but skip {gone}."),
        ),
    )
)
