"""Registers the templates of a PromptSource checkout."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence

from flan_jax.core.errors import TaskError
from flan_jax.declare.known_counts import add_known_counts
from flan_jax.declare.registry import add_mixture, add_task
from flan_jax.declare.task import Member, Mixture, Task
from flan_jax.declare.task_folders import add_task_folder
from flan_jax.sources import DataFolderSource
from flan_jax.sources.data_dir import Download
from flan_jax.sources.source import Row
from flan_jax.tasks.promptsource.templates import (
    PromptSourceRenderer,
    PromptTemplate,
    PromptTemplates,
    p3_name,
    read_promptsource,
)
from flan_jax.tasks.t0.data_sets import DATA_SETS, MAX_EXAMPLES, STAGES, P3DataSet, identifier
from flan_jax.tasks.t0.register import TITLES, held_out

FOLDER = "hugging_face"
LICENCE = "see the data set's card"
DEFAULT_SPLITS = ("train", "validation")  # where the data is not here to tell
# PromptSource's names of metrics; those of the options' rank are used for every prompt that has options.
METRICS = {
    "BLEU": "rouge_l",
    "ROUGE": "rouge_l",
    "Squad": "token_f1",
    "Trivia QA": "token_f1",
    "COQA F1": "token_f1",
}
# Data sets in rounds, which P3 has as data sets of their own: suffix -> our split -> theirs.
ROUNDS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "anli": {
        suffix: {"train": f"train_{suffix}", "validation": f"dev_{suffix}", "test": f"test_{suffix}"}
        for suffix in ("r1", "r2", "r3")
    }
}

__all__ = ["Refused", "register_promptsource", "task_name"]


@dataclasses.dataclass(frozen=True)
class Refused:
    """The source of a template, or a whole file, that could not be registered: asking for its rows raises the reason.
    So a cache run goes on with the others, names it, and exits with an error. refused: the reason."""

    refused: str
    splits: tuple[str, ...] = ("train",)

    @property
    def description(self) -> str:
        """The reason."""
        return f"refused: {self.refused}"

    def rows(self, split: str) -> Sequence[Row]:
        """Raises `TaskError` with the reason."""
        raise TaskError(self.refused)


def task_name(name: str) -> str:
    """The task of a prompt, of P3's name for it."""
    return f"p3_{identifier(name)}"


def register_promptsource(directory: pathlib.Path) -> Sequence[str]:
    """Registers one task a template, `p3_<data set>_<subset>_<template>`; returns lines for the log.

    Mixtures:
      p3: all of them, examples-proportional, 500,000 examples a task at most.
      p3_t0, p3_t0p, p3_t0pp: T0's, T0+'s and T0++'s data sets at their rates, with what these hold out.
      p3_report: the evaluation prompts of T0's 11 held-out data sets.

    A file that is not YAML, and a template that does not parse or reads fields that the rows don't have, is refused and
    said in the log lines; the others go on. Raises `TaskError` for a folder of another layout.
    """
    root = _template_root(directory)
    tasks: dict[str, list[Task]] = {}
    templates: dict[str, PromptTemplate] = {}
    refusals: list[str] = []
    for path in sorted(root.rglob("templates.yaml")):
        try:
            file = read_promptsource(path)
        except TaskError as error:
            name = "_".join(path.parent.relative_to(root).parts)
            tasks.setdefault(identifier(name), []).append(
                _refused(task_name(f"{name}_refused"), identifier(name), error)
            )
            refusals.append(str(error))
            continue
        for data_set, task, template in _tasks_of_file(file):
            if isinstance(task.source, Refused):
                refusals.append(task.source.refused)
            tasks.setdefault(data_set, []).append(task)
            templates[task.name] = template
    if not tasks:
        raise TaskError(f"{root} has no templates.yaml: TASK_FOLDERS['promptsource'] is a checkout of promptsource")
    everything = [task for group in tasks.values() for task in group]
    for task in everything:
        add_task(task)
    _add_mixtures(tasks, templates)
    sizes = {data_set.key: data_set.train_size for data_set in DATA_SETS}
    counts = {task.name: sizes[key] for key, group in tasks.items() if sizes.get(key) for task in group}
    counts.update({task.name: 1 for task in everything if isinstance(task.source, Refused)})
    add_known_counts(lambda: counts)
    read = [task for task in everything if not isinstance(task.source, Refused)]
    data_sets = {task.dataset for task in read}
    notes = [f"promptsource: {len(read)} prompts of {len(data_sets)} data sets in {directory}"]
    if refusals:
        notes.append(f"promptsource: {len(refusals)} refused; caching their mixture names them and fails at the end")
    return [*notes, *(f"promptsource: refused, {reason}" for reason in refusals)]


def _template_root(directory: pathlib.Path) -> pathlib.Path:
    for root in (directory / "promptsource" / "templates", directory / "templates", directory):
        if root.is_dir():
            return root
    raise TaskError(f"{directory} is not a folder")


def _tasks_of_file(file: PromptTemplates) -> Iterator[tuple[str, Task, PromptTemplate]]:
    """(data set, task, template) of each template, in each round of the data set."""
    fact = {data_set.key: data_set for data_set in DATA_SETS}.get(identifier(p3_name(file.dataset, file.subset)))
    for suffix, rename in ROUNDS.get(file.dataset, {"": {}}).items():
        key = identifier(p3_name(file.dataset, file.subset, suffix))
        source = _source(file, rename)
        # A folder that cannot be read is an error of each of its tasks, not of the others.
        try:
            splits = DEFAULT_SPLITS if source.missing() else source.splits
            fields = None if source.missing() else tuple(source.rows(splits[0])[0])
        except (TaskError, IndexError) as error:
            splits, fields, trouble = DEFAULT_SPLITS, None, error if isinstance(error, TaskError) else None
        else:
            trouble = None
        taken: set[str] = set()
        for template in file.templates:
            name = task_name(p3_name(file.dataset, file.subset, template.name, suffix))
            try:
                if trouble is not None:
                    raise trouble
                if name in taken:
                    raise TaskError(f"{template.where}: template {template.name!r} is called {name} too: rename it")
                if fields is not None:
                    template.check(fields)
                task = _task(name, key, source, splits, template, fact)
            except TaskError as error:
                task = _refused(name if name not in taken else f"{name}_{len(taken)}", key, error)
            taken.add(task.name)
            yield key, task, template


def _source(file: PromptTemplates, rename: Mapping[str, str]) -> DataFolderSource:
    parts = [re.sub(r"[^\w.\-]+", "_", part) for part in (*file.dataset.split("/"), file.subset) if part]
    folder = "/".join((FOLDER, *parts))
    which = f" (configuration {file.subset})" if file.subset else ""
    url = f"https://huggingface.co/datasets/{file.dataset}{which}, by `datasets.load_dataset(...).save_to_disk(...)`,"
    return DataFolderSource(folder, Download(file.dataset, url, LICENCE, folder), dict(rename))


def _task(
    name: str,
    key: str,
    source: DataFolderSource,
    splits: Sequence[str],
    template: PromptTemplate,
    fact: P3DataSet | None,
) -> Task:
    template.fields  # noqa: B018 - raises for Jinja that does not parse
    num_choices = len(template.fixed_choices())
    metrics: tuple[str, ...]
    evaluated = next((split for split in ("validation", "test") if split in splits), None)
    if template.answer_choices is not None:
        metrics = ("rank_accuracy",)
    else:
        metrics = tuple(dict.fromkeys(METRICS.get(metric, "exact_match") for metric in template.metrics))
    return Task(
        name=name,
        cluster=fact.task if fact else key,
        dataset=key,
        source=source,
        render=PromptSourceRenderer(template),
        metrics=metrics or ("exact_match",),
        train_split="train" if "train" in splits else None,
        eval_split=evaluated,
        kind="whole cluster" if fact and fact.num_options and not fact.stage else "",
        chance=1 / num_choices if num_choices else 0.0,
    )


def _refused(name: str, key: str, error: TaskError) -> Task:
    return Task(
        name=name,
        cluster=key,
        dataset=key,
        source=Refused(str(error)),
        render=PromptSourceRenderer(PromptTemplate(name, "", None, str(error))),
        eval_split=None,
    )


def _add_mixtures(tasks: Mapping[str, Sequence[Task]], templates: Mapping[str, PromptTemplate]) -> None:
    everything = tuple(Member(task.name) for group in tasks.values() for task in group)
    add_mixture(Mixture("p3", everything, cap=MAX_EXAMPLES, description="Every prompt of the PromptSource checkout."))
    for number, stage in enumerate(STAGES):
        members = []
        for data_set in DATA_SETS:
            if data_set.stage in STAGES[: number + 1]:
                group = tasks.get(data_set.key, ())
                cap = data_set.train_size if data_set.train_size <= MAX_EXAMPLES else MAX_EXAMPLES // max(len(group), 1)
                members += [Member(task.name, cap) for task in group if task.train_split]
        if members:
            description = f"{TITLES[stage]}, rendered here from the PromptSource checkout."
            add_mixture(Mixture(f"p3_{stage}", tuple(members), held_out=held_out(stage), description=description))
    keys = {
        f"{d.key}_{suffix}" if suffix else d.key for d in DATA_SETS if d.num_options for suffix in d.rounds or ("",)
    }
    report = [
        Member(task.name)
        for key in sorted(keys)
        for task in tasks.get(key, ())
        if task.eval_split and _is_evaluated(templates.get(task.name))
    ]
    if report:
        description = "Evaluation prompts of T0's 11 held-out data sets, from the PromptSource checkout."
        add_mixture(Mixture("p3_report", tuple(report), description=description))


def _is_evaluated(template: PromptTemplate | None) -> bool:
    """T0 judges by the prompts of a data set's original task that have options to rank."""
    return template is not None and bool(template.original_task) and template.answer_choices is not None


add_task_folder("promptsource", register_promptsource)
