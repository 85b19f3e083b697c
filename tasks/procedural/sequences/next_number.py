"""The next number of an even series."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.phrases import coin, cot


def generate(rng: random.Random) -> Row:
    """Four numbers, up or down by a fixed step."""
    step, low = rng.choice((1, 2, 3, 5, 10)), rng.randint(0, 30)
    numbers = [low + step * i for i in range(5)]
    if coin(rng):
        numbers.reverse()
    *shown, answer = numbers
    sign = "+" if answer > shown[-1] else "-"
    return {
        "numbers": " ".join(map(str, shown)),
        "answer": str(answer),
        "rationale": f"The step is {step}. {shown[-1]} {sign} {step} = {answer}.",
    }


register_family(
    Family(
        name="next_number",
        cluster="sequences",
        generate=generate,
        fields=("numbers", "answer", "rationale"),
        sizes={"train": 1_000, "validation": 64, "test": 128},
        templates=(
            Template("What number comes next? {numbers}"),
            Template("Go on with this series: {numbers}"),
            Template("Series: {numbers}", instruction="Write the next number of the series.\n"),
            Template("{numbers} and then?"),
            Template("Give the number that follows {numbers}"),
            Template("Numbers: {numbers}\nWhat is the next one?"),
            Template("Find the next number after {numbers}"),
            Template("Which number would you write after {numbers} ?"),
        ),
        cot_templates=(
            cot("What number comes next? Find the step first. {numbers}"),
            cot("Go on with this series and explain: {numbers}"),
        ),
    )
)
