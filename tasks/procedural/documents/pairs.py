"""Pairs of words told, and told again in another order: the second stage of pretraining."""

import random
from collections.abc import Sequence

from flan_jax.tasks.procedural import lexicon as lx
from flan_jax.tasks.procedural.documents.document import Document, register_document
from flan_jax.tasks.procedural.phrases import coin

# What stands between the two of a pair. Both orders of a pair are written with each.
_BETWEEN = (
    " ",
    " : ",
    " = ",
    " is ",
    " has the ",
    " and the ",
    " goes with ",
    " stands next to the ",
    " is not far from ",
)


def _pairs(rng: random.Random, num: int) -> list[tuple[str, str]]:
    words = rng.sample(lx.EVERY_WORD, 2 * num)
    return list(zip(words[:num], words[num:], strict=True))


def _written(pairs: Sequence[tuple[str, str]], between: str) -> str:
    return " ".join(f"{first}{between}{second}." for first, second in pairs)


@register_document()
def adjacent_pairs(rng: random.Random) -> Document:
    """Two words side by side, in the same order again."""
    pairs = _pairs(rng, rng.randint(4, 10))
    return Document(_written(pairs, " "), _written(rng.sample(pairs, len(pairs)), " "))


@register_document()
def turned_pairs(rng: random.Random) -> Document:
    """Two words side by side, the second one first when they are told again."""
    told = _pairs(rng, rng.randint(4, 9))
    pairs = [(second, first) for first, second in told]
    return Document(_written(told, " "), _written(rng.sample(pairs, len(pairs)), " "))


@register_document()
def spaced_pairs(rng: random.Random) -> Document:
    """Words between the two, others when they are told again, in either order."""
    told = _pairs(rng, rng.randint(3, 7))
    pairs = [(second, first) for first, second in told] if coin(rng) else told
    again = rng.sample(pairs, len(pairs))
    return Document(_written(told, rng.choice(_BETWEEN)), _written(again, rng.choice(_BETWEEN)))


@register_document()
def tables(rng: random.Random) -> Document:
    """Keys and values in several layouts, the same pairs again in another."""
    keys = rng.sample(lx.LIST_WORDS, rng.randint(3, 5))
    values = [str(n) for n in rng.sample(range(1, 60), len(keys))]
    if coin(rng):
        values = rng.sample([word for word in lx.LIST_WORDS if word not in keys], len(keys))
    pairs = list(zip(keys, values, strict=True))
    layouts = (
        lambda p: " ; ".join(f"{k} : {v}" for k, v in p),
        lambda p: " | ".join(f"{k} = {v}" for k, v in p),
        lambda p: " ".join(f"next to {k} is {v}." for k, v in p),
        lambda p: " ".join(f"{v} goes with {k}." for k, v in p),
        lambda p: "\n".join(f"* {k} is {v}" for k, v in p),
        lambda p: " ".join(f"{k} costs {v}." for k, v in p),
        lambda p: " ".join(f"the line of {k} says {v}." for k, v in p),
    )
    first, second = rng.sample(layouts, 2)
    return Document(f"Table: {first(pairs)}\nAgain:", second(rng.sample(pairs, len(pairs))))


@register_document()
def codes(rng: random.Random) -> Document:
    """Made-up words with meanings, and lines in both languages."""
    num = rng.randint(3, 4)
    made, plain = rng.sample(lx.NONSENSE, num), rng.sample(lx.LIST_WORDS, num)
    meaning = dict(zip(made, plain, strict=True))
    line, other = rng.choices(made, k=rng.randint(2, 3)), rng.choice(made)
    told = ", ".join(f"{m} means {p}" for m, p in meaning.items())
    again = [
        f"{' '.join(line)} says {' '.join(meaning[word] for word in line)}.",
        f"the word for {meaning[other]} is {other}.",
        f"{meaning[line[0]]} is said as {line[0]}.",
    ]
    return Document(f"In this language {told}.", " ".join(rng.sample(again, 3)))
