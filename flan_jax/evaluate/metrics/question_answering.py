"""Answers copied from a passage, compared as the data sets' own scripts do: SQuAD 1.1's rule, and MLQA's by language.

SQuAD 1.1 (Rajpurkar et al. 2016, `evaluate-v1.1.py`) takes out ASCII punctuation and English articles, whatever the
language. XQuAD and TyDiQA-GoldP are published under it. MLQA (Lewis et al. 2020, `mlqa_evaluation_v1.py`) takes out
punctuation of every script and the language's own articles, and counts Chinese character by character. It is the more
lenient of the two: a score has to say which of them it is.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable

from flan_jax.declare.metric import register_metric
from flan_jax.evaluate.metrics.matching import best_of, f1, words

# What counts as an article, as MLQA's script has it; in Arabic a prefix, which is taken out wherever it stands.
_ARTICLES = {
    "ar": "ال",
    "de": r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "en": r"\b(?:a|an|the)\b",
    "es": r"\b(?:un|una|unos|unas|el|la|los|las)\b",
    "hi": "",
    "vi": r"\b(?:của|là|cái|chiếc|những)\b",
    "zh": "",
}
_IDEOGRAPH = re.compile("([\u4e00-\u9fa5])")  # the range of MLQA's script
MLQA_LANGUAGES = tuple(_ARTICLES)

__all__ = ["MLQA_LANGUAGES", "mlqa_words", "squad_words"]


def squad_words(text: str) -> list[str]:
    """A text's words as SQuAD 1.1's script compares them: lower case, without ASCII punctuation and a, an, the."""
    return words(text, drop_articles=True)


def mlqa_words(text: str, language: str) -> list[str]:
    """A text's words as MLQA's script compares them, without punctuation of any script and without articles.

    Args:
      text: any text.
      language: one of `MLQA_LANGUAGES`; of "zh" each ideograph is a word.
    """
    kept = "".join(c for c in text.lower() if c not in string.punctuation and unicodedata.category(c)[0] != "P")
    if _ARTICLES[language]:
        kept = re.sub(_ARTICLES[language], " ", kept)
    return (_IDEOGRAPH.sub(r" \1 ", kept) if language == "zh" else kept).split()


def _exact(normalise: Callable[[str], list[str]]) -> Callable[[str, str], float]:
    return lambda text, reference: float(normalise(text) == normalise(reference))


def _f1(normalise: Callable[[str], list[str]]) -> Callable[[str, str], float]:
    def score(text: str, reference: str) -> float:
        predicted, expected = normalise(text), normalise(reference)
        # The scripts give 0 where no word is shared, two texts without any word among them.
        return f1(predicted, expected) if predicted and expected else 0.0

    return score


register_metric("squad_exact", "answer", best_of(_exact(squad_words)), "SQuAD 1.1's exact match, best reference")
register_metric("squad_f1", "answer", best_of(_f1(squad_words)), "SQuAD 1.1's bag-of-words F1, best reference")
# The same rule, of a generation as it stands: what tasks name.
register_metric("token_f1", "text", best_of(_f1(squad_words)), "SQuAD 1.1's bag-of-words F1, best reference")
for _language in MLQA_LANGUAGES:

    def _words(text: str, language: str = _language) -> list[str]:
        return mlqa_words(text, language)

    register_metric(f"mlqa_exact_{_language}", "answer", best_of(_exact(_words)), "MLQA's exact match, best reference")
    register_metric(f"mlqa_f1_{_language}", "answer", best_of(_f1(_words)), "MLQA's bag-of-words F1, best reference")
