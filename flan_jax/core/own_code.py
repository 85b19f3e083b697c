"""What a user's function computes, as a hash: a score that was kept is of the code that gave it, not of its name."""

from __future__ import annotations

import functools
import hashlib
import re
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

__all__ = ["own_code"]

_OURS = "flan_jax"
_LARGEST_ARRAY = 2**20  # bytes, of which values count; of a larger one its shape does
_PLAIN = (str, bytes, int, float, bool, complex, type(None))


def own_code(functions: Iterable[Callable[..., Any]]) -> str:
    """Hex sha256 of what the functions compute that are a user's own; "" where all are flan_jax's or written in C.

    It is of the bytecode: the same wherever a function stands, in every process of one Python version. What a function
    names of its own module belongs to it (functions, classes, constants), as do its defaults, what it closes over or
    wraps, and an object's attributes; what it imports from elsewhere does not. Lists and dicts count as they are now:
    ask before a function that keeps what it has seen is called.

    Args:
      functions: in an order that stays.
    """
    walk = _Walk()
    for function in functions:
        walk.value(function, "")
    return hashlib.sha256("\n".join(walk.parts).encode()).hexdigest() if walk.has_own else ""


class _Walk:
    """Everything that is reached, as text: `parts`; and whether any of it is a user's."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.has_own = False
        self._seen: dict[int, Any] = {}  # by id, and kept, so that no other value is given the id

    def value(self, value: Any, module: str) -> None:
        """A value that something of `module` reaches; "" for what was asked about itself, wherever it is from."""
        if isinstance(value, _PLAIN):
            self.parts.append(repr(value))
            return
        if id(value) in self._seen or isinstance(value, types.ModuleType):
            return
        self._seen[id(value)] = value
        self.parts.append(type(value).__qualname__)
        match value:
            case types.FunctionType():
                self._function(value, module)
            case types.MethodType():
                self.value(value.__func__, module)
                self.value(value.__self__, module)
            case functools.partial():
                self._all((value.func, *value.args, *value.keywords.items()), module)
            case type():
                self._class(value, module)
            case set() | frozenset():  # of `word in {"yes", "no"}`: another process has another order
                self.parts.append(repr(sorted(map(repr, value))))
            case tuple() | list():
                self._all(value, module)
            case dict():
                self._all(value.items(), module)
            case re.Pattern():
                self.parts.append(f"{value.pattern!r} {value.flags}")
            case types.CodeType():
                self._code(value)
            case _ if hasattr(value, "__wrapped__"):  # of `functools.lru_cache`
                self.value(value.__wrapped__, module)
            case np.ndarray():
                is_small = value.nbytes <= _LARGEST_ARRAY
                self.parts.append(f"{value.dtype} {value.shape} {value.tobytes().hex() if is_small else ''}")
            case _ if _is_users(type(value).__module__, module):  # an object of a class of theirs
                self._class(type(value), module)
                self._all(sorted(getattr(value, "__dict__", {}).items()), module)

    def _all(self, values: Iterable[Any], module: str) -> None:
        for value in values:
            self.value(value, module)

    def _function(self, function: types.FunctionType, module: str) -> None:
        here = function.__module__ or ""
        is_ours = here.partition(".")[0] == _OURS
        if _is_users(here, module):
            self.has_own = True
            self._code(function.__code__)
            named = (function.__globals__[name] for name in _names(function.__code__) if name in function.__globals__)
            self._all((value for value in named if _is_of(value, here)), here)
        elif not is_ours:
            return  # imported from elsewhere
        module = "" if is_ours else here  # ours may wrap a function from anywhere
        self._all((function.__defaults__, function.__kwdefaults__, getattr(function, "__wrapped__", None)), module)
        for cell in function.__closure__ or ():
            try:
                self.value(cell.cell_contents, module)
            except ValueError:  # a name that is not bound yet
                continue

    def _class(self, kind: type, module: str) -> None:
        here = kind.__module__
        if not _is_users(here, module):
            return
        self._all((value for name, value in sorted(vars(kind).items()) if not _is_made_by_python(name)), here)
        self._all((base for base in kind.__bases__ if base.__module__ == here), here)

    def _code(self, code: types.CodeType) -> None:
        self.parts.append(f"{code.co_code.hex()} {code.co_names}")
        self._all(code.co_consts, "")


def _is_users(where: str, module: str) -> bool:
    """Whether what is from `where` is a user's, and of the module that reached it ("" for any)."""
    return where.partition(".")[0] not in (_OURS, "builtins") and module in ("", where)


def _is_of(value: Any, module: str) -> bool:
    """Whether a global is of the module that names it, or says nothing of where it is from, as a constant."""
    where = getattr(value, "__module__", None)
    return not callable(value) or where in (None, module) or isinstance(value, functools.partial)


def _is_made_by_python(name: str) -> bool:
    return name in ("__module__", "__dict__", "__weakref__", "__doc__", "__annotations__", "__qualname__")


def _names(code: types.CodeType) -> list[str]:
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found.update(_names(constant))
    return sorted(found)
