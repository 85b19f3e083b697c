"""Registers the tasks and mixtures of a Super-NaturalInstructions folder."""

from __future__ import annotations

import collections
import dataclasses
import pathlib
import random
import re
from collections.abc import Sequence

from flan_jax.core.errors import TaskError
from flan_jax.core.sources import (
    NaturalInstructionsHead,
    NaturalInstructionsRenderer,
    NaturalInstructionsSource,
    read_natural_instructions_head,
)
from flan_jax.core.task import HeldOut, Member, Mixture, Task, add_mixture, add_task

# A task, in training and in the official evaluation slice (Wang et al. 2022, Super-NaturalInstructions).
TRAIN_INSTANCES = 100
REPORT_INSTANCES = 100
NUM_SELECTION_TASKS = 20
LARGEST_SELECTION_CATEGORY = 8
SELECTION_SEED = 0

__all__ = ["register_niv2", "selection_categories", "task_name"]


def register_niv2(directory: pathlib.Path) -> Sequence[str]:
    """Registers the tasks of the official English track; returns lines for the log.

    Mixtures:
      niv2_train: the official training tasks, but for the selection categories; at most 100 instances each.
      niv2_selection: training tasks set apart, whole categories of them, to pick the checkpoint by.
      niv2_report: the official test tasks, their first 100 instances, scored by ROUGE-L.

    `niv2_train` holds out the categories and tasks of the other two and, as the official split does, the data sets that
    test tasks were made from. Tasks that a split names and the folder lacks are counted in the log lines. Raises
    `TaskError` for a folder of another layout.
    """
    train, missing_train = _present(directory, "train")
    report, missing_report = _present(directory, "test")
    heads = {path: read_natural_instructions_head(path) for path in (*train, *report)}
    apart = selection_categories([heads[path].categories[0] for path in train])
    selection = [path for path in train if heads[path].categories[0] in apart]
    train = [path for path in train if heads[path].categories[0] not in apart]
    for name, paths in (("niv2_train", train), ("niv2_selection", selection), ("niv2_report", report)):
        if not paths:
            raise TaskError(f"{directory}/tasks has none of the tasks of {name}: is it Super-NaturalInstructions?")
    for path in train:
        add_task(_task(path, heads[path]))
    for path in (*selection, *report):
        add_task(_held_out_task(path, heads[path]))
    held_out = HeldOut(
        clusters=apart | {heads[path].categories[0] for path in report},
        datasets=frozenset(source for path in report for source in heads[path].sources),
        tasks=frozenset(task_name(path) for path in (*selection, *report)),
    )
    _add_mixture("niv2_train", train, "Official training tasks but for the selection categories.", held_out)
    _add_mixture("niv2_selection", selection, "Training tasks set apart by category to pick the checkpoint.", HeldOut())
    _add_mixture("niv2_report", report, "Official test tasks; reported, never selected on.", HeldOut())
    return (
        f"niv2: {len(train)} training tasks, {len(selection)} selection tasks ({', '.join(sorted(apart))}) and "
        f"{len(report)} report tasks in {directory}",
        *_missing_lines("train", missing_train),
        *_missing_lines("test", missing_report),
    )


def task_name(path: pathlib.Path) -> str:
    """`niv2_` and the file's name, with underscores for what no identifier has."""
    return "niv2_" + re.sub(r"\W", "_", path.stem, flags=re.ASCII)


def selection_categories(categories: Sequence[str]) -> frozenset[str]:
    """Whole categories, drawn by a fixed seed until they have `NUM_SELECTION_TASKS` tasks. `categories` has one entry a
    task; large ones are left to training."""
    sizes = collections.Counter(categories)
    small = sorted(category for category, size in sizes.items() if size <= LARGEST_SELECTION_CATEGORY)
    random.Random(f"niv2_selection/{SELECTION_SEED}").shuffle(small)
    chosen: list[str] = []
    while small and sum(sizes[category] for category in chosen) < NUM_SELECTION_TASKS:
        chosen.append(small.pop())
    return frozenset(chosen)


def _add_mixture(name: str, paths: Sequence[pathlib.Path], description: str, held_out: HeldOut) -> None:
    members = tuple(Member(task_name(path)) for path in paths)
    add_mixture(Mixture(name, members, held_out=held_out, description=description))


def _missing_lines(split: str, missing: Sequence[str]) -> list[str]:
    if not missing:
        return []
    more = ", ..." if len(missing) > 3 else ""
    listing = f"splits/default/{split}_tasks.txt"
    return [f"niv2: {len(missing)} tasks of {listing} are not in tasks/: {', '.join(missing[:3])}{more}"]


def _present(directory: pathlib.Path, split: str) -> tuple[list[pathlib.Path], list[str]]:
    """(files of the split's tasks, names of those that are not there), in the split's order."""
    listing = directory / "splits" / "default" / f"{split}_tasks.txt"
    try:
        names = listing.read_text().split()
    except OSError as error:
        raise TaskError(
            f"{listing} cannot be read ({error}): TASK_SUITES['niv2'] is the folder that has tasks/ and splits/"
        ) from error
    in_folder = {path.stem: path for path in (directory / "tasks").glob("*.json")}
    return [in_folder[name] for name in names if name in in_folder], [name for name in names if name not in in_folder]


def _task(path: pathlib.Path, head: NaturalInstructionsHead) -> Task:
    return Task(
        name=task_name(path),
        cluster=head.categories[0],
        dataset=head.sources[0],
        source=NaturalInstructionsSource(path, "train", TRAIN_INSTANCES),
        render=NaturalInstructionsRenderer(),
        metrics=("rouge_l", "exact_match"),
        eval_split=None,
    )


def _held_out_task(path: pathlib.Path, head: NaturalInstructionsHead) -> Task:
    return dataclasses.replace(
        _task(path, head),
        source=NaturalInstructionsSource(path, "test", REPORT_INSTANCES),
        train_split=None,
        eval_split="test",
        kind="whole cluster",
    )
