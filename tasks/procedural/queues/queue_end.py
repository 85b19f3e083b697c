"""People in a queue; who is served first, who last?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """Three or four people, from the front on."""
    names = rng.sample(NAMES, rng.randint(3, 4))
    front = coin(rng)
    return {
        "queue": " ".join(names),
        "end": "front" if front else "back",
        "answer": names[0] if front else names[-1],
        "options": tuple(names),
    }


register_family(
    Family(
        name="queue_end",
        cluster="queues",
        kind="whole cluster",
        eval_split="test",
        generate=generate,
        fields=("queue", "end", "answer", "options"),
        chance=7 / 24,
        templates=(
            Template("From front to back stand {queue}. Who is at the {end}?"),
            Template("Queue: {queue}\nAt the {end}:"),
            Template(
                "Queue: {queue}. End: {end}",
                instruction="Write who stands at the end that is asked for. The first name is the front.\n",
            ),
            Template("Who waits at the {end}? The queue is {queue}"),
            Template("{queue} wait at the shop, the first one in front. Who is at the {end}?\n{options}"),
            Template("People wait: {queue}. Say who stands at the {end}."),
        ),
    )
)
