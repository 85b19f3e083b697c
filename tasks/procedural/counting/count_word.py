"""How often does a word occur?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS
from flan_jax.tasks.procedural.phrases import cot


def generate(rng: random.Random) -> Row:
    """Up to four times the word among two others."""
    word, *others = rng.sample(LIST_WORDS, 3)
    num = rng.randint(1, 4)
    words = [word] * num + rng.choices(others, k=rng.randint(1, 3))
    rng.shuffle(words)
    steps = ", ".join(f"{word} {i + 1}" for i in range(num))
    return {"words": " ".join(words), "word": word, "answer": str(num), "rationale": f"{steps}."}


register_family(
    Family(
        name="count_word",
        cluster="counting",
        generate=generate,
        fields=("words", "word", "answer", "rationale"),
        templates=(
            Template("How many times is {word} in this list? {words}"),
            Template("Count {word}: {words}"),
            Template("Words: {words} Count: {word}", instruction="Count how often the word is there.\n"),
            Template("{words}\nHow often do you see {word}? Give a number."),
            Template("In {words} the word {word} comes how many times?"),
            Template("Look for {word} in {words} and count."),
            Template("The list {words} has {word} how often?"),
            Template("Number of times that {word} is written here: {words}"),
        ),
        cot_templates=(
            cot("How many times is {word} in this list? Count aloud. {words}"),
            cot("Count {word} one by one: {words}"),
        ),
    )
)
