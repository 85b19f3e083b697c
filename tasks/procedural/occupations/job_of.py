"""People and their jobs; what is the job of one?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import JOBS, NAMES
from flan_jax.tasks.procedural.phrases import tell_pairs

FORMS = ("{} is a {}.", "{} works as a {}.")


def generate(rng: random.Random) -> Row:
    """Three or four people."""
    num = rng.randint(3, 4)
    told, names, jobs = tell_pairs(rng, NAMES, JOBS, FORMS, num)
    i = rng.randrange(num)
    return {
        "facts": told,
        "name": names[i],
        "answer": jobs[i],
        "options": tuple(jobs),
    }


register_family(
    Family(
        name="job_of",
        cluster="occupations",
        generate=generate,
        fields=("facts", "name", "answer", "options"),
        chance=7 / 24,
        templates=(
            Template("{facts} What is the job of {name}?"),
            Template("{facts}\nJob of {name}:"),
            Template("{facts} The person is {name}", instruction="Write the job of the person.\n"),
            Template("How does {name} earn money? {facts}"),
            Template("{facts} What does {name} work as?\n{options}"),
            Template("Read about some people. {facts}\nName the work that {name} does."),
            Template("At work {name} is what? {facts}"),
            Template("{facts}\nTell me the job that {name} has."),
        ),
    )
)
