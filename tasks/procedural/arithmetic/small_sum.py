"""Plus and minus below 20."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """Two numbers; the result is not negative."""
    a, b = rng.randint(0, 20), rng.randint(0, 9)
    plus = coin(rng)
    if not plus and b > a:
        a, b = b, a
    return {
        "sum": f"{a} {'+' if plus else '-'} {b}",
        "words": f"{a} {'plus' if plus else 'minus'} {b}",
        "answer": str(a + b if plus else a - b),
    }


register_family(
    Family(
        name="small_sum",
        cluster="arithmetic",
        generate=generate,
        fields=("sum", "words", "answer"),
        sizes={"train": 1_000, "validation": 64, "test": 128},
        templates=(
            Template("What is {sum} ?"),
            Template("How much is {words}?"),
            Template("{sum} =", instruction="Work out each sum.\n"),
            Template("Work out {words}. Give the number."),
            Template("Compute {sum} and write the result."),
            Template("The result of {words} is"),
            Template("Tell me what {words} makes."),
            Template("Sum: {sum}\nResult?"),
        ),
    )
)
