"""A plan for some days; what is on one of them?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import DAYS, REVIEWED


def generate(rng: random.Random) -> Row:
    """Three days."""
    days, events = rng.sample(DAYS, 3), rng.sample(REVIEWED, 3)
    form = rng.choice(("On {} we have the {}.", "{} is the day of the {}.", "{} : {}."))
    i = rng.randrange(3)
    return {
        "plan": " ".join(form.format(day, event) for day, event in zip(days, events, strict=True)),
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
