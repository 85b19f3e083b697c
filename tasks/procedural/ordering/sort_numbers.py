"""Sort three or four numbers."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """Numbers up to 30; up or down."""
    numbers = rng.sample(range(1, 30), rng.randint(3, 4))
    up = coin(rng)
    return {
        "numbers": " ".join(map(str, numbers)),
        "order": "smallest first" if up else "largest first",
        "answer": " ".join(map(str, sorted(numbers, reverse=not up))),
    }


register_family(
    Family(
        name="sort_numbers",
        cluster="ordering",
        generate=generate,
        fields=("numbers", "order", "answer"),
        sizes={"train": 1_000, "validation": 64, "test": 128},
        templates=(
            Template("Sort these numbers, {order}: {numbers}"),
            Template("Numbers: {numbers}\nPut them in order ({order})."),
            Template("{numbers} : {order}", instruction="Write the numbers in the order asked for.\n"),
            Template("Write {numbers} with the {order}."),
            Template("Order the list {numbers} so that it goes {order}."),
            Template("Give {numbers} back in order, {order}."),
            Template("Arrange {numbers} with the {order}."),
            Template("List: {numbers}\nSorted, {order}, it is"),
        ),
    )
)
