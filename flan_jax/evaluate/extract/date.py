"""The date that a generation answers with, as MM/DD/YYYY."""

from __future__ import annotations

import datetime
import re
import unicodedata

from flan_jax.evaluate.extract.conclusion import (
    after_correction,
    before_next_question,
    clean,
    conclusions,
    sentences,
    without_reasons,
)
from flan_jax.evaluate.extract.registry import register_extractor

__all__ = ["date"]

_MONTHS = (
    "jan(?:uary|uar|vier)?|ene(?:ro)?|\u044f\u043d\u0432\u0430\u0440\u044f|januari|জানুয়ারি|জানুয়ারি|มกราคม|జనవరి",
    "feb(?:ruary|ruar|rero)?|f\u00e9v(?:rier)?|\u0444\u0435\u0432\u0440\u0430\u043b\u044f|februari|ফেব্রুয়ারি|ফেব্রুয়ারি|กุมภาพันธ์|ఫిబ్రవరి",
    "mar(?:ch|zo|s)?|m\u00e4rz|\u043c\u0430\u0440\u0442\u0430|machi|মার্চ|มีนาคม|మార్చి",
    "apr(?:il)?|abr(?:il)?|avr(?:il)?|\u0430\u043f\u0440\u0435\u043b\u044f|aprili|এপ্রিল|เมษายน|ఏప్రిల్",
    "may|mai|mayo|\u043c\u0430\u044f|mei|মে|พฤษภาคม|మే",
    "june?|juni|junio|juin|\u0438\u044e\u043d\u044f|জুন|มิถุนายน|జూన్",
    "july?|juli|julio|juil(?:let)?|\u0438\u044e\u043b\u044f|julai|জুলাই|กรกฎาคม|జూలై",
    "aug(?:ust)?|ago(?:sto)?|ao\u00fbt|\u0430\u0432\u0433\u0443\u0441\u0442\u0430|agosti|আগস্ট|สิงหาคม|ఆగస్టు",
    "sept?(?:ember|tember)?|sep(?:tiembre)?|septembre|\u0441\u0435\u043d\u0442\u044f\u0431\u0440\u044f|septemba|সেপ্টেম্বর|กันยายน|సెప్టెంబర్",
    "oct(?:ober|ubre|obre)?|okt(?:ober)?|\u043e\u043a\u0442\u044f\u0431\u0440\u044f|oktoba|অক্টোবর|ตุลาคม|అక్టోబర్",
    "nov(?:ember|iembre|embre)?|\u043d\u043e\u044f\u0431\u0440\u044f|novemba|নভেম্বর|พฤศจิกายน|నవంబర్",
    "dec(?:ember)?|dez(?:ember)?|dic(?:iembre)?|d\u00e9c(?:embre)?|\u0434\u0435\u043a\u0430\u0431\u0440\u044f|desemba|ডিসেম্বর|ธันวาคม|డిసెంబర్",
)
_MONTH = "|".join(f"(?P<m{number}>{names})" for number, names in enumerate(_MONTHS, 1))
_DATE = re.compile(
    r"(?<![\d/.-])(?:"
    r"(?P<y1>\d{4})[-/.](?P<mo1>\d{1,2})[-/.](?P<d1>\d{1,2})(?![\d/])|"
    r"(?P<a>\d{1,2})(?P<mark>[-/.])(?P<b>\d{1,2})(?P=mark)(?P<y2>\d{4}|\d{2})(?![\d/])|"
    r"(?P<era>\u4ee4\u548c|\u5e73\u6210|\u662d\u548c)?(?P<y3>\d{1,4}|\u5143)\s?[\u5e74]\s?(?P<mo3>\d{1,2})\s?[\u6708]\s?(?P<d3>\d{1,2})\s?[\u65e5\u53f7]"
    r")"
)
_NAMED = re.compile(
    rf"(?<!\w)(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th|er|\.|\u00ba)?\s+(?:of |de )?)?(?:{_MONTH})(?!\w)\.?"
    r"(?(d1)|\s+(?P<d2>\d{1,2})(?:st|nd|rd|th)?(?!\d))(?:\s+del?|,|\s+of)?\s*(?P<be>\u0e1e\.\u0e28\. ?|\u0e04\.\u0e28\. ?)?(?P<y>\d{4})(?!\d)",
    re.IGNORECASE,
)

_ERAS = {"\u4ee4\u548c": 2018, "\u5e73\u6210": 1988, "\u662d\u548c": 1925}  # the year before the first
_BUDDHIST = 543  # Thai years, whether the text says so or not, are past 2400


@register_extractor
def date(text: str) -> str | None:
    """The date that is concluded with, as MM/DD/YYYY: the first after the last phrase that announces an answer, else the
    last of the text. In figures the month comes first, as in the United States, but where that is no date; 2021-05-01,
    May 1, 2021, 1 de mayo de 2021 and 2021年5月1日 are read too. Points part the day from the month."""
    text = before_next_question(text)
    for place, _ in conclusions(text):
        corrected = after_correction(place)
        for part in (corrected, place):
            found = _dates(part) if part is not None else []
            if found:
                return found[0]
    said = [without_reasons(sentence) for sentence in sentences(clean(text))]
    corrected = after_correction(clean(text))
    if corrected is not None and (found := _dates(corrected)):
        return found[0]
    found = [day for sentence in said for day in _dates(sentence)] or _dates(clean(text))
    return found[-1] if found else None


def _dates(text: str) -> list[str]:
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    found: list[tuple[int, str]] = []
    for match in _DATE.finditer(text):
        if match["a"]:
            first, second, year = int(match["a"]), int(match["b"]), int(match["y2"])
            year += 0 if year > 99 else 2000 if year < 70 else 1900
            pairs = ((second, first), (first, second)) if match["mark"] == "." else ((first, second), (second, first))
            days = [_day(year, month, day) for month, day in pairs]
        else:
            number = "1" if match["y1"] else "3"
            year = 1 if match[f"y{number}"] == "\u5143" else int(match[f"y{number}"])
            days = [_day(year + _ERAS.get(match["era"], 0), int(match[f"mo{number}"]), int(match[f"d{number}"]))]
        found += [(match.start(), day) for day in days if day][:1]
    for match in _NAMED.finditer(text):
        month = next(number for number in range(1, 13) if match[f"m{number}"])
        year = int(match["y"])
        day = _day(year - _BUDDHIST if year > 2400 else year, month, int(match["d1"] or match["d2"]))
        found += [(match.start(), day)] if day else []
    return [day for _, day in sorted(found)]


def _day(year: int, month: int, day: int) -> str | None:
    try:
        return datetime.date(year, month, day).strftime("%m/%d/") + f"{year:04d}"
    except ValueError:
        return None


register_extractor(date, "last_date")  # its name of before
