"""People went to places; where is one of them?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES, PLACES

VERBS = ("went to", "ran to", "drove to", "walked to", "is in", "stays in")


def draw_story(rng: random.Random) -> tuple[str, list[str], list[str]]:
    """The story, its people and their places."""
    num = rng.randint(3, 4)
    names, places, verbs = rng.sample(NAMES, num), rng.sample(PLACES, num), rng.sample(VERBS, num)
    facts = [f"{n} {v} the {p}." for n, v, p in zip(names, verbs, places, strict=True)]
    return " ".join(facts), names, places


def generate(rng: random.Random) -> Row:
    """Three or four people in different places."""
    story, names, places = draw_story(rng)
    i = rng.randrange(len(names))
    return {"story": story, "name": names[i], "answer": places[i], "options": tuple(places)}


register_family(
    Family(
        name="story_where",
        cluster="story_questions",
        kind="whole cluster",
        generate=generate,
        fields=("story", "name", "answer", "options"),
        chance=7 / 24,
        templates=(
            Template("{story} Where is {name}?"),
            Template("Story: {story}\nIn which place is {name} now?"),
            Template("{story} Person: {name}", instruction="Read the story and write where the person is.\n"),
            Template("Where can we meet {name}? {story} Answer in one word."),
            Template("{story}\nName the place of {name}."),
            Template("Read the story. {story}\nQuestion: where is {name}?"),
        ),
    )
)
