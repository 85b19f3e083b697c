"""The one word that is of another kind."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import CATEGORIES, CATEGORY_NAMES, PLURALS
from flan_jax.tasks.procedural.phrases import article, cot


def generate(rng: random.Random) -> Row:
    """Three words of one kind and one of another."""
    kind, other = rng.sample(CATEGORY_NAMES, 2)
    odd = rng.choice(CATEGORIES[other])
    words = [*rng.sample(CATEGORIES[kind], 3), odd]
    rng.shuffle(words)
    return {
        "words": " ".join(words),
        "answer": odd,
        "options": tuple(words),
        "rationale": f"The others are {PLURALS[kind]}, but {odd} is {article(other)}.",
    }


register_family(
    Family(
        name="odd_one_out",
        cluster="categorisation",
        generate=generate,
        fields=("words", "answer", "options", "rationale"),
        chance=1 / 4,
        templates=(
            Template("Which word does not belong? {words}"),
            Template("Find the odd one out: {words}"),
            Template("Words: {words}", instruction="Write the word that is of another kind than the rest.\n"),
            Template("Three of these are alike. Name the other one.\n{options}"),
            Template("{words}\nOne of them does not fit. Which?"),
            Template("Look at {words} and write the stranger among them."),
            Template("In {words} there is one that is different. Write it."),
            Template("Pick the word that does not fit in with the others: {words}"),
        ),
        cot_templates=(
            cot("Which word does not belong? Explain. {words}"),
            cot("Find the odd one out and say why: {words}"),
        ),
    )
)
