"""The first, second, third, fourth or last word."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS, ORDINALS
from flan_jax.tasks.procedural.phrases import draw_words


def generate(rng: random.Random) -> Row:
    """Four or five words and a position."""
    words = draw_words(rng, LIST_WORDS, 4, 5)
    position = rng.choice(["first", "last", *ORDINALS])
    answer = words[-1] if position == "last" else words[ORDINALS.index(position)]
    return {"words": " ".join(words), "position": position, "answer": answer}


register_family(
    Family(
        name="nth_word",
        cluster="word_manipulation",
        generate=generate,
        fields=("words", "position", "answer"),
        templates=(
            Template("What is the {position} word of {words} ?"),
            Template("Words: {words}\nWrite the {position} one."),
            Template("{position} word: {words}", instruction="Write the word at the stated place.\n"),
            Template("Give me the {position} item of this list: {words}"),
            Template("Look at {words} and say which word is {position}."),
            Template("List: {words}\nWhich word comes {position}? Answer with that word only."),
            Template("From {words} pick the {position} word."),
            Template("Name the {position} entry in the list {words}"),
        ),
    )
)
