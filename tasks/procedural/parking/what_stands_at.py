"""Vehicles and places; what is at a place, or where is a vehicle?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import PLACES, VEHICLES
from flan_jax.tasks.procedural.phrases import coin, tell_pairs

FORMS = ("The {} is at the {}.", "We left the {} at the {}.", "The {} stands near the {}.")


def generate(rng: random.Random) -> Row:
    """Three or four vehicles."""
    num = rng.randint(3, 4)
    told, vehicles, places = tell_pairs(rng, VEHICLES, PLACES, FORMS, num)
    i = rng.randrange(num)
    ask_place = coin(rng)
    return {
        "facts": told,
        "question": f"Where is the {vehicles[i]}?" if ask_place else f"What is at the {places[i]}?",
        "answer": places[i] if ask_place else vehicles[i],
        "options": tuple(places if ask_place else vehicles),
    }


register_family(
    Family(
        name="what_stands_at",
        cluster="parking",
        generate=generate,
        fields=("facts", "question", "answer", "options"),
        chance=7 / 24,
        templates=(
            Template("{facts} {question}"),
            Template("{facts}\nOne word: {question}"),
            Template("{question} {facts}", instruction="Help the driver.\n"),
            Template("{question} You can find it here: {facts}"),
            Template("Notes: {facts} {question}\n{options}"),
            Template("A driver wants to know: {question} The notes say: {facts}"),
            Template("Parking. {facts}\nQuestion: {question}"),
            Template("{facts} Now, {question}"),
        ),
    )
)
