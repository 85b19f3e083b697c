"""Things and their colours; name the colour or the thing."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import COLOURS, GARMENTS, THINGS
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """Three or four things of different colours."""
    num = rng.randint(3, 4)
    things, colours = rng.sample(THINGS + GARMENTS, num), rng.sample(COLOURS, num)
    facts = [f"The {thing} is {colour}." for thing, colour in zip(things, colours, strict=True)]
    i = rng.randrange(num)
    ask_colour = coin(rng)
    question = f"What colour is the {things[i]}?" if ask_colour else f"Which thing is {colours[i]}?"
    return {
        "facts": " ".join(facts),
        "question": question,
        "answer": colours[i] if ask_colour else things[i],
        "options": tuple(colours if ask_colour else things),
    }


register_family(
    Family(
        name="colour_of",
        cluster="lookup",
        generate=generate,
        fields=("facts", "question", "answer", "options"),
        chance=7 / 24,
        templates=(
            Template("{facts} {question}"),
            Template("{question}\n{facts}\nAnswer with one word."),
            Template("Scene: {facts} {question}", instruction="Look at the scene and answer.\n"),
            Template("Here is a room. {facts} {question}\n{options}"),
            Template("{facts}\nAnswer this: {question}"),
            Template("Look around you. {facts} {question} Say it in a word."),
            Template("Use the description to answer. {facts} {question}"),
            Template("Description: {facts}\nQuestion: {question}\nGive just the word."),
        ),
    )
)
