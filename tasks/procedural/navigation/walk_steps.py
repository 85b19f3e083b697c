"""Steps forward and back; does one return to the start?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES
from flan_jax.tasks.procedural.phrases import coin, cot

WAYS = (("forward", "back"), ("left", "right"), ("up", "down"))


def generate(rng: random.Random) -> Row:
    """Two moves on one line, of the same length half of the time."""
    name = rng.choice(NAMES)
    there, back = rng.choice(WAYS)
    if coin(rng):
        there, back = back, there
    a = rng.randint(2, 20)
    b = a if coin(rng) else rng.choice([n for n in range(2, 21) if n != a])
    same = "is" if a == b else "is not"
    return {
        "story": f"{name} goes {a} steps {there} and {b} steps {back}.",
        "name": name,
        "answer": "yes" if a == b else "no",
        "options": ("yes", "no"),
        "rationale": f"{a} {same} {b}.",
    }


register_family(
    Family(
        name="walk_steps",
        cluster="navigation",
        generate=generate,
        fields=("story", "name", "answer", "options", "rationale"),
        chance=1 / 2,
        templates=(
            Template("{story} Is {name} back at the start? Answer yes or no."),
            Template("{story}\nDoes {name} come back?\n{options}"),
            Template("{story}", instruction="Is the person at the start again? Write yes or no.\n"),
            Template("Yes or no: does {name} end at the start? {story}"),
            Template("{story} Is that a return to the start, yes or no?"),
            Template("{story} Say yes if {name} is at the start again and no if not."),
            Template("Does {name} return to the first place? {story} yes or no"),
            Template("Follow the steps. {story} Back again? Reply yes or no."),
        ),
        cot_templates=(
            cot("{story} Is {name} back at the start? Compare the steps."),
            cot("Does {name} come back? Think first. {story}"),
        ),
    )
)
