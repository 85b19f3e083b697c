"""What a generation answers: pure functions from text to an answer in canonical form, or None where there is none.

An answer of None is scored wrong and counted, and has no vote. Canonical forms make equal answers equal strings, for
scoring and for votes: a letter "B", a number "1234.5", "yes", "05/01/2021". Benchmarks name an extractor; the metrics
of held-out tasks that read conclusions call the same functions. A new one is a function under `@register_extractor`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import TypeVar, overload

from flan_jax.core.errors import TaskError, did_you_mean, some_of
from flan_jax.declare.names import ByName
from flan_jax.evaluate.numbers import find_numbers, plain

Extractor = Callable[[str], str | None]
_Function = TypeVar("_Function", bound=Extractor)

MARKER = "answer is "
# Where the code that published the Flan 2022 collection cuts: the last of any of these.
FLAN_MARKERS = ("answer is", "final answer", "Final answer", "answer:", "Answer:")

EXTRACTORS: ByName[Extractor] = ByName("extractor")

__all__ = ["EXTRACTORS", "FLAN_MARKERS", "MARKER", "Extractor", "get_extractor", "register_extractor"]


@overload
def register_extractor(extract: _Function, name: str = "", *, replace: bool = False) -> _Function: ...


@overload
def register_extractor(*, name: str = "", replace: bool = False) -> Callable[[_Function], _Function]: ...


def register_extractor(
    extract: _Function | None = None, name: str = "", *, replace: bool = False
) -> _Function | Callable[[_Function], _Function]:
    """Adds an extractor that formats can name, and returns it, so that it decorates a function.

    `@register_extractor` and `@register_extractor(replace=True)` are both said above a function.

    Args:
      extract: text -> answer in canonical form, or None; it must not raise, whatever the text. Without it, what comes
        back is the decorator.
      name: what formats call it (default: the function's own name).
      replace: takes the place of an extractor of that name, as when a notebook's cell runs again.

    Raises `TaskError` for a name that is taken, and for a function without one.
    """
    if extract is None:
        return functools.partial(register_extractor, name=name, replace=replace)
    if not (name := name or getattr(extract, "__name__", "")):
        raise TaskError(f"{extract!r} has no name that an extractor could go by: give name='…'")
    EXTRACTORS.add(name, extract, replace=replace)
    return extract


def get_extractor(name: str) -> Extractor:
    """The extractor called `name`. Raises `TaskError` that suggests the nearest."""
    if name not in EXTRACTORS:
        raise TaskError(
            f"no extractor is called {name!r}{did_you_mean(name, EXTRACTORS) or '.'} There are {some_of(EXTRACTORS)}; "
            f"a new one is a function under @register_extractor, in a module that is imported"
        )
    return EXTRACTORS[name]


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


@register_extractor
def bbh_cot(text: str) -> str | None:
    """What follows the last "answer is " up to the line's end, a final full stop dropped: how the BBH authors score
    (Suzgun et al. 2022). Without those words only a bare answer counts: one line without a sentence's end inside."""
    if MARKER in text:
        answer = text.rpartition(MARKER)[2].strip().partition("\n")[0].strip()
    else:
        answer = text.strip()
        if "\n" in answer or ". " in answer:
            return None
    return answer.removesuffix(".").strip() or None


@register_extractor
def bbh_answer(text: str) -> str | None:
    """The answer given after a phrase that calls for it: the first line without a final full stop; of a line that
    names a bracketed option, the option."""
    line = first_line(text)
    if line is None:
        return None
    match = _LETTER_IN_BRACKETS.search(line)
    return f"({match[1]})" if match else line.removesuffix(".").strip() or None


@register_extractor
def flan_answer(text: str) -> str | None:
    """What follows the last of FLAN_MARKERS, stripped of punctuation and brackets: the Flan 2022 collection's rule for
    chains of thought. The whole text, so stripped, where no marker is there."""
    cut = max((text.rfind(marker) + len(marker) for marker in FLAN_MARKERS if marker in text), default=0)
    return text[cut:].strip().partition("\n")[0].strip(" \t.,:;!?()[]{}\"'`*") or None


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
def cot_letter(text: str) -> str | None:
    """The letter after the last "answer is ", in brackets or alone; without those words, a text that is nothing but
    a letter."""
    if MARKER in text:
        return first_letter(text.rpartition(MARKER)[2].partition("\n")[0])
    match = re.fullmatch(r"\s*\(?([A-Z])[).]*\s*", text)
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


_ANSWER_IS = re.compile("answer is[ :]")


@register_extractor
def cot_number(text: str, grouping: str = ",") -> str | None:
    """What a chain of thought concludes with: the number after "####" (GSM8K's own mark), else the first one after
    the last "answer is" (or "answer is:"), or, where an equation stands there, the one after its last "="; else the
    last number."""
    if "####" in text:
        return first_number(text.rpartition("####")[2], grouping)
    *before, after = _ANSWER_IS.split(text)
    if before:
        line = after.partition("\n")[0]
        number = first_number(line.rpartition("=")[2] if "=" in line else line, grouping)
        if number is not None:
            return number
    return last_number(text, grouping)


_YES_NO = re.compile(r"(?<!\w)(yes|no|true|false)(?!\w)", re.IGNORECASE)
_AS_YES_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


@register_extractor
def first_yes_no(text: str) -> str | None:
    """The first of yes, no, true, false, as "yes" or "no"."""
    match = _YES_NO.search(text)
    return _AS_YES_NO[match[1].lower()] if match else None


@register_extractor
def cot_yes_no(text: str) -> str | None:
    """`first_yes_no` of what follows the last "answer is "; else of a text of one word."""
    if MARKER in text:
        return first_yes_no(text.rpartition(MARKER)[2].partition("\n")[0])
    return first_yes_no(text) if len(text.split()) == 1 else None


_DATE = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4})(?!\d)")


@register_extractor
def last_date(text: str) -> str | None:
    """The last MM/DD/YYYY, months and days with two digits; after the last "answer is " where that is there."""
    matches = _DATE.findall(text.rpartition(MARKER)[2])
    if not matches:
        return None
    month, day, year = matches[-1]
    return f"{int(month):02d}/{int(day):02d}/{int(year):04d}"


# The same where "." groups digits and "," may mark the fraction.
for _f in (first_number, last_number, cot_number):
    register_extractor(functools.partial(_f, grouping=",."), f"{_f.__name__}_point_groups")
