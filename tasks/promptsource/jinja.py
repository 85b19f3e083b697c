"""PromptSource's language: Jinja's own filters and tests, and `choice`, `most_frequent`, `highlight`, `zip`,
`enumerate`, in a sandbox with a limit on the work of each text (`flan_jax.core.template_sandbox`). Random choices come
from the row's random state.

Two things print otherwise than upstream, where they would be taught: a field that is null is empty, and not "None", and
a computed index below 0 (a label of -1, which is none) finds nothing, and not the last item. An index that the template
writes out, as `[-1]`, counts from the end.
"""

from __future__ import annotations

import collections
import functools
import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jinja2
import jinja2.meta
import jinja2.nodes
import jinja2.visitor
from jinja2.exceptions import SecurityError

from flan_jax.core.errors import TaskError
from flan_jax.core.template_sandbox import TEMPLATE_FAULTS, LimitedSandbox, LimitedTemplate

RNG = "_rng"
_INDEX = "@index"  # a filter whose name no template can write

__all__ = ["NULL", "field_names", "fill"]


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


class _Null(jinja2.ChainableUndefined):
    """A field that is null: prints as nothing, is false, is equal to none, and is none by Jinja's test."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, _Null)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(None)


NULL = _Null()


class _Below0(int):
    """A computed index that is negative."""


class _Sandbox(LimitedSandbox):
    """The sandbox with null fields and negative labels as the module says."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]], filters: Mapping[str, Callable[..., Any]]):
        super().__init__(functions, filters)
        self.filters[_INDEX] = lambda value: _Below0(value) if type(value) is int and value < 0 else value
        self.tests["none"] = lambda value: value is None or isinstance(value, _Null)
        self.tests["defined"] = lambda value: isinstance(value, _Null) or not isinstance(value, jinja2.Undefined)
        self.tests["undefined"] = lambda value: isinstance(value, jinja2.Undefined) and not isinstance(value, _Null)

    def parsed(self, text: str) -> jinja2.nodes.Template:
        """As of any sandbox, with computed indices marked."""
        tree: jinja2.nodes.Template = _MarkIndices().visit(super().parsed(text))
        tree.set_environment(self)
        return tree

    def _printed(self, value: Any) -> Any:
        # Python's words for them would be taught.
        if isinstance(value, bytes) or (isinstance(value, float) and not math.isfinite(value)):
            raise ValueError(f"{value!r:.60} is no text")
        return super()._printed(value)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`; undefined for a computed index below 0 of a list or text."""
        if type(argument) is _Below0 and isinstance(obj, list | tuple | str):
            return self.undefined(obj=obj, name=str(argument))
        return super().getitem(obj, argument)


class _MarkIndices(jinja2.visitor.NodeTransformer):
    def visit_Getitem(self, node: jinja2.nodes.Getitem) -> jinja2.nodes.Node:
        self.generic_visit(node)
        if not isinstance(node.arg, jinja2.nodes.Const | jinja2.nodes.Neg | jinja2.nodes.Slice):
            node.arg = jinja2.nodes.Filter(node.arg, _INDEX, [], [], None, None, lineno=node.lineno)
        return node


@functools.cache
def _environment() -> LimitedSandbox:
    # `highlight` marks text in PromptSource's own web page; in a prompt it changes nothing.
    filters: dict[str, Callable[..., Any]] = {
        "choice": _choice,
        "random": _choice,
        "most_frequent": _most_frequent,
        "highlight": str,
    }
    return _Sandbox({"zip": zip, "enumerate": enumerate}, filters)


def field_names(jinja: str, where: str) -> set[str]:
    """Names that `jinja` reads and does not define. Raises `TaskError` at `where` for text that does not parse, an
    unknown filter or test, and statements that read other files."""
    environment = _environment()
    try:
        tree = environment.parsed(jinja)
        for kind, known in ((jinja2.nodes.Filter, environment.filters), (jinja2.nodes.Test, environment.tests)):
            for node in tree.find_all(kind):
                if node.name not in known:
                    raise TaskError(f"{where}: Jinja, no {kind.__name__.lower()} is called {node.name!r}")
        return {name for name in jinja2.meta.find_undeclared_variables(tree) if name not in environment.globals}
    except jinja2.TemplateSyntaxError as error:
        raise TaskError(f"{where}: Jinja, line {error.lineno} of the template: {error.message}") from error
    except (jinja2.TemplateError, *TEMPLATE_FAULTS) as error:
        raise _fault(where, error) from error


@functools.lru_cache(maxsize=64)
def _compiled(jinja: str) -> LimitedTemplate:
    return _environment().template(jinja)


def fill(jinja: str, fields: Mapping[str, Any], rng: random.Random, where: str) -> str:
    """The text of `jinja` over `fields`, in which `NULL` stands for what is null. Raises `TaskError` at `where` for
    what the sandbox does not allow and for what fails on these fields. A part of a field that isn't there (`answers[0]`
    of none) is empty, as in PromptSource."""
    try:
        return _compiled(jinja).render({**fields, RNG: rng})
    except TaskError as error:
        raise TaskError(f"{where}: Jinja: {error}") from error
    except (jinja2.TemplateError, *TEMPLATE_FAULTS) as error:
        raise _fault(where, error) from error


def _fault(where: str, error: Exception) -> TaskError:
    if isinstance(error, SecurityError):
        return TaskError(f"{where}: Jinja, sandbox: {error}")
    if isinstance(error, jinja2.TemplateError):
        return TaskError(f"{where}: Jinja: {error.message}")
    if isinstance(error, RecursionError | MemoryError):
        return TaskError(f"{where}: Jinja: {type(error).__name__}, the template is nested too deep")
    return TaskError(f"{where}: Jinja: {type(error).__name__}, {error}")
