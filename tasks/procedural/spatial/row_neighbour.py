"""Things in a row; which one is left or right of another?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import ANIMALS, FRUITS, THINGS
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """Four things; the one asked about has a neighbour on that side."""
    things = rng.sample(THINGS + FRUITS + ANIMALS, 4)
    i = rng.randrange(3)
    side, anchor, answer = ("right", things[i], things[i + 1]) if coin(rng) else ("left", things[i + 1], things[i])
    return {"row": " ".join(things), "side": side, "anchor": anchor, "answer": answer, "options": tuple(things)}


register_family(
    Family(
        name="row_neighbour",
        cluster="spatial",
        kind="whole cluster",
        generate=generate,
        fields=("row", "side", "anchor", "answer", "options"),
        chance=1 / 4,
        templates=(
            Template("From left to right there are {row}. What is right next to the {anchor} on its {side}?"),
            Template("Shelf, from left to right: {row}\nWhat is {side} of the {anchor}?"),
            Template("{row} : {side} of {anchor}", instruction="From left to right. Write the thing at the place.\n"),
            Template("These stand in a row from left to right: {row}. Name the one {side} of the {anchor}."),
            Template("What do you see just {side} of the {anchor}? From left to right: {row}"),
            Template("From left to right we see {row}. Which thing is on the {side} of the {anchor}?"),
        ),
    )
)
