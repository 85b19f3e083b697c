"""The larger or smaller of two numbers."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.phrases import coin, cot


def generate(rng: random.Random) -> Row:
    """Two numbers up to 60."""
    a, b = rng.sample(range(60), 2)
    if coin(rng):
        word, answer, other, relation = "larger", max(a, b), min(a, b), "more"
    else:
        word, answer, other, relation = "smaller", min(a, b), max(a, b), "less"
    return {
        "a": str(a),
        "b": str(b),
        "word": word,
        "answer": str(answer),
        "options": (str(a), str(b)),
        "rationale": f"{answer} is {relation} than {other}.",
    }


register_family(
    Family(
        name="larger_number",
        cluster="comparison",
        generate=generate,
        fields=("a", "b", "word", "answer", "options", "rationale"),
        chance=1 / 2,
        templates=(
            Template("Which number is {word}, {a} or {b}?"),
            Template("Write the {word} of {a} and {b}."),
            Template("{a} , {b} : {word}", instruction="Write the number asked for.\n"),
            Template("Pick the {word} number.\n{options}", needs_options=True),
            Template("Compare {a} with {b} and give the {word} one."),
            Template("Of the numbers {a} and {b}, the {word} one is which?"),
            Template("Numbers: {a} {b}\nWhich is {word}?"),
            Template("Tell me the {word} number: {a} or {b}?"),
        ),
        cot_templates=(
            cot("Which number is {word}, {a} or {b}? Explain, then answer."),
            cot("Compare {a} with {b} and give the {word} one. Say why."),
        ),
    )
)
