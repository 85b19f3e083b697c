"""A data set with templates as a task, in one call."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence
from typing import Any

from flan_jax.core.errors import TaskError
from flan_jax.declare.registry import add_task
from flan_jax.declare.task import Task
from flan_jax.declare.templates import Template, TemplateRenderer
from flan_jax.sources.source import Source

__all__ = ["add_templated_task"]


def add_templated_task(
    name: str, source: Source, templates: Sequence[Template], *, replace: bool = False, **attributes: Any
) -> Task:
    """Registers `Task(name, source=source, render=TemplateRenderer(templates), **attributes)` and returns it.

    Every template is checked against the source's `fields`: one that reads a field that rows don't have is refused here
    with a `TaskError`, and not when the first row is rendered.

    Args:
      name: of the task; letters, digits and underscores.
      source: where its rows come from.
      templates: its wordings, of which each row is given one, drawn.
      replace: takes the place of a task of that name.
      **attributes: those of `Task` (cluster, by default `name`; metrics, train_split, ...).

    Raises `TaskError` for a source that names no fields, an attribute that tasks do not have, and what `add_task`
    refuses.
    """
    fields = getattr(source, "fields", ())
    if not fields:
        kind = type(source)
        takes_them = "fields" in inspect.signature(kind).parameters
        remedy = f"to {kind.__name__}" if takes_them else f"to a MappedSource of it: {kind.__name__} takes none"
        raise TaskError(
            f"task {name}: its source names no fields, so that its templates cannot be checked: give fields=(...) "
            f"{remedy}"
        )
    unknown = sorted(set(attributes) - {field.name for field in dataclasses.fields(Task)})
    if unknown:
        raise TaskError(f"task {name}: a task has no attribute {', '.join(unknown)}")
    render = TemplateRenderer(tuple(templates))
    for template in render.templates:
        template.check(fields)
    return add_task(
        Task(name=name, source=source, render=render, **{"cluster": name, **attributes}),
        replace=replace,
    )
