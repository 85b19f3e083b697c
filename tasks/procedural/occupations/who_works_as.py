"""People and their jobs; who has a job?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import JOBS, NAMES
from flan_jax.tasks.procedural.occupations.job_of import FORMS
from flan_jax.tasks.procedural.phrases import tell_pairs


def generate(rng: random.Random) -> Row:
    """Three or four people."""
    num = rng.randint(3, 4)
    told, names, jobs = tell_pairs(rng, NAMES, JOBS, FORMS, num)
    i = rng.randrange(num)
    return {
        "facts": told,
        "job": jobs[i],
        "answer": names[i],
        "options": tuple(names),
    }


register_family(
    Family(
        name="who_works_as",
        cluster="occupations",
        generate=generate,
        fields=("facts", "job", "answer", "options"),
        chance=7 / 24,
        templates=(
            Template("{facts} Who is the {job}?"),
            Template("{facts}\nThe {job} is called:"),
            Template("{facts} Job: {job}", instruction="Write the name of the person with the job.\n"),
            Template("We need a {job}. Whom do we ask? {facts}"),
            Template("{facts} Which one is the {job}?\n{options}"),
            Template("People and work. {facts}\nWho works as a {job}?"),
            Template("Give the name of the {job}. {facts}"),
            Template("{facts}\nA {job} is needed, so call"),
        ),
    )
)
