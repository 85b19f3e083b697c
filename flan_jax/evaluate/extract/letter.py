"""The option's letter that a generation answers with, read as a careful person reads it."""

from __future__ import annotations

import re

from flan_jax.evaluate.extract.conclusion import (
    after_correction,
    before_next_question,
    clean,
    conclusions,
    is_refusal,
    sentences,
)
from flan_jax.evaluate.extract.registry import register_extractor

__all__ = ["letter"]

# A letter in brackets; one with a bracket behind it; a capital on its own. Other scripts may touch it.
_LETTER = re.compile(
    r"[(\[]\s*(?P<bracketed>[A-Za-z])\s*[)\]]|(?<![A-Za-z0-9'\u2019(])(?P<item>[A-Za-z])(?=\)(?!\w))|"
    r"(?<![A-Za-z\u00c0-\u024f0-9_'\u2019(.])(?P<bare>[A-Z])(?![A-Za-z\u00c0-\u024f0-9_'\u2019]|\.[A-Z])"
)
# Letters of Russian keyboards that look like Latin ones, alone before a sentence's end.
_CYRILLIC = re.compile(r"(?<!\w)[АВСЕ](?=\s*$|[.):,])", re.MULTILINE)
_GOES_ON = re.compile(r" +(?!or\b|and\b)[a-z]")  # after an article, or a pronoun
_NOT = re.compile(
    r"(?:\bnot|n't|\bnor|\bneither|\brather than|\binstead of|\bnicht|\bpas)\s+"
    r"(?:the )?(?:(?:option|choice|answer)\s+)?$",
    re.IGNORECASE,
)
_OR = re.compile(
    r"\W{0,2}\s*(?:,|/|&|\bor\b|\band\b|\boder\b|\bund\b|\bou\b|\bet\b|\by\b)\s*[(\[]?(?P<other>[A-Z])(?![\w'\u2019])"
)
_LURE = re.compile(r"\b(?:mistake|tempting|wrong|incorrect|tempted|not)\b[^.]*$", re.IGNORECASE)
_IS_RIGHT = re.compile(
    r"[(\[]?(?<![A-Za-z])(?P<letter>[A-Z])[)\]]?(?: \w+)? (?:is|must be|seems|appears)"
    r"(?: clearly| therefore| thus)?(?: the)? (?:correct|right|best|true|most likely|answer)"
    r"|\bleaves? (?:us with |only |just )*[(\[]?(?P<left>[A-Z])(?![\w'\u2019])"
    r"|(?P<cjk>[A-Z])(?:が正|正确|是正确)|[选選](?P<picked>[A-Z])(?![A-Za-z])"
    r"|\b(?:choose|chose|pick|select|go with|going with|opt for)(?: option| choice| answer)? "
    r"[(\[]?(?P<chosen>[A-Z])(?![\w'\u2019]| over)",
)
_CONCLUDES = re.compile(
    r"\b(?:so|thus|therefore|hence|must be|only|I think|also|donc|por tanto|значит)\b",
    re.IGNORECASE,
)
_LIST = re.compile(r"(?:[^\w]*[A-Z]\b){2,}\W*")  # options repeated, and nothing said of them
_AT_START = re.compile(
    r"[^\w(\[]*(?:(?:[Oo]ption|[Cc]hoice|[Ll]etter)\s+)?"
    r"(?:[(\[]\s*([A-Za-z])\s*[)\]](?! (?:is|are|was|and|or|can|cannot|does|would|seems|says)\b)"
    r"|([A-Z])(?=\s*$|\s*[.):,;\n]|\s+[-\u2013\u2014(]|\s+because|\s+since|\s+as ))"
)


@register_extractor
def letter(text: str) -> str | None:
    """The letter that is concluded with: in a box, after the last phrase that announces an answer; of a text that
    begins with a letter and goes on with the option or a reason, that one; else the only one that the text names. Small
    letters count in brackets. Of two that are offered side by side ("A or B") none is the answer."""
    text = before_next_question(text)
    for place, _ in conclusions(text):
        corrected = after_correction(place)
        found = (_first(corrected) if corrected is not None else None) or _first(place)
        if found is not None:
            return found if len(found) == 1 else None
    text = clean(text)
    corrected = after_correction(text)
    text = corrected if corrected is not None and _letters(corrected) else text
    right = [
        match[match.lastgroup or 0]
        for match in _IS_RIGHT.finditer(text)
        if not _LURE.search(text, max(0, match.start() - 120), match.start())
    ]
    if right:
        return right[-1]
    match = _AT_START.match(text)
    if match and _LIST.fullmatch(text) and len(set(re.findall("[A-Z]", text))) > 1:
        return None
    if match:
        return None if _OR.match(text, match.end()) else (match[1] or match[2]).upper()
    if is_refusal(text):
        return None
    last = [sentence for sentence in sentences(text)[-1:] if _CONCLUDES.search(sentence)]
    for part in (*last, text):
        named = {match[match.lastgroup or 0].upper() for match in _letters(part)}
        if len(named) == 1:
            return named.pop()
    return None


def _letters(text: str) -> list[re.Match[str]]:
    """The letters that are neither words nor denied."""
    return [
        match
        for match in _LETTER.finditer(text)
        if not (match["bare"] in ("A", "I") and _GOES_ON.match(text, match.end()))
        and not _NOT.search(text, max(0, match.start() - 40), match.start())
    ]


def _first(place: str) -> str | None:
    """The first letter; "or" for two side by side."""
    place = _CYRILLIC.sub(lambda match: "ABCE"["АВСЕ".index(match[0])], place)
    found = _letters(place)
    if not found:
        # Small letters on their own count where an answer is announced, and nothing else is.
        match = re.match(r"\W*([A-Z])(?![\w'\u2019])|\W*([a-z])\W*$", place.strip().partition("\n")[0])
        return (match[1] or match[2]).upper() if match else None
    chosen = (found[0][found[0].lastgroup or 0]).upper()
    other = _OR.match(place, found[0].end())
    return "or" if other and other["other"] != chosen and other["other"] not in "I" else chosen


register_extractor(letter, "cot_letter")  # its name of before
