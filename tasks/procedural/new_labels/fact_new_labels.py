"""labelled_fact with label words that training never uses as labels (report)."""

import random

from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.entailment.labelled_fact import FIELDS, TEMPLATES, generate_with
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NEW_LABELS


def generate(rng: random.Random) -> Row:
    """New labels only."""
    return generate_with(rng, NEW_LABELS)


register_family(
    Family(
        name="fact_new_labels",
        cluster="new_labels",
        kind="new label words",
        eval_split="test",
        generate=generate,
        fields=FIELDS,
        chance=1 / 2,
        templates=TEMPLATES[:6],
    )
)
