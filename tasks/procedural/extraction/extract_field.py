"""A record of named fields; copy one of them."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import CITIES, DAYS, FOODS, JOBS, NAMES

FIELD_VALUES = {"name": NAMES, "city": CITIES, "job": JOBS, "food": FOODS, "day": DAYS}


def generate(rng: random.Random) -> Row:
    """Four fields in random order."""
    fields = rng.sample(tuple(FIELD_VALUES), 4)
    values = [rng.choice(FIELD_VALUES[field]) for field in fields]
    i = rng.randrange(4)
    return {
        "record": " ; ".join(f"{field} : {value}" for field, value in zip(fields, values, strict=True)),
        "field": fields[i],
        "answer": values[i],
        "options": tuple(values),
    }


register_family(
    Family(
        name="extract_field",
        cluster="extraction",
        kind="whole cluster",
        generate=generate,
        fields=("record", "field", "answer", "options"),
        chance=1 / 4,
        templates=(
            Template("Form: {record}\nExtract the {field}."),
            Template("What is the {field} in this form? {record}"),
            Template("{record} Field: {field}", instruction="Copy the value of the field from the form.\n"),
            Template("Read the form and write down the {field}. {record}"),
            Template("Somebody filled in a form. {record}\nWhich {field} did they write?"),
            Template("{record}\nGive me just the {field}."),
        ),
    )
)
