"""People say what they want; what does one of them want?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.dialogue.dialogue_who import draw_dialogue
from flan_jax.tasks.procedural.family import Family, register_family


def generate(rng: random.Random) -> Row:
    """Three lines."""
    lines, verb, names, foods = draw_dialogue(rng)
    i = rng.randrange(3)
    return {"lines": lines, "verb": verb, "name": names[i], "answer": foods[i], "options": tuple(foods)}


register_family(
    Family(
        name="dialogue_what",
        cluster="dialogue",
        kind="whole cluster",
        generate=generate,
        fields=("lines", "verb", "name", "answer", "options"),
        chance=1 / 3,
        templates=(
            Template("{lines} What does {name} {verb}?"),
            Template("Friends at lunch. {lines}\nWhat shall we give to {name}?"),
            Template("{lines} Speaker: {name}", instruction="Write the food that the speaker names.\n"),
            Template("What does {name} speak of? {lines}"),
            Template("{lines}\nName the food that {name} would {verb}."),
            Template("Listen. {lines} So {name} is for what?"),
        ),
    )
)
