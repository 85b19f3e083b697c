"""Numbers that are written as words: English up to millions, and ideographs."""

from __future__ import annotations

import re

__all__ = ["word_number"]

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = {word: value for value, word in enumerate(_SMALL)} | {w: 10 * v for v, w in enumerate(_TENS, 2)}
_SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}
_WORD = "|".join(sorted((*_VALUES, *_SCALES), key=len, reverse=True))
_ENGLISH = re.compile(rf"(?<![\w-])(?:minus |negative )?(?:{_WORD})(?:(?:-| and | )(?:{_WORD}))*(?![\w])", re.IGNORECASE)

_DIGITS = {c: v for v, c in enumerate("\u96f6\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d")} | {"\u4e24": 2, "\u3007": 0, "\u5169": 2}
_UNITS = {"\u5341": 10, "\u767e": 100, "\u5343": 1_000}
_MYRIADS = {"\u4e07": 10_000, "\u842c": 10_000, "\u4ebf": 100_000_000, "\u5104": 100_000_000}
_IDEOGRAPHS = re.compile(f"[{''.join((*_DIGITS, *_UNITS, *_MYRIADS))}]+")


def word_number(text: str) -> str | None:
    """The first number of `text` that is written as words, in digits, or None: "twenty-five" is "25". "one" alone is a
    pronoun more often than a number, and is read only where nothing else stands there."""
    for match in _ENGLISH.finditer(text):
        if match[0].lower() == "one" and text.strip(" .!\"'").lower() != "one":
            continue
        return _of_english(match[0].lower())
    for match in _IDEOGRAPHS.finditer(text):
        # A single 一 and the units alone are parts of words.
        if len(match[0]) > 1 or match[0] in _DIGITS and match[0] != "\u4e00" or text.strip("\u3002. ") == match[0]:
            return str(_of_ideographs(match[0]))
    return None


def _of_english(words: str) -> str:
    total = part = 0
    is_negative = words.startswith(("minus", "negative"))
    for word in re.findall(_WORD, words):
        if word in _VALUES:
            part += _VALUES[word]
        elif word == "hundred":
            part = max(part, 1) * 100
        else:
            total, part = total + max(part, 1) * _SCALES[word], 0
    return str(-(total + part) if is_negative else total + part)


def _of_ideographs(text: str) -> int:
    if not set(text) & (_UNITS.keys() | _MYRIADS.keys()):
        return int("".join(str(_DIGITS[c]) for c in text))
    total = part = digit = 0
    for c in text:
        if c in _DIGITS:
            digit = _DIGITS[c]
        elif c in _UNITS:
            part, digit = part + (digit or 1) * _UNITS[c], 0
        else:
            total, part, digit = (total + part + digit or 1) * _MYRIADS[c], 0, 0
    return total + part + digit
