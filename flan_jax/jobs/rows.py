"""Rows as a notebook has them, made a task that a run is trained or judged on."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from flan_jax.cache.build import DEFAULT_MODULES
from flan_jax.cache.resolve import import_modules
from flan_jax.core.errors import TaskError
from flan_jax.declare.metric import Metric, MetricFunction, metric_names
from flan_jax.declare.registry import add_mixture, add_task, get
from flan_jax.declare.task import Mixture, Task
from flan_jax.declare.templates import Template, TemplateRenderer
from flan_jax.sources.choose import READERS, TRAIN, choose_source
from flan_jax.sources.source import Row

Rows = str | os.PathLike[str] | Sequence[Mapping[str, Any]] | Task | Mixture
Metrics = str | MetricFunction | Metric | Sequence[str | MetricFunction | Metric]
EVALUATION = "validation"
HELD_OUT_ROWS = "held-out rows"  # kind of tasks that no later process knows by name

__all__ = ["Metrics", "Rows", "register_rows", "split_names"]


def split_names(what: Rows | Sequence[str]) -> list[str] | None:
    """The names that "mmlu,bbh:cot" or a list of them says, with what registers them imported; None for rows, for a
    path of some, and for a `Task` or `Mixture`."""
    if isinstance(what, Task | Mixture | os.PathLike):
        return None
    if isinstance(what, str):
        if pathlib.Path(what).exists() or pathlib.Path(what).suffix in READERS:
            return None
        what = what.split(",")
    if not all(isinstance(name, str) for name in what):
        return None
    import_modules(DEFAULT_MODULES)
    return [name.strip() for name in what if isinstance(name, str) and name.strip()]


def _check_no_nulls(rows: Sequence[Row], template: Template, name: str) -> None:
    """Raises `TaskError` for a row without a value that the template asks for: it would be worded "None"."""
    for number, row in enumerate(rows):
        if nulls := [field for field in template.fields if field in row and row[field] is None]:
            raise TaskError(
                f"{name}, row {number}: field {nulls[0]!r} is None, which would read 'None': leave the row out, or "
                f"give it a text"
            )


def register_rows(
    rows: Rows,
    name: str,
    *,
    template: str | Sequence[str] | None,
    target: str,
    metrics: Metrics = "exact_match",
    is_held_out: bool = False,
) -> str:
    """The name of the task or mixture that `rows` are, registered, in the place of one of that name.

    Args:
      rows: a list of dicts; a file or folder (`sources.choose.choose_source`); a task or mixture, or the name of one
        that is registered, which takes no template.
      name: of the task that is made of a list, file or folder.
      template: the prompt of a row, its fields in braces, such as "{question}"; several are drawn from.
      target: the answer, in the same way.
      metrics: what scores an answer, the first decides: names, or functions (text, references) -> score.
      is_held_out: whether they are rows to judge by; else to train on.

    Raises `TaskError` for rows that cannot be read, and templates that ask for a field that they do not have.
    """
    if isinstance(rows, Task):
        return add_task(rows, replace=True).name
    if isinstance(rows, Mixture):
        return add_mixture(rows, replace=True).name
    if isinstance(rows, str) and rows.isidentifier() and not pathlib.Path(rows).exists():
        import_modules(DEFAULT_MODULES)
        return get(rows).name
    split = EVALUATION if is_held_out else TRAIN
    source, split = choose_source(rows, name, split)
    found = source.rows(split)
    if not len(found):
        raise TaskError(f"{rows} has no rows; at least 1 is needed: was it cut short?")
    first = found[0]
    if template is None:
        fields = ", ".join(first)
        raise TaskError(f"rows with fields {fields} need a template: say template='{{…}}' and target='{{…}}'")
    wordings = (template,) if isinstance(template, str) else tuple(template)
    templates = tuple(Template(wording, target) for wording in wordings)
    for one in templates:
        one.check(first)
        _check_no_nulls(found, one, name)
    task = Task(
        name=name,
        cluster=name,
        kind=HELD_OUT_ROWS if is_held_out else "",
        source=source,
        render=TemplateRenderer(templates),
        metrics=metric_names([metrics] if isinstance(metrics, str | Metric) or callable(metrics) else metrics),
        train_split=None if is_held_out else split,
        eval_split=split if is_held_out else None,
    )
    return add_task(task, replace=True).name
