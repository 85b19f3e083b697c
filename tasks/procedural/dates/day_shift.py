"""Which day is it some days later or earlier?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import DAYS, NAMES
from flan_jax.tasks.procedural.phrases import coin, cot


def generate(rng: random.Random) -> Row:
    """Up to three days on or back; a name makes rows differ."""
    start, num, later = rng.randrange(7), rng.randint(1, 3), coin(rng)
    step = 1 if later else -1
    run = [DAYS[(start + step * i) % 7] for i in range(num + 1)]
    return {
        "name": rng.choice(NAMES),
        "day": run[0],
        "shift": f"{num} day{'s' if num > 1 else ''} {'later' if later else 'earlier'}",
        "answer": run[-1],
        "options": DAYS,
        "rationale": f"{' '.join(run)}.",
    }


register_family(
    Family(
        name="day_shift",
        cluster="dates",
        generate=generate,
        fields=("name", "day", "shift", "answer", "options", "rationale"),
        chance=1 / 7,
        sizes={"train": 1_000, "validation": 64, "test": 128},
        templates=(
            Template("{name} knows that it is {day}. Which day is {shift}?"),
            Template("The party of {name} is on {day}. What day is it {shift}?"),
            Template("{name} , {day} , {shift}", instruction="Write the day that is meant.\n"),
            Template("Start: {day} with {name}. Move: {shift}. Day?"),
            Template("{name} works on {day} and rests {shift}. On which day does {name} rest?"),
            Template("It is {day}. {name} comes {shift}. Name that day."),
            Template("If {name} calls on {day} and again {shift}, on what day is the other call?"),
            Template("Say for {name} which day comes {shift} when you start from {day}."),
        ),
        cot_templates=(
            cot("{name} knows that it is {day}. Which day is {shift}? Go day by day."),
            cot("It is {day}. {name} comes {shift}. Name that day, step by step."),
        ),
    )
)
