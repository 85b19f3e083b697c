"""A repeating pattern of words; what comes next?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS


def generate(rng: random.Random) -> Row:
    """A unit of two or three words, shown almost twice to almost three times."""
    unit = rng.sample(LIST_WORDS, rng.randint(2, 3))
    num = rng.randint(len(unit) + 1, 3 * len(unit) - 1)
    words = [unit[i % len(unit)] for i in range(num + 1)]
    return {"words": " ".join(words[:-1]), "answer": words[-1], "options": tuple(unit)}


register_family(
    Family(
        name="repeat_pattern",
        cluster="sequences",
        generate=generate,
        fields=("words", "answer", "options"),
        chance=5 / 12,
        templates=(
            Template("What comes next? {words}"),
            Template("Go on with the pattern: {words}"),
            Template("Pattern: {words}", instruction="Write the next word of the pattern.\n"),
            Template("{words}\nWhich word follows?\n{options}"),
            Template("Give the word that comes after {words}"),
            Template("A pattern goes {words} and then?"),
            Template("Continue with one word: {words}"),
            Template("See the pattern {words} and write what is next."),
        ),
    )
)
