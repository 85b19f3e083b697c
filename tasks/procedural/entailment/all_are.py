"""All of a made-up kind have a property; does one of them, or one of another kind?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import COLOURS, NAMES, NONSENSE
from flan_jax.tasks.procedural.phrases import coin, cot


def generate(rng: random.Random) -> Row:
    """Two rules and one member; the colour asked about is right half of the time."""
    kinds, colours, name = rng.sample(NONSENSE, 2), rng.sample(COLOURS, 2), rng.choice(NAMES)
    i, right = rng.randrange(2), coin(rng)
    asked = colours[i] if right else colours[1 - i]
    return {
        "facts": f"Every {kinds[0]} is {colours[0]}. Every {kinds[1]} is {colours[1]}. {name} is a {kinds[i]}.",
        "question": f"Is {name} {asked}?",
        "answer": "yes" if right else "no",
        "options": ("yes", "no"),
        "rationale": f"{name} is a {kinds[i]}. Every {kinds[i]} is {colours[i]}.",
    }


register_family(
    Family(
        name="all_are",
        cluster="entailment",
        generate=generate,
        fields=("facts", "question", "answer", "options", "rationale"),
        chance=1 / 2,
        templates=(
            Template("{facts} {question} Answer yes or no."),
            Template("{facts}\n{question}\n{options}"),
            Template("{facts} {question}", instruction="Use the rules. Write yes or no.\n"),
            Template("{question} Yes or no? {facts}"),
            Template("In a far land: {facts} Now, yes or no: {question}"),
            Template("From these rules, {question} {facts} Reply with yes or no."),
            Template("Rules: {facts}\nQuestion: {question} yes or no"),
            Template("Think about {facts} What follows, yes or no? {question}"),
        ),
        cot_templates=(
            cot("{facts} {question} Name the rule that you use."),
            cot("{question} Think step by step. {facts}"),
        ),
    )
)
