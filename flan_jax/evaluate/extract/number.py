"""The number that a generation answers with, read as a careful person reads it."""

from __future__ import annotations

import functools
import itertools
import math
import re

from flan_jax.evaluate.extract.conclusion import (
    after_correction,
    before_next_question,
    clean,
    conclusions,
    is_broken_off,
    is_refusal,
    sentences,
    without_reasons,
)
from flan_jax.evaluate.extract.number_words import word_number
from flan_jax.evaluate.extract.registry import register_extractor
from flan_jax.evaluate.numbers import Number, find_numbers, plain

__all__ = ["number"]

_OPERATOR = re.compile(r"\s*(?:[+*/\u00d7\u00f7^]|[-\u2212\u2013] |x (?=\d)|x(?=\d))")
# "so the amount is about": what may stand before a number that is an answer on its own.
_LEAD = re.compile(
    r"\W*(?:(?:so|thus|therefore|hence|it is|it's|that is|about|around|approximately|roughly|exactly|only|a total of)\b"
    r"\W*)*"
    r"(?:[a-z]\s*[=\u2248]\s*)?\W*$",
    re.IGNORECASE,
)
# Sentences about the reckoning itself, of which no number is the answer.
_REMARK = re.compile(
    r"\b(?:double-?check|check(?:ed|ing)?|verif\w+|steps?|confiden\w+|certain|sure|calculat(?:ed|or)|times to be)\b",
    re.IGNORECASE,
)
# Between two numbers of which neither is the answer: "20-25", "6 or 8"; "between 10 and 15".
_RANGE = re.compile(r"\s*[^\W\d]*\s*(?:[-\u2013\u2014~]|\bto\b|\bor\b)\s*[$\u20ac\u00a3]?$")
_EITHER = re.compile(r"\s*(?:or|oder|o|ou|\u0438\u043b\u0438)\s*[$\u20ac\u00a3]?")
# What makes of digits a number that they do not write: a root, a circle's number, a division by zero.
_NO_DECIMAL_BEFORE = re.compile(r"(?:\\sqrt(?:\[\d\])?\s*\{?|\u221a\(?|(?<!\d/)\d/)\s*$")
_NO_DECIMAL_AFTER = re.compile(r"\s*(?:\\sqrt|\u221a|\\pi(?![a-z])|\u03c0)|/0+(?![\d.,]*[1-9])")
_FACTORIAL = re.compile(r"!(?!=)")
_BETWEEN = re.compile(r"\b(?:between|either|zwischen|entre|\u043c\u0435\u0436\u0434\u0443)\W*$", re.IGNORECASE)
_MINUS_WORD = re.compile(
    r"(?<![\d)] )\b(?:minus|negative|menos|moins|\u043c\u0438\u043d\u0443\u0441)\s+(?=\d)", re.IGNORECASE
)
# Said in a language that writes its fractions so; three digits could be thousands.
_COMMA_LANGUAGE = re.compile(
    r"\b(?:respuesta|soluci\u00f3n|resposta|r\u00e9ponse|risposta|Antwort|L\u00f6sung|Ergebnis|\u043e\u0442\u0432\u0435\u0442\w*)\b",
    re.IGNORECASE,
)
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(\d+),(\d{1,2}|\d{4,})(?!\d|[.,]\d)")
_MONEY = re.compile(r"(?<!\d)(\d{1,15}) (dollars?|euros?) and (\d{1,2}) cents?\b", re.IGNORECASE)
_THEREFORE = re.compile(r"[,;]\s*(?:and )?(?:so|thus|therefore|hence)\b", re.IGNORECASE)
OPEN = ""  # what stands there leaves the answer open, so that nothing else may be taken for it
_EQUALS = re.compile(r"(?<![<>!=])[=\u2248](?!=)")


@register_extractor
def number(text: str, grouping: str = ",") -> str | None:
    """The number that is concluded with: after "####", in a box, after the last phrase that announces an answer (of an
    equation there, its result); of a text that begins with a bare number and then explains it, that one; else the last
    number of the reckoning. What comes before a reason counts, not the reason; what takes something back wins. Number
    words are read where there are no digits."""
    text = _MINUS_WORD.sub("-", before_next_question(text))
    if _COMMA_LANGUAGE.search(text):
        text = _DECIMAL_COMMA.sub(r"\1.\2", text)
    text = _MONEY.sub(lambda match: f"{match[1]}.{match[3]:0>2} {match[2]}", text)
    for place, is_said in conclusions(text):
        found = _announced(place, is_said, grouping)
        if found is not None:
            return found or None
    return _reckoned(clean(text), grouping) or None


def _announced(place: str, is_said: bool, grouping: str) -> str | None:
    corrected = after_correction(place)
    if corrected is not None and find_numbers(corrected, grouping):
        return _reckoned(corrected, grouping)
    if not place.strip():
        return OPEN
    place = re.sub(r"\bnot\b[^.;\n]*?\bbut\b", "", place)
    said = [sentence for sentence in sentences(place) if find_numbers(sentence, grouping) or word_number(sentence)]
    if not said:
        return None
    if not is_said and not _stands_alone(said[0], grouping) and len(said) > 1:
        # "Answer:" is a mere label here, with a whole reckoning behind it.
        return _reckoned(place, grouping)
    return _of_sentence(said[0], grouping, last=False)


def _stands_alone(sentence: str, grouping: str) -> bool:
    numbers = find_numbers(sentence, grouping)
    if not numbers:
        return word_number(sentence) is not None
    return bool(_LEAD.match(sentence[: numbers[0].start])) and not _OPERATOR.match(sentence, numbers[0].end)


def _reckoned(text: str, grouping: str) -> str | None:
    if is_refusal(text) or is_broken_off(text):
        return OPEN
    corrected = after_correction(text)
    text = corrected if corrected is not None and find_numbers(corrected, grouping) else text
    said = [sentence for sentence in sentences(text) if find_numbers(sentence, grouping)]
    if not said:
        return word_number(text)
    if _begins_with_answer(text, said[0], grouping):
        return plain(find_numbers(said[0], grouping)[0].value)
    telling = [sentence for sentence in said if not _REMARK.search(sentence)] or said
    return _of_sentence(telling[-1], grouping, last=True)


def _begins_with_answer(text: str, first: str, grouping: str) -> bool:
    """Whether a text begins with a bare number that the rest only explains: "42. I checked it" and "5, because", and
    neither a list's first item nor a reckoning."""
    numbers = find_numbers(first, grouping)
    if not text.lstrip().startswith(first) or first[: numbers[0].start].strip("$\u20ac\u00a3 \t~\u2248"):
        return False
    rest = first[numbers[0].end :]
    if not rest.strip(".%!\u20ac$ "):
        return not re.search(r"(?m)^\s*2[.)]", text)
    shorter = without_reasons(first)
    return len(shorter) < len(first) and len(find_numbers(shorter, grouping)) == 1


def _of_sentence(sentence: str, grouping: str, *, last: bool) -> str | None:
    """The number that a sentence comes to: an equation's result, else its first or last."""
    if is_broken_off(sentence) and sentence.rstrip().endswith("="):
        return OPEN
    shorter = without_reasons(sentence)
    if last:
        clause = _THEREFORE.split(shorter)[-1]
        shorter = clause if find_numbers(clause, grouping) else shorter
        bare = re.sub(r"(?<=\w)\s*\([^()]*\)", "", shorter)
        shorter = bare if find_numbers(bare, grouping) else shorter
    sentence = shorter if find_numbers(shorter, grouping) or word_number(shorter) else sentence
    numbers = find_numbers(sentence, grouping)
    # Of "2 500-gram bags" the weight only says which bags.
    numbers = [one for one in numbers if not re.match("-[A-Za-z]", sentence[one.end :])] or numbers
    if not numbers:
        return word_number(sentence)
    signs = [match.start() for match in _EQUALS.finditer(sentence)]
    for sign in reversed(signs):
        before = [one for one in numbers if one.end <= sign]
        after = [one for one in numbers if one.start > sign]
        if after and len(before) == 1 and _is_sum(sentence, after) and not _is_sum(sentence, before):
            return plain(before[0].value)  # "12 = 3 x 4"
        if after and len(before) == 1 and _is_factorial(sentence, after[0], before[0]):
            return plain(before[0].value)  # "24 = 4!"
        if after:
            return OPEN if _is_no_decimal(sentence, after[0]) else plain(after[0].value)
    chosen = numbers[-1 if last else 0]
    is_open = _is_open(sentence, numbers, chosen) or _is_no_decimal(sentence, chosen)
    return OPEN if is_open else plain(chosen.value)


def _is_no_decimal(sentence: str, chosen: Number) -> bool:
    """Whether the digits are part of what has no decimal of its own: "2\\sqrt{3}", "5\u03c0", "1/0"."""
    return bool(_NO_DECIMAL_BEFORE.search(sentence[: chosen.start]) or _NO_DECIMAL_AFTER.match(sentence, chosen.end))


def _is_factorial(sentence: str, number: Number, value: Number) -> bool:
    """Whether `value` is what `number` and the mark behind it come to."""
    is_small = number.value == number.value.to_integral_value() and 0 <= number.value <= 20
    return bool(
        is_small and _FACTORIAL.match(sentence, number.end) and math.factorial(int(number.value)) == value.value
    )


def _is_open(sentence: str, numbers: list[Number], chosen: Number) -> bool:
    """Whether the number is one end of a range, or one of two that are offered."""
    position = numbers.index(chosen)
    for first, second in itertools.pairwise(numbers):
        if chosen not in (first, second):
            continue
        between = sentence[first.end : second.start]
        if _BETWEEN.search(sentence[: first.start]) and re.fullmatch(
            r".{0,12}?\b(?:and|or|und|oder|y|o|et|ou|\u0438)\b\W*", between
        ):
            return True
        if (position == 0 and _RANGE.fullmatch(between)) or _EITHER.fullmatch(between):
            return True
    return False


def _is_sum(sentence: str, numbers: list[Number]) -> bool:
    return any(_OPERATOR.match(sentence, one.end) for one in numbers)


register_extractor(number, "cot_number")  # its name of before
for _name in ("number", "cot_number"):
    # The same where "." groups digits and "," may mark the fraction.
    register_extractor(functools.partial(number, grouping=",."), f"{_name}_point_groups")
