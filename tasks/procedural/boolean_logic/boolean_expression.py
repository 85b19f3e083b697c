"""The value of a short expression of true, false, and, or, not."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.phrases import coin, cot

WORD = {True: "true", False: "false"}


def _term(rng: random.Random) -> tuple[str, bool, str]:
    """A value with or without "not": its text, its value, and a step that says so ("" where nothing is to be said)."""
    value = coin(rng)
    if coin(rng):
        return WORD[value], value, ""
    return f"not {WORD[value]}", not value, f"not {WORD[value]} is {WORD[not value]}."


def generate(rng: random.Random) -> Row:
    """Two to four terms, joined by the same word."""
    terms = [_term(rng) for _ in range(rng.randint(2, 4))]
    use_and = coin(rng)
    values = [value for _, value, _ in terms]
    value = all(values) if use_and else any(values)
    link = " and " if use_and else " or "
    steps = [step for _, _, step in terms if step]
    steps.append(f"{link.join(WORD[v] for v in values)} is {WORD[value]}.")
    return {
        "expression": link.join(text for text, _, _ in terms),
        "answer": WORD[value],
        "options": ("true", "false"),
        "rationale": " ".join(steps),
    }


register_family(
    Family(
        name="boolean_expression",
        cluster="boolean_logic",
        generate=generate,
        fields=("expression", "answer", "options", "rationale"),
        chance=1 / 2,
        templates=(
            Template("Is this true or false? {expression}"),
            Template("Work out the value: {expression}\n{options}"),
            Template("Expression: {expression}", instruction="Give the value of the logical expression.\n"),
            Template("What do we get from {expression} ? Answer true or false."),
            Template("{expression} ="),
            Template("Decide whether {expression} comes out true or false."),
            Template("Logic: {expression}\nThe result, in one word?"),
            Template("Evaluate {expression}"),
        ),
        cot_templates=(
            cot("Is this true or false? {expression} Think step by step."),
            cot("Work out the value and show the steps: {expression}"),
        ),
    )
)
