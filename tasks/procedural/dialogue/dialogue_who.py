"""People say what they want; who wants one thing?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import FOODS, FRUITS, NAMES

VERBS = ("like", "want", "love")


def draw_dialogue(rng: random.Random) -> tuple[str, str, list[str], list[str]]:
    """The lines, the verb, the people and what each speaks of."""
    names, foods, verb = rng.sample(NAMES, 3), rng.sample(FOODS + FRUITS, 3), rng.choice(VERBS)
    return " ".join(f"{n} : I {verb} {f}." for n, f in zip(names, foods, strict=True)), verb, names, foods


def generate(rng: random.Random) -> Row:
    """Three lines."""
    lines, verb, names, foods = draw_dialogue(rng)
    i = rng.randrange(3)
    return {"lines": lines, "verb": verb, "food": foods[i], "answer": names[i], "options": tuple(names)}


register_family(
    Family(
        name="dialogue_who",
        cluster="dialogue",
        kind="whole cluster",
        generate=generate,
        fields=("lines", "verb", "food", "answer", "options"),
        chance=1 / 3,
        templates=(
            Template("{lines} Who says that they {verb} {food}?"),
            Template("Friends at lunch. {lines}\nWho will take the {food}?"),
            Template("{lines} Food: {food}", instruction="Write who speaks of the food.\n"),
            Template("Who speaks of {food}? {lines}"),
            Template("{lines}\nName the person who would {verb} {food}."),
            Template("Listen. {lines} The one for {food} is who?"),
        ),
    )
)
