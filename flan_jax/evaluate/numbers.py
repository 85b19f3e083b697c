"""Numbers in text, as people and models write them: digits of any script, separators, signs, units, currencies.

    "$1,234.50."   1234.5        "7-3"        7 and 3
    "−3"           -3            "18% of"     18
    "答案是11。"    11            "3.14.15"    3.14 and 15
    "USD5,000"     5000          "A1"         none
    "১,২৩৪"         1234          "12,34,567"  1234567 (Indian grouping)
    "1 234 567"    1234567       "1.234,5"    1234.5
    "1/2"          0.5           "1.5e-3"     0.0015
    "0,375"        0.375         "–5"         -5
    "½", "2½"      0.5, 2.5      "1 1/2"      1.5
    "2.5 million"  2500000       "3 × 10^4"   30000

Words for powers of ten are read behind digits, in ten languages; other number words and ideographic numerals are not.
"""

from __future__ import annotations

import dataclasses
import decimal
import re
import unicodedata

__all__ = ["Number", "find_numbers", "plain"]

_MINUS = "-\u2212\uff0d\u2011\u2013"  # the last, an en dash, is what typesetting makes of a hyphen
_SYMBOL = r"(?:(?:US)?[$\u00a3\u20ac\u00a5\u20b9\u0e3f\u20a9\uffe5\u20bd\u09f3]|Rs\.?)\s?"
# ISO 4217 codes: of all letters before digits, the only ones that are no part of a name, so "USD5,000" is 5000 where
# "A1" and "H2O" are names. Only glued to digits: with a space or a sign between, the number is found without them.
_CODE = r"(?:AUD|BRL|CAD|CHF|CNY|DKK|EUR|GBP|HKD|INR|JPY|KRW|MXN|NOK|NZD|PLN|RMB|RUB|SEK|SGD|THB|USD|ZAR)(?=\d)"
_CURRENCY = f"(?:{_SYMBOL}|{_CODE})"
_SPACES = " \u00a0\u202f\u2009"
_VULGAR = "\u00bc-\u00be\u2150-\u215e"  # fractions of one character
_MOST_GROUPS = 40  # of digits in a row with marks between: what is longer is no number, and slow to look through
# name: digits glued to a letter, to be passed over. core, in this order: groups of three parted by spaces, digits with
# marks between, a fraction without a whole part. The long one first, as alternatives are tried from the left.
_NUMBER = re.compile(
    r"(?<=[A-Za-z_])(?P<name>\d+(?:[.,']\d+)*)|"
    rf"(?<![A-Za-z_])(?P<sign>[{_MINUS}]?)(?:{_CURRENCY})?(?P<sign2>[{_MINUS}]?)"
    rf"(?P<core>[1-9]\d{{0,2}}(?:[{_SPACES}]\d{{3}}(?!\d|-[A-Za-z]))+(?:[.,]\d+)?(?![.,]?\d)|\d+(?:[.,']\d+){{0,{_MOST_GROUPS}}}|(?<!\d)\.\d+|[{_VULGAR}])"
)
# Other scripts' separators as . , ' — one character for one, so that positions stay.
_SEPARATORS = str.maketrans({"\u066b": ".", "\u066c": ",", "\uff0c": ",", "\uff0e": ".", "\u2019": "'"})
_INDIAN = re.compile(r"[1-9]\d?(?:,\d{2})*,\d{3}$")
_ZERO_COMMA = re.compile(r"0\d{0,2},\d{3}$")  # would be thousands but for the 0, and no list is written so
# What may follow a number and is part of it. Of two slashes, as in 05/01/2021, neither is a fraction's; a letter after
# an exponent's digits makes all of it a name, such as 1e5f.
_EXPONENT = re.compile(rf"[eE](?P<power>[{_MINUS}+]?\d{{1,3}})(?![\w]|[.,']\d)")
_DIVISOR = re.compile(r"/(?P<divisor>\d+)(?!\d|[/.,']\d)")
# After a whole number: a fraction of one character, or "1/2" behind a space.
_MIXED = re.compile(rf"\s?(?P<vulgar>[{_VULGAR}])|[{_SPACES}](?P<above>\d{{1,2}})/(?P<below>\d{{1,3}})(?![\d/]|[.,]\d)")
_TIMES_TEN = re.compile(
    rf"\s*[x\u00d7*\u00b7]\s*10(?:\^|\*\*)?\s*[{{(]?"
    rf"(?P<power>(?<=[\^*{{(])[{_MINUS}]?\d{{1,2}}|[\u207b\u2070-\u2079\u00b9\u00b2\u00b3]+)[}})]?"
)
# Powers of ten that stand behind digits as words. German and Spanish ones are told from English ones by their endings.
_SCALES = {
    3: "thousand|tausend|mil|mille|тысяч[аи]?|千|พัน|হাজার|వేలు?",
    4: "万|萬|หมื่น",
    5: "lakhs?|แสน|লক্ষ|লাখ|లక్షల?",
    6: "millions?|millionen|millón|millones|mln|миллион(?:а|ов)?|млн|ล้าน",
    7: "crores?|কোটি|కోట్ల?ు?",
    8: "亿|億",
    9: "billions?|milliarden?|milliards?|миллиард(?:а|ов)?|млрд",
    12: "trillions?",
}
_SCALE = re.compile(
    r"[\s\u00a0-]?(?:"
    + "|".join(f"(?P<e{power}>{words})" for power, words in _SCALES.items())
    + r")(?![A-Za-z\u0400-\u04ff])|k(?!\w)",
    re.IGNORECASE,
)
_REST = re.compile(r"(?P<digits>\d{1,4})(?P<unit>[百千])?")
_POWER = re.compile(r"(?:\^\{?(?P<power>\d{1,2})\}?)(?![\d.])")
_DIVISION = decimal.Context(prec=28)


@dataclasses.dataclass(frozen=True)
class Number:
    """A number in a text: its value, and the half-open range of characters it takes, sign and currency included."""

    value: decimal.Decimal
    start: int
    end: int


def find_numbers(text: str, grouping: str = ",") -> list[Number]:
    """All numbers of `text`, in order.

    A minus is a sign where it touches its number (or its currency) and nothing that ends a term stands before it: a
    digit, a closing bracket or a Latin letter. Numbers glued to a Latin letter on their left ("H2O") are names, all
    of their digits ("x12", "v1.2"), but for a currency's code ("USD5").

    Args:
      text: any text.
      grouping: marks that group digits where exactly three follow a single one of them: "," reads 1,234 as 1234 and
        1.234 as 1.234; ",." reads both as 1234, and 0,5 as a half, as German and Spanish write them. With "," alone
        a comma before any other number of digits parts two numbers. What begins with 0 is not grouped: 0,375 is
        0.375 with either.
    """
    ascii_text = _ascii_digits(text)
    found: list[Number] = []
    position = 0
    while match := _NUMBER.search(ascii_text, position):
        if match["name"]:
            position = match.end()
            continue
        if re.match(f"[{_VULGAR}]", match["core"]):
            value, length = _vulgar(match["core"]), 1
        else:
            value, length = _value(match["core"], grouping)
        position = match.start("core") + length
        if length == len(match["core"]):
            value, position = _with_suffix(value, ascii_text, match.start(), position)
        start = match.start()
        sign = match["sign"] or match["sign2"]
        if match["sign"] and ascii_text[:start].rstrip()[-1:] in tuple("0123456789)]"):
            sign, start = match["sign2"], start + 1
        # Not `-value`, which rounds to the context's 28 digits.
        found.append(Number(value.copy_negate() if sign else value, start, position))
    return found


def plain(value: decimal.Decimal) -> str:
    """The one spelling of a value: no exponent, no trailing zeros, "0" for minus zero."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _ascii_digits(text: str) -> str:
    digits = (c if c.isascii() else unicodedata.decimal(c, None) for c in text)
    return "".join(c if d is None else str(d) for c, d in zip(text, digits, strict=True)).translate(_SEPARATORS)


def _with_suffix(value: decimal.Decimal, text: str, start: int, end: int) -> tuple[decimal.Decimal, int]:
    """The number at `text[start:end]` with the exponent or the divisor that follows it, and where that ends. A quotient
    has 28 digits."""
    if exponent := _EXPONENT.match(text, end):
        power = re.sub(f"[{_MINUS}]", "-", exponent["power"])
        return decimal.Decimal(f"{value:f}e{power}"), exponent.end()
    fraction = None if text[:start].endswith("/") else _DIVISOR.match(text, end)
    if fraction and (divisor := decimal.Decimal(fraction["divisor"])):
        return _DIVISION.divide(value, divisor), fraction.end()
    if (raised := _POWER.match(text, end)) and 0 < abs(value) <= 1_000:
        return value ** int(raised["power"]), raised.end()
    if (mixed := _MIXED.match(text, end)) and value == value.to_integral_value():
        part = _vulgar(mixed["vulgar"]) if mixed["vulgar"] else _quotient(mixed["above"], mixed["below"])
        if part is not None and part < 1:
            value, end = value + part, mixed.end()
    if times := _TIMES_TEN.match(text, end):
        power = re.sub(f"[{_MINUS}]", "-", unicodedata.normalize("NFKC", times["power"]))
        return decimal.Decimal(f"{value:f}e{power}"), times.end()
    if scale := _SCALE.match(text, end):
        power = scale.lastgroup[1:] if scale.lastgroup else "3"
        value, end = decimal.Decimal(f"{value:f}e{power}"), scale.end()
        # 2万5千 goes on with smaller units.
        if power in ("4", "8") and (rest := _REST.match(text, end)):
            value += decimal.Decimal(rest["digits"]) * {"": 1, "百": 100, "千": 1_000}[rest["unit"] or ""]
            end = rest.end()
        return value, end
    return value, end


def _vulgar(character: str) -> decimal.Decimal:
    above, _, below = unicodedata.normalize("NFKC", character).partition("\u2044")
    return _DIVISION.divide(decimal.Decimal(above), decimal.Decimal(below))


def _quotient(above: str, below: str) -> decimal.Decimal | None:
    return _DIVISION.divide(decimal.Decimal(above), decimal.Decimal(below)) if int(below) else None


def _value(core: str, grouping: str) -> tuple[decimal.Decimal, int]:
    """The value at the start of `core` and how many of its characters belong to it."""
    if spaces := sum(core.count(space) for space in _SPACES):
        value, length = _value("".join(c for c in core if c not in _SPACES), grouping)
        return value, length + spaces
    groups = re.split("[.,']", core)
    marks = [c for c in core if c in ".,'"]
    leads = 1 <= len(groups[0]) <= 3 and groups[0][0] != "0"  # grouped digits do not begin with 0
    in_threes = leads and all(len(group) == 3 for group in groups[1:])
    if not marks:
        return decimal.Decimal(core), len(core)
    if len(set(marks)) == 1:
        is_grouped = in_threes and (len(marks) > 1 or marks[0] in grouping or marks[0] == "'")
        if is_grouped or _INDIAN.match(core):
            return decimal.Decimal("".join(groups)), len(core)
        is_fraction = marks[0] == "." or (marks[0] == "," and ("." in grouping or _ZERO_COMMA.match(core)))
        if len(marks) == 1 and is_fraction:
            return decimal.Decimal(f"{groups[0]}.{groups[1]}"), len(core)
    elif marks[:-1].count(marks[0]) == len(marks) - 1:  # 1,234,567.8 or 1.234.567,8
        head = core.rpartition(marks[-1])[0]
        if (leads and all(len(group) == 3 for group in groups[1:-1])) or _INDIAN.match(head):
            return decimal.Decimal("".join(groups[:-1]) + "." + groups[-1]), len(core)
    # Not one number but several, as in "1,2,3" or "3.14.15": the first of them.
    if marks[0] == "." and groups[0]:
        return decimal.Decimal(f"{groups[0]}.{groups[1]}"), len(groups[0]) + 1 + len(groups[1])
    return (decimal.Decimal(groups[0]), len(groups[0])) if groups[0] else (decimal.Decimal(f"0.{groups[1]}"), len(core))
