"""Three people in a row of comparisons; who is at one end?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES, SUPERLATIVES, TALL
from flan_jax.tasks.procedural.phrases import coin, cot


def generate(rng: random.Random) -> Row:
    """Two statements, in either order, and a superlative."""
    a, b, c = rng.sample(NAMES, 3)
    word, opposite = rng.choice(TALL)
    if coin(rng):
        word, opposite = opposite, word
    facts = [f"{a} is {word} than {b}.", f"{b} is {word} than {c}."]
    if coin(rng):
        facts.reverse()
    ask_top = coin(rng)
    return {
        "facts": " ".join(facts),
        "superlative": SUPERLATIVES[word if ask_top else opposite],
        "answer": a if ask_top else c,
        "options": (a, b, c),
        "rationale": f"From {SUPERLATIVES[word]} to {SUPERLATIVES[opposite]}: {a} {b} {c}.",
    }


register_family(
    Family(
        name="rank_people",
        cluster="ordering",
        generate=generate,
        fields=("facts", "superlative", "answer", "options", "rationale"),
        chance=1 / 3,
        templates=(
            Template("{facts} Who is the {superlative}?"),
            Template("{facts}\nName the {superlative} person.\n{options}"),
            Template("{facts} Wanted: {superlative}", instruction="Write the name of the wanted person.\n"),
            Template("Who is the {superlative} of them? {facts}"),
            Template("Given that {facts} The {superlative} one is who?"),
            Template("Three people: {facts} Which one is the {superlative}?"),
            Template("Find the {superlative} person. {facts}"),
            Template("{facts} Tell me who is the {superlative} of all."),
        ),
        cot_templates=(
            cot("{facts} Who is the {superlative}? Put them in order first."),
            cot("Think step by step. Who is the {superlative} of them? {facts}"),
        ),
    )
)
