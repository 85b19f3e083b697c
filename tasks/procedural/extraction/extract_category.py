"""A sentence with a name, a place and words of two categories; copy the word of the kind asked for."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import CATEGORIES, CATEGORY_NAMES, NAMES
from flan_jax.tasks.procedural.phrases import article

FRAMES = (
    "{name} found {a}, {b} and {c}.",
    "There is {a} near {b} and {c}, said {name}.",
    "{name} drew {a} beside {b} and then {c}.",
    "In the picture of {name} are {a}, {b} and {c}.",
)


def generate(rng: random.Random) -> Row:
    """Three words of three categories."""
    categories = rng.sample([name for name in CATEGORY_NAMES if name != "colour"], 3)
    words = [rng.choice(CATEGORIES[category]) for category in categories]
    a, b, c = (article(word) for word in words)
    i = rng.randrange(3)
    return {
        "sentence": rng.choice(FRAMES).format(name=rng.choice(NAMES), a=a, b=b, c=c),
        "category": categories[i],
        "answer": words[i],
        "options": tuple(words),
    }


register_family(
    Family(
        name="extract_category",
        cluster="extraction",
        kind="whole cluster",
        generate=generate,
        fields=("sentence", "category", "answer", "options"),
        chance=1 / 3,
        templates=(
            Template("Extract the {category} from this sentence. {sentence}"),
            Template("Sentence: {sentence}\nWhich {category} is named?"),
            Template("{sentence} Extract: {category}", instruction="Copy the word of the stated kind.\n"),
            Template("{sentence}\nWrite the {category} that you find in the text."),
            Template("Copy out the {category}: {sentence}"),
            Template("Which word in the sentence is the {category}? {sentence}"),
        ),
    )
)
