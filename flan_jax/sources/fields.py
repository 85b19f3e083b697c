"""A row's fields as text: the one place where what a file, a table or a notebook holds becomes words.

| value | text |
|---|---|
| text | itself |
| None: JSON's null, an empty cell of a table | "" |
| a number, True, False, a date or time | as Python writes it |
| bytes | as UTF-8 |
| a list, an object, NaN or infinity, anything else; text with half a surrogate pair | none: an error |

Python would write a word for everything, and "None", "nan" or "['a']" would then be trained on.
"""

from __future__ import annotations

import datetime
import decimal
import math
import numbers
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np

from flan_jax.core.errors import TaskError
from flan_jax.sources.source import Row

# What Python writes as a person would. Numbers are Python's, NumPy's and Decimal.
_WRITTEN = (numbers.Real, decimal.Decimal, np.bool_, datetime.date, datetime.time, np.datetime64)

__all__ = ["FieldError", "TextFields", "check_are_texts", "check_is_text", "text_of", "texts_of"]


class FieldError(TaskError):
    """A field that holds no text where text is meant. Who knows where the row is from says so: `placed`.

    Args:
      parts: the message.
      row: the row it is about; None where that is not known.
    """

    def __init__(self, *parts: str, row: Row | None = None):
        super().__init__(*parts)
        self.row = row

    def placed(self, where: str) -> Self:
        """The same error with the row's place in front."""
        return type(self)(f"{where}: ", *self.args, row=self.row)


class TextFields(Mapping[str, str]):
    """A row whose fields are text, for `str.format_map`: each is looked at when it is asked for.

    Args:
      row: the row.
      said: what stands in the place of some of its fields, such as a block of options.
      called: what stands in the place of some texts, such as an option's letter.

    Asking raises `FieldError` for a field that is not there or has no text.
    """

    def __init__(self, row: Row, said: Mapping[str, str] | None = None, called: Mapping[str, str] | None = None):
        self._row, self._said, self._called = row, said or {}, called or {}

    def __getitem__(self, name: str) -> str:
        if name in self._said:
            return self._said[name]
        text = text_of(self._row, name)
        return self._called.get(text, text)

    def __iter__(self) -> Iterator[str]:
        return iter({**self._row, **self._said})

    def __len__(self) -> int:
        return len({**self._row, **self._said})


def text_of(row: Row, name: str) -> str:
    """The field `name` of `row` as text, by the table above. Raises `FieldError` for what has none."""
    try:
        value = row[name]
    except KeyError:
        raise FieldError(f"no field {name!r}; it has {', '.join(map(str, row)) or 'none'}", row=row) from None
    if type(value) is str and value.isascii():
        return value
    text, fault = _as_text(value)
    if fault:
        raise FieldError(f"field {name!r} {fault}", row=row)
    return text


def texts_of(row: Row, name: str) -> tuple[str, ...]:
    """The field `name` of `row` as a list of texts, such as answer options or accepted answers: () where it is not
    there or None. Raises `FieldError` for a single text, for a mapping, and for an item that is no text, such as a
    number."""
    value = row.get(name)
    if value is None:
        return ()
    if _are_plain(value):
        return tuple(value)
    texts = []
    for position, item in enumerate(_as_list(value, f"field {name!r}", row)):
        if isinstance(item, bytes):
            item = text_of({name: item}, name)
        check_is_text(item, f"field {name!r}, item {position} of its list,", row)
        texts.append(item)
    return tuple(texts)


def _as_list(value: Any, what: str, row: Row | None = None) -> Sequence[Any]:
    """`value`, where it is a list, tuple or array. Raises `FieldError` for a single text, which would be read letter by
    letter, and for anything else.

    Args:
      value: what is there.
      what: what it is called in the error.
      row: where it is from.
    """
    if hasattr(value, "tolist"):  # an array
        value = value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return value
    raise FieldError(f'{what} is {_shown(value)}; a list of texts is needed, such as ["a", "b"]', row=row)


def check_are_texts(value: Any, what: str) -> None:
    """Raises `FieldError` for a value that is no list of texts.

    Args:
      value: what is there.
      what: what it is called in the error.
    """
    if not _are_plain(value):
        for position, item in enumerate(_as_list(value, what)):
            check_is_text(item, f"{what}, item {position},")


def check_is_text(value: Any, what: str, row: Row | None = None) -> None:
    """Raises `FieldError` for a value that is no text, and for text with half a surrogate pair.

    Args:
      value: what is there.
      what: what it is called in the error.
      row: where it is from.
    """
    if not isinstance(value, str):
        raise FieldError(f"{what} is {_shown(value)}; a text is needed", row=row)
    if not value.isascii() and (fault := _as_text(value)[1]):
        raise FieldError(f"{what} {fault}", row=row)


def _are_plain(value: Any) -> bool:
    """Whether it is a list or tuple of ASCII texts: what nearly all are, told quickly."""
    if type(value) is not tuple and type(value) is not list:
        return False
    for item in value:
        if type(item) is not str or not item.isascii():
            return False
    return True


def _as_text(value: Any) -> tuple[str, str]:
    """(text, "") of what has one, ("", what is wrong with it and what is needed) of what has none."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            half = f"U+{ord(value[error.start]):04X}"
            return "", f"has half a surrogate pair, {half}, as its character {error.start}: write the character whole"
        return value, ""
    if value is None:
        return "", ""
    if isinstance(value, bytes):
        try:
            return value.decode(), ""
        except UnicodeDecodeError as error:
            return "", f"is bytes, which are not UTF-8 at byte {error.start}: a text is needed"
    if isinstance(value, _WRITTEN) and _is_finite(value):
        try:
            return str(value), ""
        except ValueError as error:  # a number of more digits than Python writes
            return "", f"is a number that cannot be written, {error}: write it as text"
    return "", f"is {_shown(value)}; a text is needed, or a number"


def _is_finite(value: Any) -> bool:
    # NaN, and pandas' NaT, which is a datetime, differ from themselves.
    if isinstance(value, decimal.Decimal):
        return value.is_finite()
    if isinstance(value, numbers.Integral) or not isinstance(value, numbers.Real):
        return bool(value == value)
    return math.isfinite(value)


def _shown(value: Any) -> str:
    shown = " ".join(repr(value).split())
    return f"{shown if len(shown) <= 60 else shown[:57] + '...'}, of type {type(value).__name__}"
