"""People and what they have; name the owner or the thing."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import NAMES, THINGS
from flan_jax.tasks.procedural.phrases import coin, cot

VERBS = ("has", "owns", "holds", "carries")


def generate(rng: random.Random) -> Row:
    """Three or four sentences "NAME VERB the THING."."""
    num = rng.randint(3, 4)
    names, things = rng.sample(NAMES, num), rng.sample(THINGS, num)
    verb = rng.choice(VERBS)
    facts = [f"{name} {verb} the {thing}." for name, thing in zip(names, things, strict=True)]
    i = rng.randrange(num)
    ask_owner = coin(rng)
    question = f"Who {verb} the {things[i]}?" if ask_owner else f"What is it that {names[i]} {verb}?"
    return {
        "facts": " ".join(facts),
        "question": question,
        "answer": names[i] if ask_owner else things[i],
        "options": tuple(names if ask_owner else things),
        "rationale": facts[i],
    }


register_family(
    Family(
        name="who_has",
        cluster="lookup",
        generate=generate,
        fields=("facts", "question", "answer", "options", "rationale"),
        chance=7 / 24,
        templates=(
            Template("{facts} {question}"),
            Template("Read: {facts}\nQuestion: {question} Answer in one word."),
            Template("Facts: {facts} {question}", instruction="Use the facts to answer.\n"),
            Template("{question} Here is what we know: {facts}"),
            Template("{facts}\n{question}\n{options}"),
            Template("Text: {facts}\nNow tell me: {question}"),
            Template("Answer the question from the text.\nText: {facts}\n{question}"),
            Template("We know this. {facts} So: {question} One word, please."),
        ),
        cot_templates=(
            cot("{facts} {question} First say the fact that helps."),
            cot("{facts}\n{question} Explain, then answer."),
            cot("{question} Think step by step. {facts}"),
        ),
    )
)
