"""Text and extracted answers compared with references: exactly, but for spelling, and by the words they share."""

from __future__ import annotations

import collections
import re
import string
import unicodedata
from collections.abc import Callable, Sequence

from flan_jax.declare.metric import register_metric

__all__ = ["best_of", "f1", "words"]


def words(text: str, *, drop_articles: bool, is_any_script: bool = False) -> list[str]:
    """A text's words without case and punctuation.

    Args:
      text: any text.
      drop_articles: whether a, an and the are no words.
      is_any_script: whether punctuation of every script goes, or of ASCII alone.
    """
    kept = (c for c in text.lower() if c not in string.punctuation)
    if is_any_script:
        kept = (c for c in kept if unicodedata.category(c)[0] != "P")
    found = "".join(kept)
    return (re.sub(r"\b(a|an|the)\b", " ", found) if drop_articles else found).split()


def f1(predicted: Sequence[str], expected: Sequence[str]) -> float:
    """Harmonic mean of precision and recall of a bag of words (Rajpurkar et al. 2016, section 6.1); of two empty bags
    1, of one 0."""
    if not predicted or not expected:
        return float(not predicted and not expected)
    common = sum((collections.Counter(predicted) & collections.Counter(expected)).values())
    return 2.0 * common / (len(predicted) + len(expected))


def best_of(score: Callable[[str, str], float]) -> Callable[[str | None, Sequence[str]], float]:
    """A metric's function from a score of one text and one reference: the best over the references, 0 without any.
    An answer of None counts as empty text."""
    return lambda text, references: max((score(text or "", reference) for reference in references), default=0.0)


# As Super-NaturalInstructions' script has it: SQuAD 1.1's rule, which knows ASCII punctuation alone, but with articles.
# Other rules of published scripts, which differ in whose punctuation and articles count: `question_answering.py`.
def _natural_instructions(text: str) -> list[str]:
    return words(text, drop_articles=False)


def _any_script(text: str) -> list[str]:
    return words(text, drop_articles=True, is_any_script=True)


def _equal_after(normalise: Callable[[str], object]) -> Callable[[str, str], float]:
    return lambda text, reference: float(normalise(text) == normalise(reference))


def _equals(answer: str | None, references: Sequence[str]) -> float:
    return float(answer is not None and answer in references)


def _equals_folded(answer: str | None, references: Sequence[str]) -> float:
    folded = _any_script(answer or "")
    return float(bool(folded) and folded in [_any_script(reference) for reference in references])


register_metric(
    "exact_match",
    "text",
    best_of(_equal_after(str.strip)),
    "stripped text equals a reference",
    is_length_bound=True,
)
register_metric(
    "normalised_exact_match",
    "text",
    best_of(_equal_after(_natural_instructions)),
    "equals a reference, ignoring case, punctuation and spacing",
    is_length_bound=True,
)
register_metric("equals", "answer", _equals, "the extracted answer is a reference")
register_metric("equals_folded", "answer", _equals_folded, "the same but for case, punctuation, spaces and articles")
register_metric(
    "has_sample", "texts", lambda texts, references: float(any(text.strip() for text in texts)), "not all empty"
)
