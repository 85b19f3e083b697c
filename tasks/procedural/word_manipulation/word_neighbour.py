"""The word before or after another."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS
from flan_jax.tasks.procedural.phrases import coin, draw_words


def generate(rng: random.Random) -> Row:
    """Four or five words; the one asked about has a neighbour on that side."""
    words = draw_words(rng, LIST_WORDS, 4, 5)
    i = rng.randrange(len(words) - 1)
    if coin(rng):
        side, anchor, answer = "after", words[i], words[i + 1]
    else:
        side, anchor, answer = "before", words[i + 1], words[i]
    return {"words": " ".join(words), "side": side, "anchor": anchor, "answer": answer}


register_family(
    Family(
        name="word_neighbour",
        cluster="word_manipulation",
        generate=generate,
        fields=("words", "side", "anchor", "answer"),
        templates=(
            Template("Which word comes {side} {anchor} in {words} ?"),
            Template("List: {words}\nWhat is right {side} {anchor}?"),
            Template("Words: {words} Find: {side} {anchor}", instruction="Write the word at that place.\n"),
            Template("In the list {words} name the word {side} {anchor}."),
            Template("Read {words} and tell me what stands {side} {anchor}."),
            Template("{words}\nThe word just {side} {anchor} is which one?"),
            Template("Find {anchor} in {words} and write the word {side} it."),
            Template("What do you find {side} {anchor} in this list? {words}"),
        ),
    )
)
