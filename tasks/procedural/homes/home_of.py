"""People and cities; where does one live, or who lives there?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import CITIES, NAMES
from flan_jax.tasks.procedural.phrases import coin, tell_pairs

FORMS = ("{} lives in {}.", "{} is from {}.", "The home of {} is {}.")


def generate(rng: random.Random) -> Row:
    """Three or four people."""
    num = rng.randint(3, 4)
    told, names, cities = tell_pairs(rng, NAMES, CITIES, FORMS, num)
    i = rng.randrange(num)
    ask_city = coin(rng)
    return {
        "facts": told,
        "question": f"Where does {names[i]} live?" if ask_city else f"Who lives in {cities[i]}?",
        "answer": cities[i] if ask_city else names[i],
        "options": tuple(cities if ask_city else names),
    }


register_family(
    Family(
        name="home_of",
        cluster="homes",
        generate=generate,
        fields=("facts", "question", "answer", "options"),
        chance=7 / 24,
        templates=(
            Template("{facts} {question}"),
            Template("{question} {facts}"),
            Template("{facts}\n{question}", instruction="People have homes. Answer with one word.\n"),
            Template("Address book: {facts}\nQ: {question}\nA:"),
            Template("{facts} {question} Choose.\n{options}"),
            Template("Somebody asks: {question} You know that {facts}"),
            Template("Look it up. {facts} {question}"),
            Template("From these homes: {facts}\nanswer this: {question}"),
        ),
    )
)
