"""The words that a generation answers with, as short answers and names are."""

from __future__ import annotations

import re

from flan_jax.evaluate.extract.conclusion import before_next_question, clean, conclusions, without_reasons
from flan_jax.evaluate.extract.registry import register_extractor

__all__ = ["answer_text"]

_QUOTED = re.compile(r"^[\"'\u201c\u2018\u201e\u00ab\u300c](.*)[\"'\u201d\u2019\u00bb\u300d]$", re.DOTALL)


@register_extractor
def answer_text(text: str) -> str | None:
    """What is concluded with, to the end of its line and before a reason, without the quotation marks around it and the
    mark at its end: in a box, after the last phrase that announces an answer, else the first line."""
    text = before_next_question(text)
    for place, _ in conclusions(text):
        if found := _line(place):
            return found
    return _line(clean(text))


def _line(text: str) -> str | None:
    line = text.strip().partition("\n")[0].strip()
    line = re.split(r"(?<=[^\W\d_]{2}[.!?])\s+(?=[A-Z])", line)[0]
    line = without_reasons(line).strip().rstrip(".\u3002\u0964!").strip()
    match = _QUOTED.match(line)
    return (match[1].strip().rstrip(".") if match else line) or None
