"""labelled_review with label words that training never uses as labels (selection)."""

import random

from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NEW_LABELS
from flan_jax.tasks.procedural.sentiment.labelled_review import FIELDS, TEMPLATES, generate_with


def generate(rng: random.Random) -> Row:
    """New labels only."""
    return generate_with(rng, NEW_LABELS)


register_family(
    Family(
        name="review_new_labels",
        cluster="new_labels",
        kind="new label words",
        generate=generate,
        fields=FIELDS,
        chance=1 / 2,
        templates=TEMPLATES[:6],
    )
)
