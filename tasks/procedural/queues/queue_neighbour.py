"""People in a queue; who stands behind or in front of one?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """Three or four people, from the front on."""
    names = rng.sample(NAMES, rng.randint(3, 4))
    i = rng.randrange(len(names) - 1)
    behind = coin(rng)
    return {
        "queue": " ".join(names),
        "name": names[i] if behind else names[i + 1],
        "word": "behind" if behind else "in front of",
        "answer": names[i + 1] if behind else names[i],
        "options": tuple(names),
    }


register_family(
    Family(
        name="queue_neighbour",
        cluster="queues",
        kind="whole cluster",
        eval_split="test",
        generate=generate,
        fields=("queue", "name", "word", "answer", "options"),
        chance=7 / 24,
        templates=(
            Template("From front to back stand {queue}. Who is {word} {name}?"),
            Template("Queue: {queue}\nRight {word} {name}:"),
            Template(
                "Queue: {queue}. {word} {name} ?", instruction="Write who stands there. The first name is the front.\n"
            ),
            Template("Who waits {word} {name}? The queue is {queue}"),
            Template("{queue} wait at the shop, the first one in front. Who is {word} {name}?\n{options}"),
            Template("People wait: {queue}. Say who stands {word} {name}."),
        ),
    )
)
