"""Where in a generation its answer stands: one rule for answers of every kind, in the languages that benchmarks have.

A generation is cut where it goes on to another question. Then come, best first, what follows the last "####" (GSM8K's
mark), what the last \\boxed{…} or <answer> holds, and what follows each phrase that announces an answer, from the last.
What surrounds an answer and is no part of it goes: Markdown's emphasis, LaTeX, calculators' notes, and reasons that
follow it ("12, since 3 x 4 = 12").
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from flan_jax.evaluate.extract.phrases import (
    ANNOUNCED,
    ASIDE,
    BROKEN_OFF,
    CORRECTION,
    QUESTION,
    REASON,
    REFUSAL,
    SENTENCE_END,
    TAGGED,
)

__all__ = [
    "after_correction",
    "before_next_question",
    "clean",
    "conclusions",
    "is_broken_off",
    "is_refusal",
    "sentences",
    "without_reasons",
]

_FRACTION = re.compile(r"(\d)?\s*\\[dt]?frac\s*(?:\{([^{}]*)\}\s*\{([^{}]*)\}|(\d)\s*(\d))")
_LATEX_TEXT = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|operatorname|mbox)\s*\{([^{}]*)\}")


def clean(text: str) -> str:
    """The text without markup: Markdown, LaTeX, HTML tags, calculators' notes; full-width letters and brackets are
    ASCII's."""
    text = "".join(chr(ord(c) - 0xFEE0) if "\uff08" <= c <= "\uff09" or "\uff21" <= c <= "\uff5a" else c for c in text)
    text = re.sub(r"<<[^<>\n]*>>|</?[a-zA-Z][^<>\n]{0,40}>", "", text)
    if "\\" in text:
        text = _FRACTION.sub(_plain_fraction, text)
        text = _LATEX_TEXT.sub(r"\1", text)
        text = re.sub(r"\\(?:times|cdot|ast)(?![a-zA-Z])", "\u00d7", text)
        text = re.sub(r"\\(?:left|right|displaystyle|bf|rm)(?![a-zA-Z])|\\[!,;:]", "", text)
        text = re.sub(r"\\[\[\]() ]", " ", text)
        text = re.sub(r"\\([$%#&_])", r"\1", text)
        text = re.sub(r"\\circ(?![a-zA-Z])", "", text)
    text = text.replace("{,}", ",")
    # Emphasis. A star between spaces multiplies, and an underscore inside a word is part of a name.
    text = re.sub(r"\*\*|~~|`|(?<!\w)__|__(?!\w)", "", text)
    text = re.sub(r"(?<![\w*])\*(?=[^\s*])([^*\n]*?)(?<=[^\s*])\*(?![\w*])", r"\1", text)
    text = re.sub(r"(?<!\w)_(?=[^\s_])([^_\n]*?)(?<=[^\s_])_(?!\w)", r"\1", text)
    text = re.sub(r"(?<=[\w.])\s?\[\d{1,3}\]", "", text)  # a note's number
    return re.sub(r"(?m)^\s*(?:#{1,3}|>)\s+(?!#)", "", text)


def _plain_fraction(match: re.Match[str]) -> str:
    whole, above, below = match[1], match[2] or match[4], match[3] or match[5]
    return f"{whole} {above}/{below}" if whole else f"{above}/{below}"


def before_next_question(text: str) -> str:
    """The text up to where it goes on to another question."""
    text = text.lstrip()
    match = QUESTION.search(text)
    return text[: match.start()] if match else text


def conclusions(text: str) -> Iterator[tuple[str, bool]]:
    """The places where an answer may stand, best first, as (text from there on, whether a whole sentence announces it:
    "the answer is", and no mere label such as "Answer:").

    Args:
      text: a generation, cut before the next question.
    """
    if "####" in text:
        yield clean(text.rpartition("####")[2]), True
    for held in reversed(_boxed(text)):
        yield clean(held), True
    for match in reversed(list(TAGGED.finditer(text))):
        yield clean(match[1]), True
    text = clean(text)
    end = len(text)
    for match in reversed(list(ANNOUNCED.finditer(text))):
        yield text[match.end() : end], match[0].rstrip()[-1:] not in (":", "\uff1a", "=")
        end = match.start()


def _boxed(text: str) -> list[str]:
    """What each \\boxed{…} holds, in the order of their ends; one that is never closed holds nothing."""
    found: list[str] = []
    opened: list[int | None] = []  # where what a brace opens begins, None for braces of no box
    for match in re.finditer(r"\\(?:boxed|fbox)\s*\{|[{}]", text):
        if match[0] == "}":
            start = opened.pop() if opened else None
            found += [] if start is None else [text[start : match.start()]]
        else:
            opened.append(match.end() if len(match[0]) > 1 else None)
    return found


def sentences(text: str) -> list[str]:
    """The sentences that hold anything; a line's end is a sentence's."""
    return [sentence for part in SENTENCE_END.split(text) if (sentence := part.strip())]


def without_reasons(sentence: str) -> str:
    """The sentence up to a reason that follows what it says, and without asides that reckon; all of it where it begins
    with the reason."""
    sentence = ASIDE.sub("", sentence)
    match = next((m for m in REASON.finditer(sentence) if sentence[: m.start()].strip()), None)
    return sentence[: match.start()] if match else sentence


def is_refusal(text: str) -> bool:
    """Whether the text says that it has no answer."""
    return bool(REFUSAL.search(text))


def is_broken_off(text: str) -> bool:
    """Whether the text ends where something had to follow."""
    return bool(BROKEN_OFF.search(text.rstrip()))


def after_correction(text: str) -> str | None:
    """What follows the last word that takes something back, such as "wait" or "actually"; None without one."""
    matches = list(CORRECTION.finditer(text))
    return text[matches[-1].end() :] if matches else None
