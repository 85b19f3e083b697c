"""The month before or after."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import MONTHS, NAMES
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """One month and a side; a name makes rows differ."""
    i, after = rng.randrange(12), coin(rng)
    return {
        "name": rng.choice(NAMES),
        "month": MONTHS[i],
        "side": "after" if after else "before",
        "answer": MONTHS[(i + (1 if after else -1)) % 12],
        "options": MONTHS,
    }


register_family(
    Family(
        name="month_neighbour",
        cluster="dates",
        generate=generate,
        fields=("name", "month", "side", "answer", "options"),
        chance=1 / 12,
        sizes={"train": 1_000, "validation": 64, "test": 128},
        templates=(
            Template("{name} was born in the month {side} {month}. Which month is that?"),
            Template("Which month comes {side} {month}? {name} wants to know."),
            Template("{name} : {side} {month}", instruction="Write the month that is meant.\n"),
            Template("{name} moves to a new house in the month {side} {month}. Name it."),
            Template("Tell {name} the month {side} {month}."),
            Template("The month right {side} {month} is what, asks {name}."),
            Template("Help {name}: what month is just {side} {month}?"),
            Template("For {name}, write down the month that is {side} {month}."),
        ),
    )
)
