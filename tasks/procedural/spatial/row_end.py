"""Things in a row; which one is at the far left or right?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import ANIMALS, FRUITS, THINGS
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """Four things and a side."""
    things = rng.sample(THINGS + FRUITS + ANIMALS, 4)
    left = coin(rng)
    return {
        "row": " ".join(things),
        "side": "left" if left else "right",
        "answer": things[0] if left else things[-1],
        "options": tuple(things),
    }


register_family(
    Family(
        name="row_end",
        cluster="spatial",
        kind="whole cluster",
        generate=generate,
        fields=("row", "side", "answer", "options"),
        chance=1 / 4,
        templates=(
            Template("From left to right there are {row}. What is on the far {side}?"),
            Template("Shelf, from left to right: {row}\nWhich thing is on the far {side}?"),
            Template("{row} : far {side}", instruction="From left to right. Write the thing at the place.\n"),
            Template("These stand in a row from left to right: {row}. Name the one on the far {side}."),
            Template("What do you see at the far {side}? From left to right: {row}"),
            Template("From left to right we see {row}. Write the thing at the {side} end."),
        ),
    )
)
