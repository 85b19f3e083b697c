"""A plan for some days; when is one thing?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.agenda.agenda_what import FORMS
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import DAYS, REVIEWED
from flan_jax.tasks.procedural.phrases import tell_pairs


def generate(rng: random.Random) -> Row:
    """Three days."""
    told, days, events = tell_pairs(rng, DAYS, REVIEWED, FORMS, 3)
    i = rng.randrange(3)
    return {
        "plan": told,
        "event": events[i],
        "answer": days[i],
        "options": tuple(days),
    }


register_family(
    Family(
        name="agenda_when",
        cluster="agenda",
        kind="whole cluster",
        eval_split="test",
        generate=generate,
        fields=("plan", "event", "answer", "options"),
        chance=1 / 3,
        templates=(
            Template("{plan} When is the {event}?"),
            Template("Agenda: {plan}\nDay of the {event}:"),
            Template("{plan} Event: {event}", instruction="Write the day of the event.\n"),
            Template("On which day is the {event}? {plan}"),
            Template("{plan} Which day has the {event}?\n{options}"),
            Template("This is our week. {plan} Name the day for the {event}."),
        ),
    )
)
