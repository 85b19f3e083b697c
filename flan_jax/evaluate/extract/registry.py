"""The extractors by name. A new one is a function under `@register_extractor`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar, overload

from flan_jax.core.errors import TaskError, did_you_mean, some_of
from flan_jax.declare.names import ByName

Extractor = Callable[[str], str | None]
_Function = TypeVar("_Function", bound=Extractor)

EXTRACTORS: ByName[Extractor] = ByName("extractor")

__all__ = ["EXTRACTORS", "Extractor", "get_extractor", "register_extractor"]


@overload
def register_extractor(extract: _Function, name: str = "", *, replace: bool = False) -> _Function: ...


@overload
def register_extractor(*, name: str = "", replace: bool = False) -> Callable[[_Function], _Function]: ...


def register_extractor(
    extract: _Function | None = None, name: str = "", *, replace: bool = False
) -> _Function | Callable[[_Function], _Function]:
    """Adds an extractor that formats can name, and returns it, so that it decorates a function.

    `@register_extractor` and `@register_extractor(replace=True)` are both said above a function.

    Args:
      extract: text -> answer in canonical form, or None; it must not raise, whatever the text. Without it, what comes
        back is the decorator.
      name: what formats call it (default: the function's own name).
      replace: takes the place of an extractor of that name, as when a notebook's cell runs again.

    Raises `TaskError` for a name that is taken, and for a function without one.
    """
    if extract is None:
        return functools.partial(register_extractor, name=name, replace=replace)
    if not (name := name or getattr(extract, "__name__", "")):
        raise TaskError(f"{extract!r} has no name that an extractor could go by: give name='…'")
    EXTRACTORS.add(name, extract, replace=replace)
    return extract


def get_extractor(name: str) -> Extractor:
    """The extractor called `name`. Raises `TaskError` that suggests the nearest."""
    if name not in EXTRACTORS:
        raise TaskError(
            f"no extractor is called {name!r}{did_you_mean(name, EXTRACTORS) or '.'} There are {some_of(EXTRACTORS)}; "
            f"a new one is a function under @register_extractor, in a module that is imported"
        )
    return EXTRACTORS[name]
