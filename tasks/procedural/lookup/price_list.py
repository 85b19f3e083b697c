"""A price list; the price of one thing, or the thing that costs so much."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import FRUITS, GARMENTS, TOOLS
from flan_jax.tasks.procedural.phrases import article, coin


def generate(rng: random.Random) -> Row:
    """Three or four things with different prices."""
    num = rng.randint(3, 4)
    things, prices = rng.sample(FRUITS + GARMENTS + TOOLS, num), [str(n) for n in rng.sample(range(1, 30), num)]
    i = rng.randrange(num)
    ask_price = coin(rng)
    return {
        "prices": ", ".join(f"{article(thing)} costs {price}" for thing, price in zip(things, prices, strict=True)),
        "question": f"How much is the {things[i]}?" if ask_price else f"What costs {prices[i]}?",
        "answer": prices[i] if ask_price else things[i],
        "options": tuple(prices if ask_price else things),
    }


register_family(
    Family(
        name="price_list",
        cluster="lookup",
        generate=generate,
        fields=("prices", "question", "answer", "options"),
        chance=7 / 24,
        templates=(
            Template("In this shop {prices}. {question}"),
            Template("{question} Prices: {prices}."),
            Template("Today {prices}. {question}", instruction="Answer the customer from the price list.\n"),
            Template("At the market {prices}.\n{question}\n{options}"),
            Template("Price list: {prices}.\nCustomer: {question}\nGive a short answer."),
            Template("The sign says: {prices}. {question}"),
            Template("Read the prices and reply. {prices}. {question}"),
            Template("We see that {prices}. Tell me: {question}"),
        ),
    )
)
