"""What a user's function computes, as a hash: a score that was kept is of the code that gave it, not of its name."""

from __future__ import annotations

import functools
import hashlib
import re
import types
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["own_code"]

_PLAIN = (str, bytes, int, float, bool, complex, type(None))


def own_code(functions: Iterable[Callable[..., Any]]) -> str:
    """Hex sha256 of what the functions compute that are a user's own; "" where all are flan_jax's or written in C.

    It is of the bytecode: the same wherever a function stands, in every process of one Python version. Functions and
    constants of its own module that a function names belong to it; what it imports from elsewhere does not. Lists and
    dicts count as they are now: ask before a function that keeps what it has seen is called.

    Args:
      functions: in an order that stays.
    """
    texts = [_text(function, set()) for function in functions]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest() if any(texts) else ""


def _text(function: Any, seen: set[int]) -> str:
    function = getattr(function, "__wrapped__", function)
    if isinstance(function, functools.partial):
        return f"{_text(function.func, seen)} {_constant(function.args)} {_constant(tuple(function.keywords.items()))}"
    if not hasattr(function, "__code__") and isinstance(vars(type(function)).get("__call__"), types.FunctionType):
        function = type(function).__call__  # an object that can be called
    code = getattr(function, "__code__", None)
    module = getattr(function, "__module__", None) or ""
    if code is None or module.partition(".")[0] == "flan_jax" or id(code) in seen:
        return ""
    seen.add(id(code))
    own = getattr(function, "__globals__", {})
    parts = [_code(code), _constant(function.__defaults__), _constant(tuple((function.__kwdefaults__ or {}).items()))]
    for name in sorted(_names(code)):
        value = own.get(name)
        if isinstance(value, types.FunctionType) and value.__module__ == module:
            parts.append(f"{name} {_text(value, seen)}")
        elif name in own and not callable(value) and not isinstance(value, types.ModuleType):
            parts.append(f"{name} {_constant(value)}")
    for cell in function.__closure__ or ():
        value = cell.cell_contents
        parts.append(_text(value, seen) if callable(value) else _constant(value))
    return " ".join(parts)


def _names(code: types.CodeType) -> set[str]:
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found |= _names(constant)
    return found


def _code(code: types.CodeType) -> str:
    return f"{code.co_code.hex()} {code.co_names} {[_constant(each) for each in code.co_consts]}"


def _constant(value: Any) -> str:
    """A value as text that is the same in every process; of what has none such, its type."""
    match value:
        case types.CodeType():
            return _code(value)
        case frozenset() | set():  # of `word in {"yes", "no"}`: another process has another order
            return f"{{{', '.join(sorted(map(_constant, value)))}}}"
        case tuple() | list():
            return f"({', '.join(map(_constant, value))})"
        case dict():
            return f"{{{', '.join(f'{_constant(key)}: {_constant(each)}' for key, each in value.items())}}}"
        case re.Pattern():
            return f"{value.pattern!r} {value.flags}"
    return repr(value) if isinstance(value, _PLAIN) else type(value).__qualname__
