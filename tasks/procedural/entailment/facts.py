"""Pairs of a text and a statement, shared by the families of this cluster and by the one with new label words."""

import random

from flan_jax.tasks.procedural.lexicon import ANIMALS, COLOURS, NAMES, THINGS
from flan_jax.tasks.procedural.phrases import coin


def draw_pair(rng: random.Random) -> tuple[str, str, bool]:
    """A text of two facts, a statement about one of them, and whether the statement is right."""
    if coin(rng):
        people, things = rng.sample(NAMES, 2), rng.sample(THINGS, 3)
        facts = [f"{name} has the {thing}." for name, thing in zip(people, things, strict=False)]
        wrong = [f"{people[0]} has the {things[1]}.", f"{people[0]} has the {things[2]}."]
    else:
        animals, colours = rng.sample(ANIMALS, 2), rng.sample(COLOURS, 3)
        facts = [f"The {animal} is {colour}." for animal, colour in zip(animals, colours, strict=False)]
        wrong = [f"The {animals[0]} is {colours[1]}.", f"The {animals[0]} is {colours[2]}."]
    right = coin(rng)
    statement = facts[0] if right else rng.choice(wrong)
    rng.shuffle(facts)
    return " ".join(facts), statement, right
