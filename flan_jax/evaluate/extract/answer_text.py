"""The words that a generation answers with, as short answers and names are."""

from __future__ import annotations

import re

from flan_jax.evaluate.extract.conclusion import (
    before_next_question,
    clean,
    conclusions,
    is_broken_off,
    is_refusal,
    without_reasons,
)
from flan_jax.evaluate.extract.registry import register_extractor

__all__ = ["answer_text"]

_COPULA = re.compile(
    r"^(?:it|that|this|he|she) (?:is|was) |^(?:es ist|c'est|it's|that's|\u042d\u0442\u043e) ", re.IGNORECASE
)
_QUOTED = re.compile(r"^[\"'\u201c\u2018\u201e\u00ab\u300c](.*)[\"'\u201d\u2019\u00bb\u300d]$", re.DOTALL)


@register_extractor
def answer_text(text: str) -> str | None:
    """What is concluded with, to the end of its line and before a reason, without the quotation marks around it and the
    mark at its end: in a box, after the last phrase that announces an answer, else the first line."""
    text = before_next_question(text)
    for place, _ in conclusions(text):
        if found := _line(place):
            return found
        if not place.strip():
            return None
    text = clean(text)
    return None if is_refusal(text) or is_broken_off(text) else _line(text)


def _line(text: str) -> str | None:
    line = text.strip().partition("\n")[0].strip()
    # A sentence ends behind a word of three letters or more, or behind a quotation mark: "Inc. " and "D.C." go on.
    line = re.split(r"(?<=[^\W\d_]{3}[.!?])\s+(?=[A-Z\u00a1\u00bf])|(?<=[\"'\u201d][.!?])\s+", line)[0]
    line = re.sub(
        r"\s*\([^()]*\d[^()]*\)\.?$|, (?:and )?not .*$", "", without_reasons(line).strip().rstrip("\u3002\u0964!")
    )
    line = _COPULA.sub("", line).removesuffix("\u3067\u3059").strip()
    if not re.search(r"(?:\b[A-Z]|Inc|Ltd|Co|Jr|Sr|etc)\.$", line):
        line = line.rstrip(".")
    match = _QUOTED.match(line)
    return (match[1].strip().rstrip(".") if match else line) or None
