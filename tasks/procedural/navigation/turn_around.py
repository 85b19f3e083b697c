"""Facing one way, turn; which way now?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import DIRECTIONS, NAMES
from flan_jax.tasks.procedural.phrases import cot

TURNS = {"right": 1, "around": 2, "left": -1}


def generate(rng: random.Random) -> Row:
    """One or two turns."""
    name, start = rng.choice(NAMES), rng.randrange(4)
    turns = rng.choices(tuple(TURNS), k=rng.randint(1, 2))
    facing, steps = start, []
    for turn in turns:
        facing = (facing + TURNS[turn]) % 4
        steps.append(f"turns {turn} to {DIRECTIONS[facing]}")
    return {
        "story": f"{name} looks {DIRECTIONS[start]} and turns {' and then '.join(turns)}.",
        "name": name,
        "answer": DIRECTIONS[facing],
        "options": DIRECTIONS,
        "rationale": f"{name} {' and '.join(steps)}.",
    }


register_family(
    Family(
        name="turn_around",
        cluster="navigation",
        generate=generate,
        fields=("story", "name", "answer", "options", "rationale"),
        chance=1 / 4,
        sizes={"train": 1_000, "validation": 64, "test": 128},
        templates=(
            Template("{story} Which way does {name} look now?"),
            Template("{story}\nNow {name} looks to the\n{options}"),
            Template("{story}", instruction="Give the direction at the end.\n"),
            Template("In which direction does {name} look in the end? {story}"),
            Template("{story} Say the direction: north, east, south or west."),
            Template("Follow the turns. {story} Where does {name} look?"),
            Template("{story} After that, what is in front of {name}: north, east, south or west?"),
            Template("Find out where {name} looks at the end. {story}"),
        ),
        cot_templates=(
            cot("{story} Which way does {name} look now? Go turn by turn."),
            cot("Think step by step. Where does {name} look in the end? {story}"),
        ),
    )
)
