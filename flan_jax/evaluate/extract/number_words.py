"""Numbers that are written as words, in the languages that benchmarks have, and as ideographs.

Up to millions in English, up to 99 in German, Spanish, French, Russian, Swahili and Thai, up to 20 in Bengali and
Telugu.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from flan_jax.evaluate.numbers import find_numbers, plain

__all__ = ["word_number"]

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = {word: value for value, word in enumerate(_SMALL)} | {w: 10 * v for v, w in enumerate(_TENS, 2)}
_SCALES = {"hundred": 100, "dozen": 12, "thousand": 1_000, "million": 1_000_000}
_WORD = "|".join(sorted((*_VALUES, *_SCALES), key=len, reverse=True))
_ENGLISH = re.compile(
    rf"(?<![\w-])(?P<sign>minus |negative )?(?P<words>(?:a |)(?:{_WORD})(?:(?:-| and | )(?:{_WORD}))*)"
    r"(?P<half> and a half)?(?: |-)?(?P<part>half|halves|thirds?|quarters?|fifths?|sixths?|eighths?|tenths?)?(?!\w)",
    re.IGNORECASE,
)
_PARTS = {"hal": "0.5", "thi": "1/3", "qua": "1/4", "fif": "1/5", "six": "1/6", "eig": "1/8", "ten": "1/10"}
_ONES_AS_WORDS = {"one", "a", "a one"}

# 0 to 20 of each language, then its tens from 30, as far as they are composed regularly.
_LANGUAGES = {
    "de": (
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
        "siebzehn achtzehn neunzehn zwanzig",
        "dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    ),
    "es": (
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
        "dieciocho diecinueve veinte",
        "treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    ),
    "fr": (
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dix-sept "
        "dix-huit dix-neuf vingt",
        "trente quarante cinquante soixante",
    ),
    "ru": (
        "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать "
        "пятнадцать шестнадцать семнадцать восемнадцать девятнадцать двадцать",
        "тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто",
    ),
    "sw": (
        "sifuri moja mbili tatu nne tano sita saba nane tisa kumi",
        "thelathini arobaini hamsini sitini sabini themanini tisini",
    ),
    "th": ("ศูนย์ หนึ่ง สอง สาม สี่ ห้า หก เจ็ด แปด เก้า สิบ", ""),
    "bn": (
        "শূন্য এক দুই তিন চার পাঁচ ছয় সাত আট নয় দশ এগারো বারো তেরো চৌদ্দ পনেরো ষোলো সতেরো আঠারো উনিশ বিশ",
        "",
    ),
    "te": (
        "సున్నా ఒకటి రెండు మూడు నాలుగు ఐదు ఆరు ఏడు ఎనిమిది తొమ్మిది పది పదకొండు పన్నెండు పదమూడు పద్నాలుగు పదిహేను "
        "పదహారు పదిహేడు పద్దెనిమిది పంతొమ్మిది ఇరవై",
        "",
    ),
}


def _named() -> Iterator[tuple[str, str]]:
    """(words, the number in digits) of all languages but English."""
    for language, (small_text, tens_text) in _LANGUAGES.items():
        small, later = small_text.split(), tens_text.split()
        yield from ((word, str(value)) for value, word in enumerate(small))
        tens = dict(enumerate(([small[20]] if len(small) > 20 else []) + later, 2 if len(small) > 20 else 3))
        if language == "sw":
            tens = {1: "kumi", 2: "ishirini", **tens}
        if language == "th":
            tens = {1: "สิบ", 2: "ยี่สิบ", **{ten: f"{small[ten]}สิบ" for ten in range(3, 10)}}
        for ten, word in tens.items():
            yield word, str(10 * ten)
            for one in range(1, 10):
                yield from ((words, str(10 * ten + one)) for words in _joined(language, word, one, small))
        if language == "fr":
            for one in range(20):
                if one >= 10:
                    yield f"soixante-{small[one]}", str(60 + one)
                    yield f"soixante et {small[one]}", str(60 + one)
                yield (f"quatre-vingt-{small[one]}" if one else "quatre-vingts"), str(80 + one)
    yield from (("anderthalb", "1.5"), ("eineinhalb", "1.5"), ("полтора", "1.5"), ("কুড়ি", "20"))


def _joined(language: str, ten: str, one: int, small: list[str]) -> tuple[str, ...]:
    word = small[one]
    if language == "de":
        return (f"{'ein' if one == 1 else word}und{ten}",)
    if language == "es":
        accented = {1: "uno", 2: "dós", 3: "trés", 6: "séis"}.get(one, word)
        return (f"veinti{accented}", f"veinti{word}") if ten == "veinte" else (f"{ten} y {word}",)
    if language == "fr":
        return (f"{ten}-{word}", f"{ten} et {word}", f"{ten}-et-{word}")
    if language == "th":
        return (f"{ten}{'เอ็ด' if one == 1 else word}",)
    return (f"{ten} {'na ' if language == 'sw' else ''}{word}",)


_OTHERS = dict(_named())
_SPACED = re.compile(
    rf"(?<!\w)(?:{'|'.join(sorted((w for w in _OTHERS if not re.search('[฀-๿]', w)), key=len, reverse=True))})(?!\w)",
    re.IGNORECASE,
)
_UNSPACED = re.compile("|".join(sorted((w for w in _OTHERS if re.search("[฀-๿]", w)), key=len, reverse=True)))

_DIGITS = {c: v for v, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0, "兩": 2}
_UNITS = {"十": 10, "百": 100, "千": 1_000}
_MYRIADS = {"万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}
_IDEOGRAPHS = re.compile(f"[{''.join((*_DIGITS, *_UNITS, *_MYRIADS))}]{{1,40}}")


def word_number(text: str) -> str | None:
    """The first number of `text` that is written as words, in digits, or None: "twenty-five" is "25", "three quarters"
    "0.75". What means one is an article or a pronoun more often, and is read only where nothing else stands there."""
    alone = text.strip(" .!\"'。।").lower()
    for match in _ENGLISH.finditer(text):
        words = match["words"].lower()
        if words in _ONES_AS_WORDS and not match["part"] and not match["half"] and alone != words:
            continue
        return _of_english(match)
    if re.search(r"(?<!\w)half(?! of| the| as)(?!\w)", text, re.IGNORECASE) and alone in ("half", "a half", "one half"):
        return "0.5"
    for pattern in (_SPACED, _UNSPACED):
        for match in pattern.finditer(text):
            value = _OTHERS[match[0].lower()]
            if value != "1" or alone == match[0].lower():
                return value
    if fraction := re.search(f"({_IDEOGRAPHS.pattern})分之({_IDEOGRAPHS.pattern})", text):
        return _exactly(f"{_of_ideographs(fraction[2])}/{_of_ideographs(fraction[1])}")
    for match in _IDEOGRAPHS.finditer(text):
        # A single 一 and the units alone are parts of words.
        if len(match[0]) > 1 or (match[0] in _DIGITS and match[0] != "一") or alone == match[0]:
            return str(_of_ideographs(match[0]))
    return None


def _exactly(digits: str) -> str:
    return plain(find_numbers(digits)[0].value)


def _of_english(match: re.Match[str]) -> str:
    total = part = 0
    for word in re.findall(_WORD, match["words"].lower()):
        if word in _VALUES:
            part += _VALUES[word]
        elif word in ("hundred", "dozen"):
            part = max(part, 1) * _SCALES[word]
        else:
            total, part = total + max(part, 1) * _SCALES[word], 0
    value = str(total + part)
    if match["half"]:
        value = f"{value}.5"
    if match["part"]:
        _, _, below = _PARTS[match["part"][:3].lower()].partition("/")
        value = _exactly(f"{value}/{below}") if below else _exactly(f"{value}/2")
    return f"-{value}" if match["sign"] else value


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
