"""Turning words into phrases, the same way in every family. Values always follow a space: one word, one token."""

import random
from collections.abc import Sequence

from flan_jax.declare.templates import Template

COT_TARGETS = "{rationale} So the answer is {answer}"


def listing(words: Sequence[str | int]) -> str:
    """ "a, b, c"."""
    return ", ".join(str(word) for word in words)


def and_list(words: Sequence[str | int]) -> str:
    """ "a, b and c"."""
    *head, last = (str(word) for word in words)
    return f"{', '.join(head)} and {last}" if head else last


def article(word: str) -> str:
    """ "a ball", "an apple"."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def cot(inputs: str, instruction: str = "") -> Template:
    """A chain-of-thought template: the rationale, then the answer in a fixed form that scorers find."""
    return Template(inputs, COT_TARGETS, instruction)


def draw_words(rng: random.Random, words: Sequence[str], least: int, most: int) -> list[str]:
    """Between `least` and `most` different words, in random order."""
    return rng.sample(words, rng.randint(least, most))


def coin(rng: random.Random) -> bool:
    """True half of the time."""
    return rng.random() < 0.5


def tell_pairs(
    rng: random.Random,
    firsts: Sequence[str],
    seconds: Sequence[str],
    forms: Sequence[str],
    num: int,
    between: str = " ",
) -> tuple[str, list[str], list[str]]:
    """(a sentence a pair, the pairs' first words, their second words), all told in one drawn form.

    Args:
      rng: draws words and form.
      firsts, seconds: what the words of a pair are drawn from, none twice.
      forms: sentences with two holes.
      num: of pairs.
      between: sentences.
    """
    ones, others = rng.sample(firsts, num), rng.sample(seconds, num)
    form = rng.choice(forms)
    return between.join(form.format(one, other) for one, other in zip(ones, others, strict=True)), ones, others
