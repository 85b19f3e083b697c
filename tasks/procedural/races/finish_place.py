"""The order in which runners came in; who was the second, or the last?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES, ORDINALS
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """Four runners."""
    names = rng.sample(NAMES, 4)
    i = rng.randrange(4)
    place = "last" if i == 3 and coin(rng) else ORDINALS[i]
    return {
        "order": ", ".join(names),
        "place": place,
        "answer": names[i],
        "options": tuple(rng.sample(names, 4)),
    }


register_family(
    Family(
        name="finish_place",
        cluster="races",
        generate=generate,
        fields=("order", "place", "answer", "options"),
        chance=1 / 4,
        templates=(
            Template("A race ended like this: {order}. Who was {place}?"),
            Template("{order}\nThe {place} runner:"),
            Template("Result: {order}. Place: {place}", instruction="Name the runner on the place.\n"),
            Template("Who came in {place}? {order}"),
            Template("They arrived in this order: {order}. Which one was {place}?\n{options}"),
            Template("Runners: {order}. Say who is {place}."),
            Template("We want the {place} one of these: {order}"),
            Template("{order} ran. The one who was {place} is"),
        ),
    )
)
