"""Two people compared; who is more, who is less?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES, TALL
from flan_jax.tasks.procedural.phrases import coin, cot


def generate(rng: random.Random) -> Row:
    """One statement; the question uses the same word or its opposite."""
    a, b = rng.sample(NAMES, 2)
    word, opposite = rng.choice(TALL)
    if coin(rng):
        word, opposite = opposite, word
    same = coin(rng)
    return {
        "fact": f"{a} is {word} than {b}.",
        "word": word if same else opposite,
        "answer": a if same else b,
        "options": (a, b),
        "rationale": f"{a} is {word} than {b}." if same else f"{b} is {opposite} than {a}.",
    }


register_family(
    Family(
        name="compare_people",
        cluster="comparison",
        generate=generate,
        fields=("fact", "word", "answer", "options", "rationale"),
        chance=1 / 2,
        templates=(
            Template("{fact} Who is {word}?"),
            Template("We know that this is true: {fact}\nWhich of them is {word}?"),
            Template("{fact} Who: {word}", instruction="Write the name of the person meant.\n"),
            Template("{fact} Name the {word} one.\n{options}"),
            Template("Who is {word}? {fact}"),
            Template("Fact: {fact} The {word} person is who?"),
            Template("{fact} Tell me who is {word}."),
            Template("Of the two people, which one is {word}? {fact}"),
        ),
        cot_templates=(cot("{fact} Who is {word}? Think first."), cot("Who is {word}? Explain, then answer. {fact}")),
    )
)
