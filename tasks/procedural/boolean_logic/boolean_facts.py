"""Two facts about colours, and a claim that joins two statements with and / or."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import COLOURS, THINGS
from flan_jax.tasks.procedural.phrases import coin, cot

WORD = {True: "true", False: "false"}


def generate(rng: random.Random) -> Row:
    """Two things with colours; each statement is right half of the time."""
    things, colours = rng.sample(THINGS, 2), rng.sample(COLOURS, 3)
    claimed = [colour if coin(rng) else colours[2] for colour in colours[:2]]
    right = [claim == colour for claim, colour in zip(claimed, colours, strict=False)]
    use_and = coin(rng)
    value = all(right) if use_and else any(right)
    link = "and" if use_and else "or"
    return {
        "facts": f"The {things[0]} is {colours[0]}. The {things[1]} is {colours[1]}.",
        "claim": f"the {things[0]} is {claimed[0]} {link} the {things[1]} is {claimed[1]}",
        "answer": "yes" if value else "no",
        "options": ("yes", "no"),
        "rationale": f"{WORD[right[0]]} {link} {WORD[right[1]]} is {WORD[value]}.",
    }


register_family(
    Family(
        name="boolean_facts",
        cluster="boolean_logic",
        generate=generate,
        fields=("facts", "claim", "answer", "options", "rationale"),
        chance=1 / 2,
        templates=(
            Template("{facts} Is it true that {claim}? Answer yes or no."),
            Template("{facts}\nClaim: {claim}.\n{options}"),
            Template("{facts} Claim: {claim}.", instruction="Does the claim hold? Write yes or no.\n"),
            Template("We see: {facts} Somebody says that {claim}. Is that right, yes or no?"),
            Template("Yes or no: {claim}? {facts}"),
            Template("{facts} Can we say that {claim}? Reply yes or no."),
            Template("Check this claim: {claim}. What we know: {facts} Say yes or no."),
            Template("{facts}\nDoes it follow that {claim}? yes or no"),
        ),
        cot_templates=(
            cot("{facts} Is it true that {claim}? Judge both parts first."),
            cot("Yes or no: {claim}? {facts} Think step by step."),
        ),
    )
)
