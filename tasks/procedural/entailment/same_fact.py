"""Is a statement true, given a text?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.entailment.facts import draw_pair
from flan_jax.tasks.procedural.family import Family, register_family


def generate(rng: random.Random) -> Row:
    """A text of two facts and a statement."""
    text, statement, right = draw_pair(rng)
    return {
        "text": text,
        "statement": statement,
        "answer": "true" if right else "false",
        "options": ("true", "false"),
    }


register_family(
    Family(
        name="same_fact",
        cluster="entailment",
        generate=generate,
        fields=("text", "statement", "answer", "options"),
        chance=1 / 2,
        templates=(
            Template("Text: {text}\nStatement: {statement}\nTrue or false?"),
            Template("{text} From this, is it true or false that: {statement}"),
            Template("{text} Statement: {statement}", instruction="Write true or false for each statement.\n"),
            Template("Premise: {text} Hypothesis: {statement}\n{options}"),
            Template("Read this. {text} Is the next line true or false? {statement}"),
            Template("{statement} True or false? The text says: {text}"),
            Template("Does the text agree? {text} Line: {statement} Answer true or false."),
            Template("We are told: {text} Judge as true or false: {statement}"),
        ),
    )
)
