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

Rows = str | os.PathLike[str] | Sequence[Mapping[str, Any]] | Task | Mixture
Metrics = str | MetricFunction | Metric | Sequence[str | MetricFunction | Metric]
EVALUATION = "validation"

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
    first = source.rows(split)[0]
    if template is None:
        fields = ", ".join(first)
        raise TaskError(f"rows with fields {fields} need a template: say template='{{…}}' and target='{{…}}'")
    wordings = (template,) if isinstance(template, str) else tuple(template)
    templates = tuple(Template(wording, target) for wording in wordings)
    for one in templates:
        one.check(first)
    task = Task(
        name=name,
        cluster=name,
        kind="held-out rows" if is_held_out else "",
        source=source,
        render=TemplateRenderer(templates),
        metrics=metric_names([metrics] if isinstance(metrics, str | Metric) or callable(metrics) else metrics),
        train_split=None if is_held_out else split,
        eval_split=split if is_held_out else None,
    )
    return add_task(task, replace=True).name
