"""What is known by name: tasks, mixtures, formats, benchmarks, collections, each in a `ByName`.

Importing a module registers what it declares, and every process that imports it knows the same. A notebook cell, a
script or a function that is called registers for its own process only: such a name is *local*. Other processes cannot
be told of it (its functions may be a cell's), so whoever starts some asks `is_local` first.
"""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator
from typing import Any, TypeVar

from flan_jax.core.errors import TaskError

_Value = TypeVar("_Value")
_Container = TypeVar("_Container", bound="dict[Any, Any] | set[Any] | list[Any]")

__all__ = ["ByName", "reproducible", "reset", "restorable", "restored"]

_CONTAINERS: list[Any] = []  # what `restored` puts back
_REGISTRIES: list[ByName[Any]] = []
_DEPTH = 0  # of `reproducible` blocks


class ByName(dict[str, _Value]):
    """Values by name, in order of registration. One that replaces another keeps its place.

    Args:
      what: what a value is called in errors, e.g. "task".
    """

    def __init__(self, what: str):
        super().__init__()
        self._what = what
        self._local: dict[str, _Value | None] = restorable({})  # name -> what an imported module had under it
        restorable(self)
        _REGISTRIES.append(self)

    def add(self, name: str, value: _Value, *, replace: bool = False) -> _Value:
        """Puts `value` under `name` and returns it. Raises `TaskError` for a name in use, unless `replace`."""
        if name in self and not replace:
            raise TaskError(f"{self._what} {name} is already registered: choose another name, or say replace=True")
        if _others_know():
            self._local.pop(name, None)
        else:
            self._local.setdefault(name, self.get(name))
        self[name] = value
        return value

    def is_local(self, name: str) -> bool:
        """Whether only this process knows `name`, or knows it as it is."""
        return name in self._local

    def reset(self) -> None:
        """Forgets what is local; what it replaced is back."""
        for name, before in self._local.items():
            if before is None:
                self.pop(name, None)
            else:
                self[name] = before
        self._local.clear()


@contextlib.contextmanager
def reproducible() -> Iterator[None]:
    """What is registered inside, other processes register too, though by a call: as when a folder of tasks is read."""
    global _DEPTH
    _DEPTH += 1
    try:
        yield
    finally:
        _DEPTH -= 1


def restorable(container: _Container) -> _Container:
    """`container`, whose content `restored` puts back."""
    _CONTAINERS.append(container)
    return container


@contextlib.contextmanager
def restored() -> Iterator[None]:
    """What is registered inside is gone afterwards, what is replaced inside is back: for tests, and for cells that try
    something out. Import modules that register tasks before, not inside: Python imports a module once."""
    before = [container.copy() for container in _CONTAINERS]
    try:
        yield
    finally:
        for container, old in zip(_CONTAINERS, before, strict=False):
            container.clear()
            container.extend(old) if isinstance(container, list) else container.update(old)


def reset() -> None:
    """Forgets every task, mixture, format, benchmark and collection that this process alone knows, as those that a
    notebook's cells have added; what they replaced is back. What importing modules registered stays."""
    for registry in _REGISTRIES:
        registry.reset()


def _others_know() -> bool:
    """Whether the caller's caller is run by the import of a module, as it would be in another process."""
    if _DEPTH:
        return True
    frame: types.FrameType | None = sys._getframe(2)
    while frame is not None:
        # `_initializing` is what importlib marks a module with while its body runs.
        if getattr(frame.f_globals.get("__spec__"), "_initializing", False):
            return True
        frame = frame.f_back
    return False
