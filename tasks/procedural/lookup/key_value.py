"""A small table of words and numbers; give the value of one key, or the key of one value."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS
from flan_jax.tasks.procedural.phrases import coin

SEPARATORS = (" ; ", " , ", " | ")
LINKS = (" : ", " = ", " is ")


def generate(rng: random.Random) -> Row:
    """Four pairs; the query is a key or a value."""
    keys = rng.sample(LIST_WORDS, 4)
    values = [str(n) for n in rng.sample(range(1, 60), 4)] if coin(rng) else rng.sample(LIST_WORDS, 4)
    values = [value if value not in keys else str(60 + i) for i, value in enumerate(values)]
    link = rng.choice(LINKS)
    table = rng.choice(SEPARATORS).join(key + link + value for key, value in zip(keys, values, strict=True))
    shown, wanted = (keys, values) if coin(rng) else (values, keys)
    i = rng.randrange(4)
    return {"table": table, "query": shown[i], "answer": wanted[i], "options": tuple(wanted)}


register_family(
    Family(
        name="key_value",
        cluster="lookup",
        generate=generate,
        fields=("table", "query", "answer", "options"),
        chance=1 / 4,
        templates=(
            Template("Here is a table: {table}\nWhat goes with {query}?"),
            Template("{table}\nWhich entry is paired with {query}? Give only the entry."),
            Template("Table: {table} Look up {query}", instruction="Look up the word and write what belongs to it.\n"),
            Template("Read the pairs: {table}\nFind the partner of {query}.\n{options}"),
            Template("Pairs: {table} Item: {query}", instruction="For the item, write the other half of its pair.\n"),
            Template("In the table below, what matches {query}?\n {table}"),
            Template("Use this list of pairs to answer. {table}\nWhat is written next to {query}?"),
            Template("Given {table}\nwhat belongs to {query}? Reply with one entry."),
        ),
    )
)
