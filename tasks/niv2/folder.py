"""Folder of tasks `niv2`: the tasks that a folder has, split into training, selection and report for one small run."""

from __future__ import annotations

import collections
import pathlib
import random
from collections.abc import Sequence

from flan_jax.core.errors import TaskError, counted
from flan_jax.declare.registry import add_mixture, add_task
from flan_jax.declare.task import HeldOut, Member, Mixture
from flan_jax.declare.task_folders import add_task_folder
from flan_jax.tasks.niv2.register import TASKS, Niv2Task, make_task
from flan_jax.tasks.niv2.source import TASK_FOLDER
from flan_jax.tasks.niv2.task_file import read_natural_instructions_head

NUM_SELECTION_TASKS = 20
LARGEST_SELECTION_CATEGORY = 8
SELECTION_SEED = 0
NOTHING = HeldOut()

__all__ = ["register_niv2", "selection_categories"]


def register_niv2(directory: pathlib.Path) -> Sequence[str]:
    """Registers mixtures of the tasks that the folder has; returns lines for the log.

    Mixtures:
      niv2_train: the official English training tasks, but for the selection categories; at most 100 instances each.
      niv2_selection: training tasks set apart, whole categories of them, to pick the checkpoint by.
      niv2_report: the official English test tasks, their first 100 instances.

    `niv2_train` holds out the categories and tasks of the other two and, as the official split does, the data sets that
    test tasks were made from. Tasks that a split names and the folder lacks are counted in the log lines; a file that
    the data set has gained since is registered from what it says of itself. Raises `TaskError` for a folder of another
    layout, for one with too few tasks to be split, and for lists of which one has what the other holds out.
    """
    everything, missing_train = _present(directory, "train")
    report, missing_report = _present(directory, "test")
    apart = selection_categories([known.category for known in everything])
    selection = [known for known in everything if known.category in apart]
    train = [known for known in everything if known.category not in apart]
    _check_lists_are_apart(directory, everything, train, report)
    _check_train_and_selection(directory, train, selection)
    registered = {known.name for known in TASKS}
    for known in (*train, *selection, *report):
        if known.name not in registered:
            add_task(make_task(known))
    held_out = HeldOut(
        clusters=apart | {known.category for known in report},
        datasets=frozenset(known.dataset for known in report),
        tasks=frozenset(known.name for known in (*selection, *report)),
    )
    _add_mixture("niv2_train", train, "tk", "Official training tasks but for the selection categories.", held_out)
    _add_mixture("niv2_selection", selection, "heldout", "Training tasks set apart by category to pick the checkpoint.")
    _add_mixture("niv2_report", report, "heldout", "Official test tasks; reported, never selected on.")
    return (
        f"niv2: {len(train)} training tasks, {len(selection)} selection tasks ({', '.join(sorted(apart))}) and "
        f"{len(report)} report tasks in {directory}",
        *_missing_lines("train", missing_train),
        *_missing_lines("test", missing_report),
    )


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


def _check_train_and_selection(
    directory: pathlib.Path, train: Sequence[Niv2Task], selection: Sequence[Niv2Task]
) -> None:
    if not train:
        raise TaskError(
            f"{directory}/tasks has {counted(len(selection), 'training task')}, and all are set apart to pick the "
            f"checkpoint (niv2_selection: categories of up to {LARGEST_SELECTION_CATEGORY} tasks, until they have "
            f"{NUM_SELECTION_TASKS}), so that none is left to train on: add task files of more categories of "
            f"{_listing(directory, 'train')}, or more than {LARGEST_SELECTION_CATEGORY} of one"
        )
    if not selection:
        raise TaskError(
            f"{directory}/tasks has {counted(len(train), 'training task')}, and each is of a category of more than "
            f"{LARGEST_SELECTION_CATEGORY}, so that none can be set apart to pick the checkpoint (niv2_selection): add "
            f"task files of smaller categories of {_listing(directory, 'train')}"
        )


def _check_lists_are_apart(
    directory: pathlib.Path, everything: Sequence[Niv2Task], train: Sequence[Niv2Task], report: Sequence[Niv2Task]
) -> None:
    """Raises `TaskError` for a task in both lists, and for one to train on that is of a report task's category or data
    set."""
    where, judged = _listing(directory, "train"), _listing(directory, "test")
    remedy = "what is judged on is not trained on, so take one of them out of its list"
    stems = {known.stem for known in report}
    for known in everything:
        if known.stem in stems:
            raise TaskError(f"{where} and {judged} both have {known.stem}: take it out of one of them")
    for known in train:
        for other in report:
            if known.category == other.category:
                shared = f"category {known.category!r}"
            elif known.dataset == other.dataset:
                shared = f"data set {known.dataset!r}"
            else:
                continue
            raise TaskError(f"{where} has {known.stem} and {judged} {other.stem}, both of {shared}: {remedy}")


def _add_mixture(
    name: str, tasks: Sequence[Niv2Task], form: str, description: str, held_out: HeldOut = NOTHING
) -> None:
    members = tuple(Member(f"{known.name}__{form}") for known in tasks)
    add_mixture(Mixture(name, members, held_out=held_out, description=description))


def _missing_lines(split: str, missing: Sequence[str]) -> list[str]:
    if not missing:
        return []
    more = ", ..." if len(missing) > 3 else ""
    listing = _listing(pathlib.Path(), split)
    return [f"niv2: tasks/ is without {counted(len(missing), 'task')} of {listing}: {', '.join(missing[:3])}{more}"]


def _listing(directory: pathlib.Path, split: str) -> pathlib.Path:
    return directory / "splits" / "default" / f"{split}_tasks.txt"


def _present(directory: pathlib.Path, split: str) -> tuple[list[Niv2Task], list[str]]:
    """(tasks of the split whose files are there, names of those that are not there), in the split's order. Raises
    `TaskError` for a list that names files, and for one of which no task is there."""
    listing = _listing(directory, split)
    try:
        names = listing.read_text().split()
    except OSError as error:
        raise TaskError(
            f"{listing} cannot be read ({error}): TASK_FOLDERS['niv2'] is the folder that has tasks/ and splits/"
        ) from error
    in_folder = {path.stem: path for path in (directory / "tasks").glob("*.json")}
    for name in names:
        if name.removesuffix(".json") in in_folder and name not in in_folder:
            raise TaskError(f"{listing} has {name}: its lines are names of tasks, take .json off their ends")
    if not in_folder.keys() & set(names):
        raise TaskError(
            f"{directory}/tasks has {counted(len(in_folder), 'task file')}{_such_as(sorted(in_folder))}, "
            f"and none is of the {counted(len(names), 'task')} of {listing}{_such_as(names)}: get the task "
            f"files of Super-NaturalInstructions, or list tasks that are there"
        )
    known = {task.stem: task for task in TASKS}
    present = [known.get(name) or _from_head(in_folder[name]) for name in names if name in in_folder]
    return present, [name for name in names if name not in in_folder]


def _such_as(names: Sequence[str]) -> str:
    return f" ({names[0]}, …)" if names else ""


def _from_head(path: pathlib.Path) -> Niv2Task:
    head = read_natural_instructions_head(path)
    return Niv2Task(path.stem, head.categories[0], head.sources[0])


add_task_folder(TASK_FOLDER, register_niv2)
