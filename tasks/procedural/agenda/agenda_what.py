"""A plan for some days; what is on one of them?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import DAYS, REVIEWED
from flan_jax.tasks.procedural.phrases import tell_pairs

FORMS = ("On {} we have the {}.", "{} is the day of the {}.", "{} : {}.")


def generate(rng: random.Random) -> Row:
    """Three days."""
    told, days, events = tell_pairs(rng, DAYS, REVIEWED, FORMS, 3)
    i = rng.randrange(3)
    return {
        "plan": told,
        "day": days[i],
        "answer": events[i],
        "options": tuple(events),
    }


register_family(
    Family(
        name="agenda_what",
        cluster="agenda",
        kind="whole cluster",
        eval_split="test",
        generate=generate,
        fields=("plan", "day", "answer", "options"),
        chance=1 / 3,
        templates=(
            Template("{plan} What happens on {day}?"),
            Template("Agenda: {plan}\nOn {day}:"),
            Template("{plan} Day: {day}", instruction="Write what is planned for the day.\n"),
            Template("What do we do on {day}? {plan}"),
            Template("{plan} What is on {day}?\n{options}"),
            Template("This is our week. {plan} Say what there is on {day}."),
        ),
    )
)
