"""How many words are of one kind?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import CATEGORIES, CATEGORY_NAMES, PLURALS
from flan_jax.tasks.procedural.phrases import cot


def generate(rng: random.Random) -> Row:
    """One to four words of the kind, and some of another."""
    wanted, other = rng.sample(CATEGORY_NAMES, 2)
    kept = rng.sample(CATEGORIES[wanted], rng.randint(1, 4))
    words = kept + rng.sample(CATEGORIES[other], rng.randint(1, 3))
    rng.shuffle(words)
    found = [word for word in words if word in kept]
    return {
        "words": " ".join(words),
        "plural": PLURALS[wanted],
        "answer": str(len(kept)),
        "rationale": ", ".join(f"{word} {i + 1}" for i, word in enumerate(found)) + ".",
    }


register_family(
    Family(
        name="count_category",
        cluster="counting",
        generate=generate,
        fields=("words", "plural", "answer", "rationale"),
        templates=(
            Template("How many {plural} are in this list? {words}"),
            Template("Count the {plural}: {words}"),
            Template("Words: {words} Count: {plural}", instruction="Give the number of words of that kind.\n"),
            Template("{words}\nHow many of these are {plural}? Write a number."),
            Template("I have {words}. How many {plural} is that?"),
            Template("Among {words} there are how many {plural}?"),
            Template("Find the number of {plural} here: {words}"),
            Template("Tell me how many {plural} you see. {words}"),
        ),
        cot_templates=(
            cot("How many {plural} are in this list? Name each one. {words}"),
            cot("Count the {plural} one by one: {words}"),
        ),
    )
)
