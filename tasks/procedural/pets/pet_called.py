"""Animals and their names; what is one called?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import ANIMALS, NAMES
from flan_jax.tasks.procedural.phrases import tell_pairs

FORMS = ("The {} is called {}.", "We call the {} {}.", "The name of the {} is {}.")


def generate(rng: random.Random) -> Row:
    """Three animals."""
    told, animals, names = tell_pairs(rng, ANIMALS, NAMES, FORMS, 3)
    i = rng.randrange(3)
    return {
        "facts": told,
        "animal": animals[i],
        "answer": names[i],
        "options": tuple(names),
    }


register_family(
    Family(
        name="pet_called",
        cluster="pets",
        kind="whole cluster",
        eval_split="test",
        generate=generate,
        fields=("facts", "animal", "answer", "options"),
        chance=1 / 3,
        templates=(
            Template("{facts} What do they call the {animal}?"),
            Template("Pets: {facts}\nThe {animal} is"),
            Template("{facts} Animal: {animal}", instruction="Write the name of the animal.\n"),
            Template("What is the name of the {animal}? {facts}"),
            Template("{facts} How is the {animal} called?\n{options}"),
            Template("We have some pets. {facts} Say how to call the {animal}."),
        ),
    )
)
