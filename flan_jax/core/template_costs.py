"""What an operation of a Jinja template will read and make, told before it is done.

The unit is a character, an item of a list or a step, whichever an operation has most of. `template_sandbox` adds these
up and stops a template at `MAX_WORK`; a method or filter that has no cost here cannot be called.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import SecurityError

MAX_WORK = 10_000_000  # characters, items and steps of one rendering: some seconds and 100 MB at the very most
# More digits than this Python would not print either; 4,300 digits in bits.
MAX_INTEGER_BITS = 14_284
# An item that an operation makes is an object of some 50 bytes, where one that it copies is a reference.
ITEM = 5
_HTML = 6  # "'" becomes "&#39;", and one more for the text itself
_URL = 12  # a character of four bytes becomes "%F0%9F%98%80"
_PLAIN = frozenset([int, float, bool, type(None)])

Cost = Callable[..., int]

__all__ = [
    "FILTER_COSTS",
    "ITEM",
    "MAX_INTEGER_BITS",
    "MAX_WORK",
    "METHOD_COSTS",
    "Cost",
    "format_widths",
    "operator_cost",
    "size_of",
]


def size_of(value: Any, most: int) -> int:
    """Characters and items of a value, those of the values inside it included each time that they come up.

    Args:
      value: any value of a template.
      most: counting stops once this is passed: `[x, x]` of `[y, y]` and so on doubles at each step.
    """
    kind = type(value)
    if kind is str:
        return len(value) + 1
    if (kind in _PLAIN and kind is not int) or isinstance(value, Undefined):
        return 1
    total, stack = 0, [value]
    while stack and total <= most:
        item = stack.pop()
        if isinstance(item, Undefined):
            total += 1  # looked at further, it would raise that it is undefined
        elif isinstance(item, str | bytes):
            total += len(item) + 1
        elif isinstance(item, int):
            total += 1 + item.bit_length() // 8
        elif isinstance(item, Mapping):
            total += 1 + 2 * len(item)
            stack += [*item.keys(), *item.values()]
        elif isinstance(item, range):
            total += 1 + len(item)
        elif isinstance(item, Iterable) and hasattr(item, "__len__") and not hasattr(item, "__next__"):
            total += 1 + len(item)  # type: ignore[arg-type]
            stack += item
        else:
            total += 1
    return total


def operator_cost(operator: str, left: Any, right: Any) -> int:
    """The cost of `left operator right`. Raises `SecurityError` for an integer of more than 4,300 digits."""
    if isinstance(left, int) and isinstance(right, int):
        bits = max(left.bit_length(), right.bit_length())
        if operator == "*":
            bits = left.bit_length() + right.bit_length()
        elif operator == "**" and abs(left) > 1:
            bits = max(bits, left.bit_length() * max(right, 0))
        if bits > MAX_INTEGER_BITS:
            raise SecurityError(f"{operator} gives an integer of more than 4,300 digits")
        return 1
    if operator == "%" and isinstance(left, str):
        return _percent_cost(left, right)
    factor = 1 if type(left) in (str, list) and type(right) in (str, list, int) else _HTML  # Markup escapes the other
    if operator == "*":
        for whole, times in ((left, right), (right, left)):
            if isinstance(whole, str | list | tuple) and isinstance(times, int):
                return factor * len(whole) * max(times, 0)
    if operator == "+":
        return factor * sum(len(side) for side in (left, right) if isinstance(side, str | list | tuple))
    return 1


def format_widths(spec: str) -> int:
    """The sum of all numbers in a format: widths and precisions, each of which may become as many characters."""
    return sum(int(digits[:9]) for digits in re.findall(r"\d+", spec))


def _percent_cost(pattern: str, arguments: Any) -> int:
    if re.search(r"%[^a-zA-Z%]*\*", pattern):
        raise SecurityError("a width of * in a % format is not allowed: write the number")
    # 10: repr of an unprintable character, "\U000e0001".
    values = 10 * size_of(arguments, MAX_WORK)
    return len(pattern) + format_widths(pattern) + pattern.count("%") * values


def _number(value: Any) -> int:
    """A width as it counts: what is no integer makes the call fail by itself."""
    return min(max(value, 0), 10**12) if isinstance(value, int) else 0


def _length(value: Any) -> int:
    return len(value) if hasattr(value, "__len__") else 0


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def _nothing(*_: Any, **__: Any) -> int:
    return 0


def _times(factor: int) -> Cost:
    return lambda value, *_, **__: factor * _length(value)


def _padded(_: Any, width: Any = 80, *__: Any, **___: Any) -> int:
    return _number(width)


def _expandtabs(text: str, tabsize: Any = 8) -> int:
    return text.count("\t") * _number(tabsize)


def _replaced(text: Any, old: Any, new: Any, count: Any = None) -> int:
    text, old, new = _text(text), _text(old), _text(new)
    found = text.count(old) if old else len(text) + 1
    limit = found if count is None or _number(count) != count else min(found, count)
    return limit * len(new) * (_HTML if type(text) is not str else 1)


def _joined(separator: str, items: Any) -> int:
    return len(separator) * _length(items) * (_HTML if type(separator) is not str else 1)


def _split(text: str, sep: Any = None, *_: Any, **__: Any) -> int:
    return ITEM * (1 + sum(map(text.count, (sep,) if isinstance(sep, str) and sep else " \n\t")))


def _stripped(text: Any, chars: Any = None, *_: Any, **__: Any) -> int:
    # Each character of the text is looked for among them.
    return len(_text(text)) * (1 + _length(chars) // 16)


def _compared(items: Any, *_: Any) -> int:
    return size_of(items, MAX_WORK)


def _join_filter(value: Any, d: Any = "", attribute: Any = None) -> int:
    del attribute
    return (len(_text(d)) + 1) * _length(value) * _HTML


def _indented(s: Any, width: Any = 4, first: Any = False, blank: Any = False) -> int:
    del first, blank
    return (_text(s).count("\n") + 1) * (len(width) if isinstance(width, str) else _number(width))


def _batched(value: Any, linecount: Any, fill_with: Any = None) -> int:
    del fill_with
    return ITEM * _length(value) + _number(linecount)


def _sliced(value: Any, slices: Any, fill_with: Any = None) -> int:
    del fill_with
    return ITEM * (_length(value) + _number(slices))


def _rounded(value: Any, precision: Any = 0, method: Any = "common") -> int:
    del value, method
    if _number(abs(precision)) > 300:
        raise SecurityError(f"round({precision}): at most 300 digits")
    return 1


def _summed(iterable: Any, attribute: Any = None, start: Any = 0) -> int:
    del attribute
    # Numbers add up in a step each; of lists, each sum copies all that went before.
    return 0 if isinstance(start, int | float) else (_length(iterable) + 1) * size_of(iterable, MAX_WORK)


def _stripped_tags(value: Any) -> int:
    # Each comment that is taken out copies the whole text.
    text = _text(value)
    return len(text) * (1 + text.count("<!--"))


def _as_json(value: Any, indent: Any = None, *_: Any, **options: Any) -> int:
    # As the template's own tojson, or transformers' with its ensure_ascii and sort_keys.
    width = indent if isinstance(indent, str) else "x" * min(_number(indent), 10**6)
    separators = sum(len(_text(text)) for text in options.get("separators") or ())
    return size_of(value, MAX_WORK) * (_HTML + separators + (len(width) * _depth(value) if width else 0))


def _depth(value: Any) -> int:
    """How deep lists and mappings lie in each other."""
    depth, level = 0, [value]
    while level and depth < 1000:
        depth += 1
        inner: list[Any] = []
        for item in level:
            if isinstance(item, Mapping):
                inner += item.values()
            elif isinstance(item, list | tuple):
                inner += item
            if len(inner) > 10**6:
                return 1000
        level = inner
    return depth


def _wrapped(s: Any, width: Any = 79, break_long_words: Any = True, wrapstring: Any = None, *_: Any, **__: Any) -> int:
    del break_long_words
    text, mark = _text(s), 1 if wrapstring is None else len(_text(wrapstring))
    lines = text.count("\n") + 1 + math.ceil(2 * len(text) / max(_number(width), 1))
    # What is left of a long word is copied for each line that is cut off it.
    longest = max(map(len, text.split(" ")), default=0)
    return 10 * len(text) + lines * mark + longest * longest // max(_number(width), 1) // 1000


_LINEAR = (
    "capitalize casefold count endswith find index isalnum isalpha isascii isdecimal isdigit isidentifier islower "
    "isnumeric isprintable isspace istitle isupper lower partition removeprefix removesuffix rfind rindex rpartition "
    "startswith swapcase title upper"
).split()

# Of each type, methods that a template may call -> cost beside the length of what they are called on and given.
METHOD_COSTS: Mapping[type, Mapping[str, Cost]] = {
    str: {
        **dict.fromkeys(_LINEAR, _times(2)),  # an upper-case letter may be three characters, which are charged as made
        **dict.fromkeys(("center", "ljust", "rjust", "zfill"), _padded),
        **dict.fromkeys(("split", "rsplit"), _split),
        **dict.fromkeys(("lstrip", "rstrip", "strip"), _stripped),
        "splitlines": lambda text, *_, **__: ITEM * (1 + text.count("\n") + text.count("\r")),
        "expandtabs": _expandtabs,
        "replace": _replaced,
        "join": _joined,
    },
    list: {"copy": _times(1), "count": _compared, "index": _compared},
    tuple: {"count": _compared, "index": _compared},
    dict: {"get": _nothing, "keys": _nothing, "values": _nothing, "items": _nothing, "copy": _times(2)},
    float: {"is_integer": _nothing},
}

# Filters that a template may use -> cost beside the size of what they are given. Not there: pprint, urlize and xmlattr,
# which prompts have no use for and whose cost is hard to tell.
FILTER_COSTS: Mapping[str, Cost] = {
    **dict.fromkeys("abs attr capitalize count d default filesizeformat first float int last length".split(), _nothing),
    **dict.fromkeys("lower max min safe string title truncate upper wordcount".split(), _nothing),
    **dict.fromkeys("dictsort groupby items list map random reject rejectattr reverse".split(), _times(ITEM)),
    **dict.fromkeys("select selectattr sort unique".split(), _times(ITEM)),
    **dict.fromkeys(("e", "escape", "forceescape"), _times(_HTML)),
    "urlencode": lambda value: _URL * size_of(value, MAX_WORK),
    "batch": _batched,
    "center": _padded,
    "format": lambda value, *args, **kwargs: _percent_cost(_text(value), (args, kwargs)),
    "indent": _indented,
    "join": _join_filter,
    "replace": lambda s, old, new, count=None: _replaced(s, old, new, count),
    "round": _rounded,
    "slice": _sliced,
    "striptags": _stripped_tags,
    "sum": _summed,
    "trim": _stripped,
    "tojson": _as_json,
    "wordwrap": _wrapped,
}
