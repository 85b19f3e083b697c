"""ROUGE over words of any script. The official tokenizer (`rouge_l`) keeps a to z and 0 to 9, so that of a Cyrillic or
Chinese text nothing is left but its digits.

Of a text of ASCII letters and digits the words are the official ones, stems included, so that both metrics agree there.
"""

from __future__ import annotations

import bisect
import functools
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

from flan_jax.declare.metric import register_metric
from flan_jax.evaluate.metrics.matching import best_of
from flan_jax.evaluate.metrics.rouge import rouge

# Scripts that are written without spaces between words (first and last code point): each character is a word there.
# Blocks of the Unicode standard, in its order.
_UNSPACED = (
    (0x0E00, 0x0E7F),  # Thai
    (0x0E80, 0x0EFF),  # Lao
    (0x1000, 0x109F),  # Myanmar (Burmese)
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x2E80, 0x2FDF),  # radicals of Han
    (0x3005, 0x3007),  # Han: iteration mark, closing mark, zero
    (0x3021, 0x3029),  # Hangzhou numerals
    (0x3040, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31BF),  # Bopomofo
    (0x31F0, 0x31FF),  # Katakana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),  # Han
    (0xA000, 0xA4CF),  # Yi
    (0xA980, 0xA9FF),  # Javanese, Myanmar
    (0xAA60, 0xAADF),  # Myanmar, Tai Viet
    (0xF900, 0xFAFF),  # Han
    (0x1B000, 0x1B16F),  # Kana
    (0x20000, 0x3FFFF),  # Han
)
_FIRST = [first for first, _ in _UNSPACED]

__all__ = ["UnicodeTokenizer", "unicode_words"]


def unicode_words(text: str) -> list[str]:
    """A text's words in order, without case.

    A word is letters and digits with their marks, so that a Devanagari syllable is not cut; of a script that is written
    without spaces it is one character with its marks. What else stands in a text parts its words, but for joiners and
    other format characters, which are passed over. Compatible forms are one (NFKC: full-width digits are digits). A
    text without any word is its other characters, one by one, so that "+" is not "-".
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    found: list[str] = []
    takes_marks = takes_letters = False  # the last word, from what comes next
    for character in folded:
        category = unicodedata.category(character)
        is_letter, is_unspaced = category[0] in "LN", _is_unspaced(character)
        if (category[0] == "M" and takes_marks) or (is_letter and takes_letters and not is_unspaced):
            found[-1] += character
        elif is_letter:
            found.append(character)
            takes_marks, takes_letters = True, not is_unspaced
        elif category not in ("Cf", "Mn", "Mc", "Me"):
            takes_marks = takes_letters = False
    return found or [character for character in folded if not character.isspace()]


class UnicodeTokenizer:
    """`unicode_words` with stems, as `rouge_score` asks for words."""

    def tokenize(self, text: str) -> list[str]:
        """The text's words; English endings are taken off those of ASCII letters, as the official tokenizer does."""
        return [_stem(word) if word.isascii() and word.isalnum() else word for word in unicode_words(text)]


@functools.lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    return str(_official().tokenize(word)[0])


@functools.cache
def _official() -> Any:
    from rouge_score.tokenizers import DefaultTokenizer  # takes a second to import, and only free-form tasks need it

    return DefaultTokenizer(use_stemmer=True)


@functools.lru_cache(maxsize=65_536)
def _is_unspaced(character: str) -> bool:
    place = bisect.bisect_right(_FIRST, ord(character)) - 1
    return place >= 0 and ord(character) <= _UNSPACED[place][1]


@functools.cache
def _rouge(kind: str) -> Callable[[str, str], float]:
    return rouge(kind, UnicodeTokenizer())


def _best(kind: str) -> Callable[[str | None, Sequence[str]], float]:
    return best_of(lambda text, reference: _rouge(kind)(text, reference))  # not made before the first text is scored


register_metric("rouge_l_unicode", "text", _best("rougeL"), "ROUGE-L F over words of any script, best reference")
register_metric("rouge_1_unicode", "text", _best("rouge1"), "ROUGE-1 F over words of any script, best reference")
