"""Whom does he or she mean?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import MEN, WOMEN
from flan_jax.tasks.procedural.phrases import coin, cot

SCENES = (
    ("{a} met {b} and", "smiled."),
    ("{a} called {b} because", "was late."),
    ("{a} thanked {b} when", "came home."),
    ("{a} sat near {b} while", "sang."),
    ("{a} wrote to {b} after", "had left."),
)


def generate(rng: random.Random) -> Row:
    """A woman and a man in either order, and a pronoun."""
    woman, man = rng.choice(WOMEN), rng.choice(MEN)
    a, b = (woman, man) if coin(rng) else (man, woman)
    head, tail = rng.choice(SCENES)
    pronoun, answer, kind = ("she", woman, "woman") if coin(rng) else ("he", man, "man")
    return {
        "sentence": f"{head.format(a=a, b=b)} {pronoun} {tail}",
        "pronoun": pronoun,
        "answer": answer,
        "options": (a, b),
        "rationale": f"The word {pronoun} means a {kind}, and {answer} is a {kind}.",
    }


register_family(
    Family(
        name="pronoun_person",
        cluster="coreference",
        generate=generate,
        fields=("sentence", "pronoun", "answer", "options", "rationale"),
        chance=1 / 2,
        templates=(
            Template("{sentence} Who is meant by {pronoun}?"),
            Template("Sentence: {sentence}\nThe word {pronoun} stands for which person?"),
            Template("{sentence} Word: {pronoun}", instruction="Write the person that the word stands for.\n"),
            Template("{sentence}\nWho is {pronoun}?\n{options}"),
            Template("Who does {pronoun} refer to? {sentence}"),
            Template("Write the name behind the word {pronoun}. {sentence}"),
            Template("In this sentence, {pronoun} is who? {sentence}"),
            Template("{sentence} Put a name in place of {pronoun}: which one?"),
        ),
        cot_templates=(
            cot("{sentence} Who is meant by {pronoun}? Explain first."),
            cot("Who does {pronoun} refer to, and why? {sentence}"),
        ),
    )
)
