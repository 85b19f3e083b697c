"""Extractors that take a text at its word: all of it, its first line, its first or last number, its first letter."""

from __future__ import annotations

import functools
import re

from flan_jax.evaluate.extract.registry import register_extractor
from flan_jax.evaluate.numbers import find_numbers, plain

__all__ = ["final_answer", "first_letter", "first_line", "first_number", "first_yes_no", "last_number", "whole_text"]


@register_extractor
def whole_text(text: str) -> str | None:
    """The text without the spaces around it."""
    return text.strip() or None


@register_extractor
def first_line(text: str) -> str | None:
    """The first line that holds anything."""
    return text.strip().partition("\n")[0].rstrip() or None


@register_extractor
def final_answer(text: str) -> str | None:
    """What follows the last "answer is", up to the line's end, without a final full stop; the whole text where nothing
    says "answer is"."""
    answer = text.rpartition("answer is")[2].lstrip(" :").partition("\n")[0] if "answer is" in text else text
    return answer.strip().removesuffix(".").rstrip() or None


_LETTER_IN_BRACKETS = re.compile(r"\(\s*([A-Z])\s*\)")
_GOES_ON = re.compile(r" +[a-z]")
_BARE_LETTER = re.compile(r"(?<![\w(])([A-Z])(?![\w'\u2019])")


@register_extractor
def first_letter(text: str) -> str | None:
    """The first option letter: "(B)" anywhere; else the first capital that stands alone and is not the article or
    pronoun of a sentence, as in "B", "B." or "B) cranial"; else a capital that stands alone at the start."""
    match = _LETTER_IN_BRACKETS.search(text)
    if match is None:
        alone = list(_BARE_LETTER.finditer(text))
        match = next((m for m in alone if not (m[1] in "AI" and _GOES_ON.match(text, m.end()))), None)
        match = match or _BARE_LETTER.match(text.lstrip())
    return match[1] if match else None


@register_extractor
def last_number(text: str, grouping: str = ",") -> str | None:
    """The last number."""
    numbers = find_numbers(text, grouping)
    return plain(numbers[-1].value) if numbers else None


@register_extractor
def first_number(text: str, grouping: str = ",") -> str | None:
    """The first number."""
    numbers = find_numbers(text, grouping)
    return plain(numbers[0].value) if numbers else None


_YES_NO = re.compile(r"(?<!\w)(yes|no|true|false)(?!\w)", re.IGNORECASE)
_AS_YES_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


@register_extractor
def first_yes_no(text: str) -> str | None:
    """The first of yes, no, true, false, as "yes" or "no"."""
    match = _YES_NO.search(text)
    return _AS_YES_NO[match[1].lower()] if match else None


# The same where "." groups digits and "," may mark the fraction.
for _f in (first_number, last_number):
    register_extractor(functools.partial(_f, grouping=",."), f"{_f.__name__}_point_groups")
