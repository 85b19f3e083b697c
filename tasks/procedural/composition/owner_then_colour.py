"""Two steps of look-up: whose thing, and what colour it has (who_has and colour_of)."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import COLOURS, NAMES, THINGS


def generate(rng: random.Random) -> Row:
    """Two or three people with one thing each, and the colours of the things in another order."""
    num = rng.randint(2, 3)
    names, things, colours = rng.sample(NAMES, num), rng.sample(THINGS, num), rng.sample(COLOURS, num)
    owned = [f"{name} has the {thing}." for name, thing in zip(names, things, strict=True)]
    coloured = [f"The {thing} is {colour}." for thing, colour in zip(things, colours, strict=True)]
    rng.shuffle(coloured)
    i = rng.randrange(num)
    return {
        "facts": " ".join(owned + coloured),
        "name": names[i],
        "answer": colours[i],
        "options": tuple(colours),
    }


register_family(
    Family(
        name="owner_then_colour",
        cluster="composition",
        kind="composition",
        eval_split="test",
        generate=generate,
        fields=("facts", "name", "answer", "options"),
        chance=5 / 12,
        templates=(
            Template("{facts} What colour is the thing that {name} has?"),
            Template("{facts}\n{name} has something of which colour?"),
            Template("{facts} Person: {name}", instruction="Write the colour of the thing that the person has.\n"),
            Template("What is the colour of the thing of {name}? {facts}"),
            Template("{facts} Say in which colour {name} has a thing."),
            Template("Read: {facts}\nQuestion: what colour is held by {name}?"),
        ),
    )
)
