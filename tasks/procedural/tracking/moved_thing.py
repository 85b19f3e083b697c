"""A thing is put into one box after another; what colour is the box that it is in?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import COLOURS, FRUITS, TOOLS
from flan_jax.tasks.procedural.phrases import coin, cot


def generate(rng: random.Random) -> Row:
    """Two things in boxes; one of them moves, and the question is about either."""
    moved, other = rng.sample(FRUITS + TOOLS, 2)
    first, last, still = rng.sample(COLOURS, 3)
    asked, answer = (moved, last) if coin(rng) else (other, still)
    facts = [f"The {moved} is in the {first} box.", f"The {other} is in the {still} box."]
    if coin(rng):
        facts.reverse()
    return {
        "story": f"{' '.join(facts)} Then the {moved} goes to the {last} box.",
        "thing": asked,
        "answer": answer,
        "options": (first, last, still),
        "rationale": f"The {asked} {'goes to' if asked == moved else 'is in'} the {answer} box.",
    }


register_family(
    Family(
        name="moved_thing",
        cluster="tracking",
        generate=generate,
        fields=("story", "thing", "answer", "options", "rationale"),
        chance=1 / 3,
        templates=(
            Template("{story} Which box has the {thing} now? Give the colour."),
            Template("{story}\nColour of the box with the {thing}?\n{options}"),
            Template("{story} Thing: {thing}", instruction="Write the colour of the box that the thing is in.\n"),
            Template("What is the colour of the box with the {thing} at the end? {story}"),
            Template("{story} Now the {thing} is in a box. Which colour?"),
            Template("Watch the boxes. {story} Find the {thing} and say the colour."),
            Template("{story} To get the {thing}, which box do you open?"),
            Template("Say the colour of the box that holds the {thing}. {story}"),
        ),
        cot_templates=(
            cot("{story} Which box has the {thing} now? Say the last fact first."),
            cot("Find the {thing}, step by step. {story}"),
        ),
    )
)
