"""Add a word at one end, then give the word at the other or the same end (add_item and nth_word)."""

import random

from flan_jax.declare.templates import Template
from flan_jax.sources.source import Row
from flan_jax.tasks.procedural.family import Family, register_family
from flan_jax.tasks.procedural.lexicon import LIST_WORDS
from flan_jax.tasks.procedural.phrases import coin


def generate(rng: random.Random) -> Row:
    """Three words and a new one."""
    new, *words = rng.sample(LIST_WORDS, 4)
    at_end, first = coin(rng), coin(rng)
    whole = [*words, new] if at_end else [new, *words]
    return {
        "words": " ".join(words),
        "new": new,
        "where": "end" if at_end else "front",
        "position": "first" if first else "last",
        "answer": whole[0] if first else whole[-1],
        "options": tuple(whole),
    }


register_family(
    Family(
        name="add_then_first",
        cluster="composition",
        kind="composition",
        eval_split="test",
        generate=generate,
        fields=("words", "new", "where", "position", "answer", "options"),
        chance=1 / 4,
        templates=(
            Template("Add {new} at the {where} of {words} and write only the {position} word of the new list."),
            Template("List: {words}\nPut {new} at the {where}. Which word is {position} now?"),
            Template("Words: {words} Add: {new} Where: {where} Wanted: {position}", instruction="Write one word.\n"),
            Template("Place {new} at the {where} of the list {words} and give me the {position} item."),
            Template("With {new} added at the {where}, what is the {position} word of {words} ?"),
            Template("Take {words} and place {new} at the {where}. Name the {position} word."),
        ),
    )
)
