"""Rows as a notebook has them, made a task that a run is trained or judged on."""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from flan_jax.cache.build import DEFAULT_MODULES
from flan_jax.cache.native import fingerprint
from flan_jax.cache.resolve import import_modules
from flan_jax.core.errors import ConfigError, TaskError, counted
from flan_jax.declare.metric import Metric, MetricFunction, metric_names
from flan_jax.declare.registry import add_mixture, add_task, get
from flan_jax.declare.task import Mixture, Task
from flan_jax.declare.templates import OPTIONS_FIELD, REFERENCES_FIELD, Template, TemplateRenderer
from flan_jax.evaluate.metrics import get_metric
from flan_jax.sources.choose import TRAIN, choose_source
from flan_jax.sources.fields import FieldError, TextFields, text_of, texts_of
from flan_jax.sources.files import place_of
from flan_jax.sources.folder import DataFolderSource
from flan_jax.sources.source import Row
from flan_jax.sources.watched import WatchedSource
from flan_jax.workflows.arguments import check_called_with

Rows = str | os.PathLike[str] | Sequence[Mapping[str, Any]] | Task | Mixture
Metrics = str | MetricFunction | Metric | Sequence[str | MetricFunction | Metric]
EXACT_MATCH = "exact_match"
EVALUATION = "validation"
TARGET = "{answer}"
HELD_OUT_ROWS = "held-out rows"  # kind of tasks that no later process knows by name

__all__ = [
    "Metrics",
    "Rows",
    "check_used",
    "is_registered",
    "note_of_shared_rows",
    "register_by_content",
    "register_rows",
]


def is_registered(rows: Rows) -> bool:
    """Whether `rows` is a task or mixture, or the name of one, which has templates and metrics of its own."""
    if isinstance(rows, Task | Mixture):
        return True
    return isinstance(rows, str) and rows.isidentifier() and not pathlib.Path(rows).exists()


def check_used(
    *,
    template: object = None,
    target: object = None,
    worded: Sequence[Rows] = (),
    metric: object = None,
    scored: Sequence[Rows] = (),
) -> None:
    """Raises `ConfigError` for a template, target or metric that was given and that nothing would use.

    Args:
      template: as given; None where it was not.
      target: as given; None where it was not.
      worded: what could be worded by them.
      metric: as given; None where it was not.
      scored: what could be scored by it.
    """
    for name, given, rows in (("template", template, worded), ("target", target, worded), ("metric", metric, scored)):
        if given is not None and all(map(is_registered, rows)):
            whose = "what is registered has its own" if rows else "there are none"
            what = "held-out rows" if name == "metric" else "rows"
            raise ConfigError(f"{name} is for {what} that are given as such, and {whose}: give some, or leave it out")


def register_rows(
    rows: Rows,
    name: str,
    *,
    template: str | Sequence[str] | None,
    target: str | None,
    metrics: Metrics | None = None,
    is_held_out: bool = False,
    split: str = "",
) -> str:
    """The name of the task or mixture that `rows` are, registered, in the place of one of that name.

    Args:
      rows: a list of dicts; a file or folder (`sources.choose.choose_source`); a task or mixture, or the name of one
        that is registered, which takes no template.
      name: of the task that is made of a list, file or folder.
      template: the prompt of a row, its fields in braces, such as "{question}"; several are drawn from.
      target: the answer, in the same way; None for "{answer}".
      metrics: what scores an answer, the first decides: names, or functions (text, references) -> score; None for
        exact match.
      is_held_out: whether they are rows to judge by; else to train on.
      split: of a folder, and of what is registered; "" for validation where they judge, and train.

    Raises `TaskError` for rows that cannot be read, templates that ask for a field that they do not have, and answers
    that are none of the options which a metric compares; `ConfigError` for a function that is no metric.
    """
    if is_registered(rows):
        return _registered(rows)
    if is_held_out and _is_anothers(name):
        raise TaskError(
            f"a task or mixture is called {name!r}, which is what rows given as such are scored as: register yours by "
            f"another name"
        )
    return add_task(_task_of(rows, name, template, target, metrics, is_held_out, split), replace=True).name


def register_by_content(
    rows: Rows,
    role: str,
    *,
    template: str | Sequence[str] | None,
    target: str | None,
    metrics: Metrics | None = None,
    is_held_out: bool = False,
) -> str:
    """`register_rows` by a name that says what the rows are, such as "held_out_0f3c21d4". A task's name seeds its order
    and wordings: equal rows make equal runs wherever these are kept, and no two share a place in a cache.

    Args:
      rows, template, target, metrics, is_held_out: as for `register_rows`.
      role: how the name begins.
    """
    if is_registered(rows):
        return _registered(rows)
    task = _task_of(rows, role, template, target, metrics, is_held_out)
    digest = fingerprint(task, task.train_split or task.eval_split or "", None)
    return add_task(dataclasses.replace(task, name=f"{role}_{digest[:8]}"), replace=True).name


def _registered(rows: Rows) -> str:
    """The name of a task or mixture, registered now if it is given as such; `TaskError` for a name that nobody has."""
    if isinstance(rows, Task):
        return add_task(rows, replace=True).name
    if isinstance(rows, Mixture):
        return add_mixture(rows, replace=True).name
    import_modules(DEFAULT_MODULES)
    return get(str(rows)).name


def _task_of(
    rows: Rows,
    name: str,
    template: str | Sequence[str] | None,
    target: str | None,
    metrics: Metrics | None,
    is_held_out: bool,
    asked_split: str = "",
) -> Task:
    """A task of rows that are given as such; arguments and errors of `register_rows`."""
    assert not isinstance(rows, Task | Mixture)
    wanted = asked_split or (EVALUATION if is_held_out else TRAIN)
    source, split = choose_source(rows, name, wanted)
    if asked_split and not isinstance(source, DataFolderSource):
        raise ConfigError(f"split is {asked_split!r}, of rows that have none: leave it out, or give a folder")
    if asked_split and split != asked_split:
        raise TaskError(f"{rows}: no split {asked_split!r}; there is {split}: name that, or leave it out")
    if isinstance(rows, str | os.PathLike) and (len(source.splits) > 1 or split != wanted):
        what = "judged by" if is_held_out else "trained on"
        print(f"{rows} has the split{'s' * (len(source.splits) > 1)} {', '.join(source.splits)}: {split} is {what}")
    if isinstance(rows, str | os.PathLike):
        source = WatchedSource(source, path=pathlib.Path(rows).expanduser().absolute())
    found = source.rows(split)
    if not len(found):
        raise TaskError(f"{rows} has no rows; at least 1 is needed: was it cut short?")
    templates = _templates(found[0], template, TARGET if target is None else target)
    scored_by = _metrics(EXACT_MATCH if metrics is None else metrics)
    _check_values(found, templates, name, scored_by if is_held_out else ())
    return Task(
        name=name,
        cluster=name,
        kind=HELD_OUT_ROWS if is_held_out else "",
        source=source,
        render=TemplateRenderer(templates),
        metrics=scored_by,
        chance=_chance(found, scored_by[0]) if is_held_out else 0.0,
        train_split=None if is_held_out else split,
        eval_split=split if is_held_out else None,
    )


def _is_anothers(name: str) -> bool:
    """Whether a task or mixture has this name that is not of rows given as such."""
    try:
        known = get(name)
    except TaskError:
        return False
    return not isinstance(known, Task) or known.kind != HELD_OUT_ROWS


def note_of_shared_rows(held_out: str, rows: str) -> str:
    """How many rows of the task `held_out` are rows of the task `rows` too, with the same values of all that a template
    shows, in a sentence; "" where none is.

    Only of tasks that are worded alike, as rows given together are: those that a module registers have splits of their
    own, which `flan-jax mix check` compares.
    """
    judged, trained = get(held_out), get(rows)
    if not isinstance(judged, Task) or not isinstance(trained, Task) or judged.name == trained.name:
        return ""
    words = judged.render
    if not isinstance(words, TemplateRenderer) or words != trained.render:
        return ""
    fields = sorted({field for template in words.templates for field in template.fields})
    seen = {_values(row, fields) for row in trained.source.rows(trained.train_split or "")}
    found = [_values(row, fields) in seen for row in judged.source.rows(judged.eval_split or "")]
    if not any(found):
        return ""
    return (
        f"{sum(found):,} of {counted(len(found), 'held-out row')} {'is' if sum(found) == 1 else 'are'} among the "
        f"training rows, with the same text and answer, so that the score there measures memory: leave them out of "
        f"either"
    )


def _templates(row: Row, template: str | Sequence[str] | None, target: str) -> tuple[Template, ...]:
    """Raises `TaskError` for templates that do not fit the row, the first one."""
    if template is None:
        raise TaskError(f"rows with fields {', '.join(row)} need a template: say template='{{…}}' and target='{{…}}'")
    wordings = (template,) if isinstance(template, str) else tuple(template)
    if not wordings:
        raise TaskError("template is an empty list: give one wording of the prompt, or several to draw from")
    for what, text in (*(("template", wording) for wording in wordings), ("target", target)):
        if not isinstance(text, str):
            raise TaskError(f"{what} has {text!r:.60}, no text: give a text with fields in braces")
    templates = tuple(Template(wording, target) for wording in wordings)
    for one in templates:
        one.check(row)
    return templates


def _metrics(metrics: Metrics) -> tuple[str, ...]:
    """Names of the metrics, each of them known. Raises `TaskError` for one that is not, `ConfigError` for a function
    that does not take a text and its references."""
    given = [metrics] if isinstance(metrics, str | Metric) or callable(metrics) else list(metrics)
    for metric in given:
        if not isinstance(metric, str | Metric):
            check_called_with("metric", metric, "text", "references")
    names = metric_names(given)
    if not names:
        raise TaskError(f"metric is an empty list: name at least one, such as {EXACT_MATCH!r}")
    for name in names:
        get_metric(name)
    return names


def _chance(rows: Sequence[Row], metric: str) -> float:
    """What guessing among a row's options scores on average; 0 for rows without options, and for metrics of a text that
    no guess can be said to meet."""
    if metric != EXACT_MATCH and get_metric(metric).needs != "options":
        return 0.0
    shares = [1.0 / len(options) if (options := texts_of(row, OPTIONS_FIELD)) else 0.0 for row in rows]
    return sum(shares) / len(shares)


def _check_values(rows: Sequence[Row], templates: Sequence[Template], name: str, metrics: Sequence[str]) -> None:
    """Raises `TaskError` for a row with a value that cannot be shown or compared: a list where text is meant, options
    or references that are no list of texts, and, for metrics that compare options, an answer that is none of them."""
    ranks = [metric for metric in metrics if get_metric(metric).needs == "options"]
    fields = {field for template in templates for field in template.fields} - {OPTIONS_FIELD}
    for number, row in enumerate(rows):
        try:
            for field in fields & row.keys():
                text_of(row, field)
            options = texts_of(row, OPTIONS_FIELD)
            texts_of(row, REFERENCES_FIELD)
        except FieldError as error:
            raise error.placed(f"{name}, {place_of(rows, number)}") from None
        for template in templates if ranks else ():
            answer = template.targets.format_map(TextFields(row))
            if answer not in options:
                said = f"not among its options {', '.join(map(repr, options))}" if len(options) else "without options"
                raise TaskError(
                    f"{name}, row {number}: the answer {answer!r} is {said}, which metric {ranks[0]} compares: give "
                    f"the row 'options' with its answer, or leave it out"
                )


def _values(row: Row, fields: Sequence[str]) -> tuple[str, ...]:
    """What a template shows of a row, options in any order."""
    shown = (str(sorted(texts_of(row, field))) if field == OPTIONS_FIELD else text_of(row, field) for field in fields)
    return tuple(shown)
