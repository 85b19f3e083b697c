"""Say a word once, several times, or with another."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS, NAMES


def generate(rng: random.Random) -> Row:
    """An order, and what to write when one follows it."""
    a, b = rng.sample(LIST_WORDS + NAMES, 2)
    order, answer = rng.choice(
        [
            (f"write {a}", a),
            (f"write {a} twice", f"{a} {a}"),
            (f"write {a} three times", f"{a} {a} {a}"),
            (f"write {a} and then {b}", f"{a} {b}"),
            (f"write {a} but before it {b}", f"{b} {a}"),
            (f"write {a} and not {b}", a),
            (f"do not write {a} but {b}", b),
            (f"write {a} twice and then {b}", f"{a} {a} {b}"),
        ]
    )
    return {"order": order, "answer": answer}


register_family(
    Family(
        name="say_word",
        cluster="word_manipulation",
        generate=generate,
        fields=("order", "answer"),
        templates=(
            Template("Please {order}."),
            Template("Your task is to {order}."),
            Template("Order: {order}", instruction="Do what the order says.\n"),
            Template("I want you to {order}. Nothing else."),
            Template("Follow this: {order}."),
            Template("Now {order}!"),
            Template("Your only job today: {order}."),
            Template("Would you {order}, please?"),
        ),
    )
)
