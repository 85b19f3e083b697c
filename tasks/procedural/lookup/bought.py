"""People did things to things, each with another verb; find the person, the thing or the deed."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES, THINGS, TOOLS

# Past form and plain form.
VERBS = (("bought", "buy"), ("sold", "sell"), ("found", "find"), ("lost", "lose"), ("painted", "paint"),
         ("mended", "mend"), ("washed", "wash"), ("cleaned", "clean"))  # fmt: skip


def generate(rng: random.Random) -> Row:
    """Three sentences with different people, verbs and things; two of the three ways to ask."""
    names, verbs, things = rng.sample(NAMES, 3), rng.sample(VERBS, 3), rng.sample(THINGS + TOOLS, 3)
    i = rng.randrange(3)
    past, plain = verbs[i]
    ways = {
        f"Who {past} something?": names,
        f"Who {past} the {things[i]}?": names,
        f"What did {names[i]} {plain}?": things,
        f"What was {past}?": things,
        f"What did {names[i]} do with the {things[i]}?": [verb for verb, _ in verbs],
    }
    question = rng.choice(tuple(ways))
    return {
        "facts": " ".join(f"{n} {v} the {t}." for n, (v, _), t in zip(names, verbs, things, strict=True)),
        "question": question,
        "answer": ways[question][i],
        "options": tuple(ways[question]),
    }


register_family(
    Family(
        name="bought",
        cluster="lookup",
        generate=generate,
        fields=("facts", "question", "answer", "options"),
        chance=1 / 3,
        templates=(
            Template("{facts} {question}"),
            Template("News of the day: {facts}\n{question}"),
            Template("{facts} {question}", instruction="Answer each question with one word from the text.\n"),
            Template("{question} The text says: {facts}"),
            Template("Last week: {facts} {question}\n{options}"),
            Template("Read this and answer shortly. {facts} {question}"),
            Template("This happened: {facts}\nMy question: {question}"),
            Template("Report: {facts} Please answer: {question}"),
        ),
    )
)
