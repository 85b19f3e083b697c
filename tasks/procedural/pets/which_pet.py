"""Animals and their names; which animal has a name?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import ANIMALS, NAMES
from flan_jax.tasks.procedural.pets.pet_called import FORMS
from flan_jax.tasks.procedural.phrases import tell_pairs


def generate(rng: random.Random) -> Row:
    """Three animals."""
    told, animals, names = tell_pairs(rng, ANIMALS, NAMES, FORMS, 3)
    i = rng.randrange(3)
    return {
        "facts": told,
        "name": names[i],
        "answer": animals[i],
        "options": tuple(animals),
    }


register_family(
    Family(
        name="which_pet",
        cluster="pets",
        kind="whole cluster",
        eval_split="test",
        generate=generate,
        fields=("facts", "name", "answer", "options"),
        chance=1 / 3,
        templates=(
            Template("{facts} Which animal is {name}?"),
            Template("Pets: {facts}\n{name} is the"),
            Template("{facts} Name: {name}", instruction="Write which animal has the name.\n"),
            Template("What animal is called {name}? {facts}"),
            Template("{facts} What is {name}?\n{options}"),
            Template("We have some pets. {facts} One of them is called {name}. Which one?"),
        ),
    )
)
