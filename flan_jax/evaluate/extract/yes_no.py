"""The yes or no that a generation answers with, in the languages that benchmarks have."""

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

__all__ = ["yes_no"]

# The words as they are written in English, German, Spanish, French, Russian, Swahili, Arabic, Hindi, Portuguese and
# Italian.
_YES = (
    "yes|yeah|yep|true|correct|affirmative|ja|doch|wahr|richtig|sí|verdadero|cierto|oui|vrai|да|верно|ndiyo|ndio|kweli|"
    "نعم|صحيح|हाँ|हां|sim|verdadeiro|sì|vero"
)
_NO = (
    "(?:absolutely|certainly|definitely|of course) not|not at all|no|nope|false|incorrect|untrue|negative|nein|falsch|"
    "falso|non|faux|нет|неверно|hapana|না|لا|خطأ|नहीं|não"
)
# Scripts without spaces between words, or with endings on them: anywhere. The longer one first, as 不是 holds 是.
_NO_ANYWHERE = "不是|不对|不能|不会|否|错误|いいえ|いえ|아니요|아니오|ไม่ใช่|ไม่|కాదు|లేదు"
_YES_ANYWHERE = "是|对|正确|はい|그렇습니다|ใช่|হ্যাঁ|అవును"
_WORD = re.compile(
    rf"(?<!\w)(?P<negation>(?:not|n't|isn't|is not)\s+)?(?:(?P<yes>{_YES})|(?P<no>{_NO}))(?!\w)|"
    rf"(?P<no2>{_NO_ANYWHERE})|(?P<yes2>{_YES_ANYWHERE})",
    re.IGNORECASE,
)
# "No coin is heads" begins with a determiner; "No, it is not" and "No it is not" with an answer.
_DETERMINER = re.compile(
    r" +(?!(?:it|he|she|they|this|that|the|these|those|you|we|i|because|since|there)\b)[a-z]", re.IGNORECASE
)
_OPEN = re.compile(r"\s*(?:and|or|/)\s*(?:no|yes|true|false)\b", re.IGNORECASE)


@register_extractor
def yes_no(text: str) -> str | None:
    """What is concluded with, as "yes" or "no": in a box, after the last phrase that announces an answer; of a text
    that begins with one, that one; else that of the last sentence, where it names but one. True and false, and the
    words of other languages, count; "not true" is no; "yes and no" is nothing."""
    text = before_next_question(text)
    for place, _ in conclusions(text):
        corrected = after_correction(place)
        for part in (corrected, place):
            found = _said(part) if part is not None else []
            if found:
                return found[0] or None
    text = clean(text)
    if is_refusal(text):
        return None
    corrected = after_correction(text)
    text = corrected if corrected is not None and _said(corrected) else text
    said = sentences(text)
    begins = _said(said[0], start=True) if said else []
    if begins:
        return begins[0] or None
    for sentence in reversed(said[-1:]):
        found = _said(sentence)
        if len(set(found)) == 1:
            return found[0] or None
    return None


def _said(text: str, *, start: bool = False) -> list[str]:
    """The yeses and noes of a text in order, "" for what is left open; `start`: of its beginning alone."""
    found = []
    for match in _WORD.finditer(text):
        if start and re.search(r"\w", text[: match.start()]):
            break
        is_yes = bool(match["yes"] or match["yes2"])
        word = (match["yes"] or match["no"] or "").lower()
        if word == "no" and _DETERMINER.match(text, match.end()):
            continue
        if word == "correct" and start is False and re.match(r" (?:answer|option|choice)", text[match.end() :]):
            continue
        found.append("" if _OPEN.match(text, match.end()) else "yes" if is_yes != bool(match["negation"]) else "no")
        if start:
            break
    return found


register_extractor(yes_no, "cot_yes_no")  # its name of before
