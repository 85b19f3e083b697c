"""Weeks to days, hours to minutes, metres to centimetres and the like."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES
from flan_jax.tasks.procedural.phrases import cot

UNITS = (
    ("metres", "centimetres", 100),
    ("hours", "minutes", 60),
    ("weeks", "days", 7),
    ("pairs", "pieces", 2),
    ("decades", "years", 10),
    ("dozens", "eggs", 12),
)


def generate(rng: random.Random) -> Row:
    """Two to nine of the larger unit; a name makes rows differ."""
    large, small, factor = rng.choice(UNITS)
    num = rng.randint(2, 9)
    return {
        "name": rng.choice(NAMES),
        "num": str(num),
        "large": large,
        "small": small,
        "answer": str(num * factor),
        "rationale": f"{num} times {factor} is {num * factor}.",
    }


register_family(
    Family(
        name="convert_units",
        cluster="units",
        generate=generate,
        fields=("name", "num", "large", "small", "answer", "rationale"),
        sizes={"train": 1_000, "validation": 64, "test": 128},
        templates=(
            Template("{name} has {num} {large}. How many {small} is that?"),
            Template("Help {name}: write {num} {large} in {small}."),
            Template("{name} : {num} {large} in {small}", instruction="Change the unit and give the number.\n"),
            Template("How many {small} are in {num} {large}, asks {name}."),
            Template("{name} needs {num} {large}. Say it in {small}."),
            Template("{num} {large} for {name} are how many {small}?"),
            Template("Convert for {name}: {num} {large} to {small}"),
            Template("Tell {name} the number of {small} in {num} {large}."),
        ),
        cot_templates=(
            cot("{name} has {num} {large}. How many {small} is that? Show the product."),
            cot("Step by step: how many {small} are in {num} {large}, asks {name}."),
        ),
    )
)
