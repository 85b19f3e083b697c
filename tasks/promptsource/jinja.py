"""Jinja for templates that others wrote: a sandbox without files, private attributes, changes to a row or hidden
randomness, and with a limit on what `*` and `**` make.

The language is PromptSource's: Jinja's own filters and tests, and `choice`, `most_frequent`, `highlight`, `zip`,
`enumerate`. Random choices come from the row's random state.
"""

from __future__ import annotations

import collections
import functools
import random
from collections.abc import Mapping, Sequence
from typing import Any

import jinja2
import jinja2.meta
import jinja2.nodes
import jinja2.sandbox
from jinja2.exceptions import SecurityError

from flan_jax.core.errors import TaskError

RNG = "_rng"
MAX_RESULT = 1_000_000  # a book's length, not a machine's memory


__all__ = ["MAX_RESULT", "field_names", "fill"]


class _Sandbox(jinja2.sandbox.ImmutableSandboxedEnvironment):
    """Jinja's immutable sandbox, in which what is not allowed is an error at once; Jinja's own would first give an
    undefined value, which prints as nothing."""

    intercepted_binops = frozenset(["*", "**"])

    def unsafe_undefined(self, obj: Any, attribute: str) -> jinja2.Undefined:
        raise SecurityError(f"attribute {attribute!r} of a {type(obj).__name__} is not allowed")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if _size(operator, left, right) > MAX_RESULT:
            raise SecurityError(f"{operator} gives more than {MAX_RESULT:,} characters, items or digits")
        return super().call_binop(context, operator, left, right)


def _size(operator: str, left: Any, right: Any) -> int:
    """Roughly how large the result is: its length, or the digits of a number."""
    if operator == "**":
        return len(str(abs(left))) * abs(int(right)) if isinstance(left, int) and isinstance(right, int) else 0
    for whole, times in ((left, right), (right, left)):
        if isinstance(whole, str | list | tuple) and isinstance(times, int):
            return len(whole) * max(times, 0)
    return 0


@jinja2.pass_context
def _choice(context: jinja2.runtime.Context, items: Sequence[Any]) -> Any:
    """One of `items`, drawn from the row's random state."""
    items = list(items)
    if not items:
        raise TaskError("`choice` of nothing: guard it with {% if %}")
    return items[context[RNG].randrange(len(items))]


def _most_frequent(items: Sequence[Any]) -> list[Any]:
    """Those of `items` that come up most often, each once, in order of first appearance."""
    counts = collections.Counter(items)
    return [item for item, count in counts.items() if count == max(counts.values())]


@functools.cache
def _environment() -> jinja2.Environment:
    environment = _Sandbox(cache_size=0)
    environment.globals.pop("lipsum")  # random text
    environment.globals.update(zip=zip, enumerate=enumerate)
    # `highlight` marks text in PromptSource's own web page; in a prompt it changes nothing.
    environment.filters.update(choice=_choice, random=_choice, most_frequent=_most_frequent, highlight=str)
    return environment


def field_names(jinja: str, where: str) -> set[str]:
    """Names that `jinja` reads and does not define. Raises `TaskError` at `where` for text that does not parse, an
    unknown filter or test, and statements that read other files."""
    environment = _environment()
    try:
        tree = environment.parse(jinja)
    except jinja2.TemplateSyntaxError as error:
        raise TaskError(f"{where}: Jinja, line {error.lineno} of the template: {error.message}") from error
    for kind, known in ((jinja2.nodes.Filter, environment.filters), (jinja2.nodes.Test, environment.tests)):
        for node in tree.find_all(kind):
            if node.name not in known:
                raise TaskError(f"{where}: Jinja, no {kind.__name__.lower()} is called {node.name!r}")
    others = (jinja2.nodes.Include, jinja2.nodes.Import, jinja2.nodes.FromImport, jinja2.nodes.Extends)
    for statement in tree.find_all(others):
        raise TaskError(f"{where}: Jinja, sandbox: {type(statement).__name__.lower()} reads another file")
    return {name for name in jinja2.meta.find_undeclared_variables(tree) if name not in environment.globals}


@functools.lru_cache(maxsize=64)
def _compiled(jinja: str) -> jinja2.Template:
    return _environment().from_string(jinja)


def fill(jinja: str, fields: Mapping[str, Any], rng: random.Random, where: str) -> str:
    """The text of `jinja` over `fields`. Raises `TaskError` at `where` for what the sandbox does not allow and for what
    fails on these fields. A part of a field that isn't there (`answers[0]` of none) is empty, as in PromptSource."""
    try:
        return _compiled(jinja).render({**fields, RNG: rng})
    except SecurityError as error:
        raise TaskError(f"{where}: Jinja, sandbox: {error}") from error
    except jinja2.TemplateError as error:
        raise TaskError(f"{where}: Jinja: {error.message}") from error
    except TaskError as error:
        raise TaskError(f"{where}: Jinja: {error}") from error
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise TaskError(f"{where}: Jinja: {type(error).__name__}, {error}") from error
