"""A review with a good and a bad side; what was thought of one of them?"""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import ASPECTS, BAD_WORDS, GOOD_WORDS
from flan_jax.tasks.procedural.phrases import coin, cot


def generate(rng: random.Random) -> Row:
    """Two aspects, judged in opposite ways."""
    aspects = rng.sample(ASPECTS, 2)
    words, goods = [rng.choice(GOOD_WORDS), rng.choice(BAD_WORDS)], [True, False]
    if coin(rng):
        words.reverse()
        goods.reverse()
    i = rng.randrange(2)
    answer = "positive" if goods[i] else "negative"
    return {
        "review": f"The {aspects[0]} was {words[0]} but the {aspects[1]} was {words[1]}.",
        "aspect": aspects[i],
        "answer": answer,
        "options": ("positive", "negative"),
        "rationale": f"The {aspects[i]} was {words[i]}.",
    }


register_family(
    Family(
        name="review_aspect",
        cluster="sentiment",
        generate=generate,
        fields=("review", "aspect", "answer", "options", "rationale"),
        chance=1 / 2,
        templates=(
            Template("{review} Is this positive or negative about the {aspect}?"),
            Template("Review: {review}\nOpinion on the {aspect}?\n{options}"),
            Template("{review} Aspect: {aspect}", instruction="Say positive or negative for the aspect.\n"),
            Template("What did the guest think of the {aspect}? {review} Answer positive or negative."),
            Template("{review}\nHow was the {aspect}, positive or negative?"),
            Template("Judge only the {aspect}. {review} {options}"),
            Template("A guest wrote: {review} For the {aspect}, is that negative or positive?"),
            Template("About the {aspect}: positive or negative? {review}"),
        ),
        cot_templates=(
            cot("{review} Is this positive or negative about the {aspect}? Explain first."),
            cot("Review: {review}\nOpinion on the {aspect}? Say what was written, then answer."),
        ),
    )
)
