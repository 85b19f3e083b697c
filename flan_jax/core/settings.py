"""Settings checked once, from their annotations, before anything starts: of frozen dataclasses, of the arguments of a
function, of the flags of the command line.

    @dataclasses.dataclass(frozen=True)
    class JobConfig:
        folder: PathText
        steps: Count
        rate: Annotated[float, AtLeast(0), Below(1), "such as 0.1"] = 0.0

        def __post_init__(self) -> None:
            settle(self)

A value must be of the type that is written there: `True` is no number, 64.9 no whole one, a list no path, and None is
there only where it is written. Numbers are finite and have an end, whether it is written or not: what is past it was a
slip, and would hang a run or overflow in it. An error names the setting (`core.errors.Setting`), the value, what is
wanted and, in the words that the annotation ends with, the remedy.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import numbers
import os
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from flan_jax.core.errors import ConfigError, FlanError, Setting, did_you_mean

# Where nothing else is said. JAX's whole numbers have 32 bits; no setting of ours is a float as large.
MOST_WHOLE = 2**31 - 1
MOST_NUMBER = 1e12
_MOST_SHOWN = 80  # characters of a value in a message

__all__ = [
    "Above",
    "AtLeast",
    "AtMost",
    "BatchSize",
    "Below",
    "Count",
    "Natural",
    "PathText",
    "Positive",
    "Rate",
    "RowLength",
    "Seed",
    "SlipAbove",
    "Steps",
    "Tokens",
    "checked_arguments",
    "is_plain",
    "settle",
    "settled",
    "shown",
]


@dataclasses.dataclass(frozen=True)
class AtLeast:
    """A mark: no number below `limit`."""

    limit: float

    def holds(self, value: float) -> bool:
        """Whether `value` is such a number."""
        return value >= self.limit


@dataclasses.dataclass(frozen=True)
class AtMost:
    """A mark: no number above `limit`."""

    limit: float

    def holds(self, value: float) -> bool:
        """Whether `value` is such a number."""
        return value <= self.limit


@dataclasses.dataclass(frozen=True)
class Above:
    """A mark: only numbers above `limit`."""

    limit: float

    def holds(self, value: float) -> bool:
        """Whether `value` is such a number."""
        return value > self.limit


@dataclasses.dataclass(frozen=True)
class Below:
    """A mark: only numbers below `limit`."""

    limit: float

    def holds(self, value: float) -> bool:
        """Whether `value` is such a number."""
        return value < self.limit


@dataclasses.dataclass(frozen=True)
class SlipAbove:
    """A mark: a number whose size is above `limit` was not meant. The limit is far off, and told of to those alone who
    are past it; `MOST_WHOLE` and `MOST_NUMBER` by default."""

    limit: float


@dataclasses.dataclass(frozen=True)
class IsPath:
    """A mark: the text is a path."""


Count = Annotated[int, AtLeast(1)]
Natural = Annotated[int, AtLeast(0)]
Positive = Annotated[float, Above(0)]
# JAX keeps 32 bits of a seed: beyond them two seeds would be one.
Seed = Annotated[int, AtLeast(0), AtMost(MOST_WHOLE)]
PathText = Annotated[str, IsPath()]
# Far beyond any run: past these it is a slip, which would take all memory or never end.
BatchSize = Annotated[int, AtLeast(1), SlipAbove(2**24)]
Rate = Annotated[float, Above(0), SlipAbove(1000)]
RowLength = Annotated[int, AtLeast(2), SlipAbove(2**24), "a token and EOS"]
Steps = Annotated[int, AtLeast(1), SlipAbove(10**9)]
Tokens = Annotated[int, AtLeast(1), SlipAbove(2**24)]


class _Misfit(Exception):
    """A value that is not what an annotation says. where: its place inside the setting, such as "[0]"."""

    def __init__(self, value: object, wanted: str, where: str = "", instead: str = ""):
        super().__init__(value, wanted)
        self.value, self.wanted, self.where, self.instead = value, wanted, where, instead


def settle(config: Any, error: type[FlanError] = ConfigError, of: str = "") -> None:
    """Checks every field of a frozen dataclass against its annotation, from its `__post_init__`. Lists become the
    tuples that are written there, one text where several are meant a tuple of it, NumPy's numbers Python's.

    Args:
      config: a dataclass; a field's default is always allowed.
      error: what is raised.
      of: what stands before a field's name; "JobConfig." by default.

    Raises `error` that names the first field that does not fit, as `Setting("JobConfig.steps")`.
    """
    cls: Any = type(config)
    of = of or f"{cls.__name__}."
    hints = _hints(cls)
    for field in dataclasses.fields(cls):
        value = getattr(config, field.name)
        if _is_default(value, field.default):
            continue
        found = settled(hints[field.name], value, Setting(of + field.name), error)
        if found is not value:
            object.__setattr__(config, field.name, found)


def settled(hint: Any, value: Any, name: str, error: type[FlanError] = ConfigError) -> Any:
    """`value` as the annotation has it.

    Args:
      hint: a type with or without marks.
      value: what is given.
      name: of the setting.
      error: what is raised for a value that does not fit.
    """
    try:
        return _settled(hint, value, ())
    except _Misfit as misfit:
        remedies = [mark for mark in _marks(hint) if isinstance(mark, str)]
        raise error(
            name,
            f"{misfit.where} is {shown(misfit.value)}{misfit.instead}: give " + ", ".join([misfit.wanted, *remedies]),
        ) from None


def checked_arguments(function: Callable[..., Any]) -> Callable[..., None]:
    """What checks the arguments of a call by the function's annotations, those that are plain (`is_plain`): called as
    the function is, it raises `ConfigError` that names the first argument that does not fit.

    Args:
      function: whose parameters are annotated.
    """
    signature = inspect.signature(function)

    def check(*args: Any, **kwargs: Any) -> None:
        try:
            given = signature.bind(*args, **kwargs).arguments
        except TypeError:
            return  # Python's own words for what the function does not take
        hints = _hints(function)
        for name, value in given.items():
            if is_plain(hints.get(name)) and not _is_default(value, signature.parameters[name].default):
                settled(hints[name], value, Setting(name))

    return check


def is_plain(hint: Any) -> bool:
    """Whether an annotation is of numbers, texts, truth values and choices, and dicts and lists of them, alone."""
    origin = get_origin(hint)
    if origin is Annotated:
        return is_plain(get_args(hint)[0])
    if origin is Literal or hint in (int, float, bool, str, type(None)):
        return True
    if origin in (Union, types.UnionType, tuple, Mapping):
        return all(part is Ellipsis or is_plain(part) for part in get_args(hint))
    return False


def shown(value: object) -> str:
    """A value as a message has it: one short line."""
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python refuses to write whole numbers of more than some thousand digits
        assert isinstance(value, int)
        return f"a whole number of some {int(abs(value).bit_length() * math.log10(2)):,} digits"
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"


@functools.cache
def _hints(annotated: Any) -> dict[str, Any]:
    return get_type_hints(annotated, include_extras=True)


def _is_default(value: object, default: object) -> bool:
    return value is default or (
        isinstance(value, (str, bool, int, float)) and type(value) is type(default) and value == default
    )


def _marks(hint: Any) -> tuple[Any, ...]:
    """Marks of an annotation, those of its parts included."""
    if get_origin(hint) is Annotated:
        inner, *marks = get_args(hint)
        return (*_marks(inner), *marks)
    return tuple(mark for part in get_args(hint) for mark in _marks(part))


@functools.cache
def _anatomy(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    # Thousands of tasks are checked while the command line starts.
    return get_origin(hint), get_args(hint)


def _settled(hint: Any, value: Any, marks: tuple[Any, ...]) -> Any:
    origin, parts = _anatomy(hint)
    if origin is Annotated:
        return _settled(parts[0], value, (*parts[1:], *marks))
    if origin in (Union, types.UnionType):
        return _of_several(parts, value, marks)
    if origin is Literal:
        return _choice(parts, value)
    if hint is bool:
        if not isinstance(value, bool):
            raise _Misfit(value, "True or False")
        return value
    if hint is int or hint is float:
        return _number(value, marks, is_whole=hint is int)
    if hint is str:
        return _text(value, is_path=IsPath() in marks)
    if origin is tuple and not (len(parts) == 2 and parts[1] is Ellipsis):
        return _row(parts, value, marks)
    if origin in (tuple, Sequence):
        return _items(parts[0], value, marks)
    if origin is Mapping:
        return _mapping(parts, value, marks)
    if hint is Callable or origin is Callable:
        is_fit = callable(value) and not isinstance(value, type)
    elif isinstance(origin or hint, type):
        is_fit = isinstance(value, origin or hint) and not isinstance(value, type)
    else:
        return value  # what no setting of a file or a flag can be
    if not is_fit:
        raise _Misfit(value, _wanted(hint, marks))
    return value


def _of_several(parts: Sequence[Any], value: Any, marks: tuple[Any, ...]) -> Any:
    misfits = []
    for part in parts:
        if part is type(None):
            if value is None:
                return None
            continue
        try:
            return _settled(part, value, marks)
        except _Misfit as misfit:
            misfits.append(misfit)
    # The alternative whose type it is tells what is wrong with it: of a number the limit, of a list its item.
    inside = next((misfit for misfit in misfits if misfit.where), None)
    if inside is not None:
        raise inside
    wanted = list(dict.fromkeys(misfit.wanted for misfit in misfits))
    instead = "".join(misfit.instead for misfit in misfits)
    raise _Misfit(value, ", or ".join(wanted + ["None"] * (type(None) in parts)), instead=instead)


def _choice(choices: Sequence[Any], value: Any) -> Any:
    # By type too: True is 1.
    for choice in choices:
        if type(value) is type(choice) and value == choice:
            return value
    texts = [str(choice) for choice in choices]
    instead = did_you_mean(value, texts).removesuffix("?") if isinstance(value, str) else ""
    raise _Misfit(value, f"one of {', '.join(texts)}", instead=instead)


def _number(value: Any, marks: tuple[Any, ...], *, is_whole: bool) -> Any:
    kind: Any = numbers.Integral if is_whole else numbers.Real
    # Asked of an abstract class, which is slow, only where it is neither of the two.
    if type(value) not in ((int,) if is_whole else (int, float)) and (
        isinstance(value, bool) or not isinstance(value, kind)
    ):
        raise _Misfit(value, _wanted_number(marks, is_whole))
    plain: float = value if isinstance(value, (int, float)) else (int(value) if is_whole else float(value))
    if isinstance(plain, float) and not math.isfinite(plain):
        raise _Misfit(value, _wanted_number(marks, is_whole).replace("a number", "a finite number"))
    if not any(isinstance(mark, (AtMost, Below)) for mark in marks):
        default = SlipAbove(MOST_WHOLE if is_whole else MOST_NUMBER)
        slip = next((mark for mark in marks if isinstance(mark, SlipAbove)), default)
        if abs(plain) > slip.limit:
            least = () if any(isinstance(mark, (AtLeast, Above)) for mark in marks) else (AtLeast(-slip.limit),)
            raise _Misfit(value, _wanted_number((*marks, *least, AtMost(slip.limit)), is_whole))
    if not all(mark.holds(plain) for mark in marks if isinstance(mark, (AtLeast, AtMost, Above, Below))):
        raise _Misfit(value, _wanted_number(marks, is_whole))
    return plain


def _text(value: Any, *, is_path: bool) -> str:
    wanted = "a path" if is_path else "a text"
    if not isinstance(value, str) or not value:
        raise _Misfit(value, wanted)
    if "\0" in value:
        raise _Misfit(value, f"{wanted} without NUL characters")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise _Misfit(value, f"{wanted} that is UTF-8")
    return str(value)


def _row(parts: Sequence[Any], value: Any, marks: tuple[Any, ...]) -> tuple[Any, ...]:
    wanted = f"({', '.join(_wanted(part, marks) for part in parts)})"
    if not isinstance(value, (list, tuple)) or len(value) != len(parts):
        raise _Misfit(value, wanted)
    return tuple(_inside(f"[{i}]", part, item, marks) for i, (part, item) in enumerate(zip(parts, value, strict=True)))


def _items(part: Any, value: Any, marks: tuple[Any, ...]) -> tuple[Any, ...]:
    if isinstance(value, str) and part is str:
        value = (value,)
    if not isinstance(value, (list, tuple)):
        raise _Misfit(value, _wanted(tuple[part, ...], marks))
    return tuple(_inside(f"[{i}]", part, item, marks) for i, item in enumerate(value))


def _mapping(parts: Sequence[Any], value: Any, marks: tuple[Any, ...]) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise _Misfit(value, f"a dict of {_wanted(parts[0])} to {_wanted(parts[1], marks)}")
    return {
        _inside(f" key {shown(key)}", parts[0], key, marks): _inside(f"[{shown(key)}]", parts[1], item, marks)
        for key, item in value.items()
    }


def _inside(where: str, hint: Any, value: Any, marks: tuple[Any, ...]) -> Any:
    try:
        return _settled(hint, value, marks)
    except _Misfit as misfit:
        raise _Misfit(misfit.value, misfit.wanted, where + misfit.where, misfit.instead) from None


def _wanted(hint: Any, marks: Iterable[Any] = ()) -> str:
    """What an annotation asks for, in words."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _wanted(parts[0], (*parts[1:], *marks))
    if origin in (Union, types.UnionType):
        return ", or ".join("None" if part is type(None) else _wanted(part, marks) for part in parts)
    if origin is Literal:
        return f"one of {', '.join(map(str, parts))}"
    if hint is int or hint is float:
        return _wanted_number(marks, hint is int)
    if hint is bool:
        return "True or False"
    if hint is str:
        return "a path" if IsPath() in marks else "a text"
    if origin in (tuple, Sequence) and (origin is Sequence or parts[1:] == (Ellipsis,)):
        return "a list of texts" if parts[0] is str else f"a list, each {_wanted(parts[0], marks)}"
    if origin is tuple:
        return f"({', '.join(_wanted(part, marks) for part in parts)})"
    if origin is Mapping:
        return f"a dict of {_wanted(parts[0])} to {_wanted(parts[1], marks)}"
    if hint is Callable or origin is Callable:
        return "a function"
    if hint is os.PathLike or origin is os.PathLike:
        return "a path"
    name = (origin or hint).__name__
    return f"{'an' if name[0] in 'AEIO' else 'a'} {name}"


def _wanted_number(marks: Iterable[Any], is_whole: bool) -> str:
    noun = "a whole number" if is_whole else "a number"
    low = next((mark for mark in marks if isinstance(mark, (AtLeast, Above))), None)
    high = next((mark for mark in marks if isinstance(mark, (AtMost, Below))), None)
    if low and high:
        if is_whole and isinstance(low, AtLeast) and isinstance(high, AtMost):
            return f"{noun} from {_figure(low.limit)} to {_figure(high.limit)}"
        brackets = "(["[isinstance(low, AtLeast)], ")]"[isinstance(high, AtMost)]
        return f"{noun} in {brackets[0]}{_figure(low.limit)}, {_figure(high.limit)}{brackets[1]}"
    if low:
        return (
            f"{noun} of at least {_figure(low.limit)}"
            if isinstance(low, AtLeast)
            else f"{noun} above {_figure(low.limit)}"
        )
    if high:
        return (
            f"{noun} of at most {_figure(high.limit)}"
            if isinstance(high, AtMost)
            else f"{noun} below {_figure(high.limit)}"
        )
    return noun


def _figure(limit: float) -> str:
    return f"{limit:,}" if isinstance(limit, int) else f"{limit:g}"
