"""A word problem: somebody has some, gets some, loses some."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES
from flan_jax.tasks.procedural.phrases import coin, cot

COUNTED = ("balls", "books", "cups", "coins", "pens", "stamps", "apples", "hats")


def generate(rng: random.Random) -> Row:
    """One or two changes of up to nine; the count stays between 0 and 20."""
    name, things, start = rng.choice(NAMES), rng.choice(COUNTED), rng.randint(2, 9)
    count, text, steps = start, [f"{name} has {start} {things}."], []
    for _ in range(1 if coin(rng) else 2):
        if coin(rng) and count > 1:
            num = rng.randint(1, min(count, 9))
            text.append(f"{name} loses {num}.")
            steps.append(f"{count} - {num} = {count - num}.")
            count -= num
        else:
            num = rng.randint(1, 5)
            text.append(f"{name} gets {num} more.")
            steps.append(f"{count} + {num} = {count + num}.")
            count += num
    return {
        "story": " ".join(text),
        "name": name,
        "things": things,
        "answer": str(count),
        "rationale": " ".join(steps),
    }


register_family(
    Family(
        name="gain_and_loss",
        cluster="arithmetic",
        generate=generate,
        fields=("story", "name", "things", "answer", "rationale"),
        templates=(
            Template("{story} How many {things} does {name} have now?"),
            Template("{story}\nCount the {things} of {name}."),
            Template("{story} Count: {things}", instruction="Give the number at the end of the story.\n"),
            Template("How many {things} are left with {name}? {story}"),
            Template("{story} The number of {things} is now?"),
            Template("Work this out. {story} How many {things}?"),
            Template("{story} So how many {things} has {name}? Reply with a number."),
            Template("Problem: {story} Find out how many {things} there are."),
        ),
        cot_templates=(
            cot("{story} How many {things} does {name} have now? Show the sums."),
            cot("Think step by step. {story} How many {things}?"),
            cot("{story} Work out how many {things} {name} has, one sum at a time."),
        ),
    )
)
