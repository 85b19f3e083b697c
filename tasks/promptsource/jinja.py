"""PromptSource's language: Jinja's own filters and tests, and `choice`, `most_frequent`, `highlight`, `zip`,
`enumerate`, in a sandbox with a limit on the work of each text (`flan_jax.core.template_sandbox`). Random choices come
from the row's random state.
"""

from __future__ import annotations

import collections
import functools
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jinja2
import jinja2.meta
import jinja2.nodes
from jinja2.exceptions import SecurityError

from flan_jax.core.errors import TaskError
from flan_jax.core.template_sandbox import TEMPLATE_FAULTS, LimitedSandbox, LimitedTemplate

RNG = "_rng"

__all__ = ["field_names", "fill"]


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
def _environment() -> LimitedSandbox:
    # `highlight` marks text in PromptSource's own web page; in a prompt it changes nothing.
    filters: dict[str, Callable[..., Any]] = {
        "choice": _choice,
        "random": _choice,
        "most_frequent": _most_frequent,
        "highlight": str,
    }
    return LimitedSandbox({"zip": zip, "enumerate": enumerate}, filters)


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
    """The text of `jinja` over `fields`. Raises `TaskError` at `where` for what the sandbox does not allow and for what
    fails on these fields. A part of a field that isn't there (`answers[0]` of none) is empty, as in PromptSource."""
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
