"""Three people hold things, two of them swap; who has what?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES, THINGS
from flan_jax.tasks.procedural.phrases import coin, cot


def generate(rng: random.Random) -> Row:
    """One or two swaps; the question is about one who took part."""
    names, things = rng.sample(NAMES, 3), rng.sample(THINGS, 3)
    holds = dict(zip(names, things, strict=True))
    text, steps = [f"{n} has the {t}." for n, t in holds.items()], []
    asked = names[0]
    for _ in range(1 if coin(rng) else 2):
        a, b = rng.sample(names, 2)
        holds[a], holds[b] = holds[b], holds[a]
        text.append(f"{a} and {b} swap.")
        steps.append(f"{a} has the {holds[a]} and {b} has the {holds[b]}.")
        asked = rng.choice((a, b))
    return {
        "story": " ".join(text),
        "name": asked,
        "answer": holds[asked],
        "options": tuple(things),
        "rationale": " ".join(steps),
    }


register_family(
    Family(
        name="swap_things",
        cluster="tracking",
        generate=generate,
        fields=("story", "name", "answer", "options", "rationale"),
        chance=1 / 3,
        templates=(
            Template("{story} What does {name} have now?"),
            Template("{story}\nWhich thing does {name} hold at the end?\n{options}"),
            Template("{story} Person: {name}", instruction="Write what the person has after the swaps.\n"),
            Template("What has {name} in the end? {story}"),
            Template("{story} At the end {name} has the"),
            Template("Watch the swaps. {story} Now say what is with {name}."),
            Template("After all swaps, what is held by {name}? {story}"),
            Template("{story} Tell me what {name} got."),
        ),
        cot_templates=(
            cot("{story} What does {name} have now? Follow each swap."),
            cot("Go through the swaps one by one. {story} What has {name} in the end?"),
        ),
    )
)
