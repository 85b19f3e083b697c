"""The order in which runners came in; who was right after or before one?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """Four runners."""
    names = rng.sample(NAMES, 4)
    i = rng.randrange(3)
    after = coin(rng)
    return {
        "order": ", ".join(names),
        "name": names[i] if after else names[i + 1],
        "word": "after" if after else "before",
        "answer": names[i + 1] if after else names[i],
        "options": tuple(rng.sample(names, 4)),
    }


register_family(
    Family(
        name="came_in_next",
        cluster="races",
        generate=generate,
        fields=("order", "name", "word", "answer", "options"),
        chance=1 / 4,
        templates=(
            Template("Order of the race: {order}. Who came {word} {name}?"),
            Template("{order}\nRight {word} {name}:"),
            Template("Result: {order}. {word} {name} ?", instruction="Name the runner who is asked for.\n"),
            Template("Who is it that ran in {word} {name}? {order}"),
            Template("They came so: {order}. Which one is {word} {name}?\n{options}"),
            Template("See the runners: {order}. Say who was {word} {name}."),
            Template("Next {word} {name}, in the order {order}, is"),
            Template("In {order} we look for the one {word} {name}."),
        ),
    )
)
