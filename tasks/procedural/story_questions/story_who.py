"""People went to places; who is in one of them?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.story_questions.story_where import draw_story


def generate(rng: random.Random) -> Row:
    """Three or four people in different places."""
    story, names, places = draw_story(rng)
    i = rng.randrange(len(names))
    return {"story": story, "place": places[i], "answer": names[i], "options": tuple(names)}


register_family(
    Family(
        name="story_who",
        cluster="story_questions",
        kind="whole cluster",
        generate=generate,
        fields=("story", "place", "answer", "options"),
        chance=7 / 24,
        templates=(
            Template("{story} Who is in the {place}?"),
            Template("Story: {story}\nName the person in the {place}."),
            Template("{story} Place: {place}", instruction="Read the story and write who is at the place.\n"),
            Template("Who can be met in the {place}? {story} Answer with a name."),
            Template("{story}\nWhich person do we find in the {place}?"),
            Template("Read the story. {story}\nQuestion: who is now in the {place}?"),
        ),
    )
)
