"""The registry of tasks and mixtures, by name.

Nothing here reads a file, draws a random number or imports SeqIO: importing every task is cheap, and the training
process may do it. In a notebook, where a cell runs twice, register with `replace=True`; `restored` and `reset` take
registrations back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flan_jax.core.errors import TaskError, did_you_mean
from flan_jax.declare.formats import Format, find_format, is_local_format
from flan_jax.declare.formatted import format_task
from flan_jax.declare.names import ByName, reset, restorable, restored
from flan_jax.declare.task import FORMAT_MARK, HeldOut, Member, Mixture, Task

__all__ = [
    "add_mixture",
    "add_task",
    "all_mixtures",
    "all_tasks",
    "get",
    "get_mixture",
    "get_task",
    "is_local",
    "mixture_members",
    "promises_of",
    "reset",
    "restored",
]

_TASKS: ByName[Task] = ByName("task")
_MIXTURES: ByName[Mixture] = ByName("mixture")
# Name -> (the task and the format that it was made from, itself).
_FORMATTED: dict[str, tuple[Task, Format, Task]] = restorable({})


def add_task(task: Task, *, replace: bool = False) -> Task:
    """Registers `task` and returns it.

    Args:
      task: what to register under its own name.
      replace: takes the place of a task of that name, as when a notebook's cell runs again. Mixtures that name it have
        the new one from then on.

    Raises `TaskError` for a malformed name, one that is taken (unless by a task that may be replaced), and a new
    version that a mixture it is in promises not to train on.
    """
    _check_name(task.name, _MIXTURES if replace else None)
    if task.objective is None and not task.metrics and task.eval_split is not None:
        raise TaskError(
            f"task {task.name} has an evaluation split but no metric: name one of flan_jax.evaluate.metrics"
        )
    if replace and task.name in _TASKS:
        _check_promises(task)
    if task.name not in _TASKS and (formatted := _formatted(task.name)) is not None:
        raise TaskError(
            f"{task.name} is the name of {formatted.base} in the format {formatted.format}: choose another name"
        )
    return _TASKS.add(task.name, task, replace=replace)


def add_mixture(mixture: Mixture, *, replace: bool = False) -> Mixture:
    """Registers `mixture` and returns it.

    Args:
      mixture: what to register under its own name.
      replace: takes the place of a mixture of that name.

    Raises `TaskError` for no members, unknown ones, itself among them, a taken name (unless by a mixture that may be
    replaced), and a member of what it, or a mixture among its members, holds out.
    """
    _check_name(mixture.name, _TASKS if replace else None)
    if not mixture.members:
        raise TaskError(f"mixture {mixture.name} has no members: give at least one task")
    for member in mixture.members:
        if mixture.name in _names_below(get(member.name)):
            raise TaskError(f"mixture {mixture.name} would contain itself, by {member.name}: drop that member")
    _check_members(mixture, mixture)
    if mixture.name in _MIXTURES:
        for other in _MIXTURES.values():
            if other.name != mixture.name and mixture.name in _names_below(other):
                _check_members(other, mixture)
    return _MIXTURES.add(mixture.name, mixture, replace=replace)


def mixture_members(mixture: Mixture) -> list[Task]:
    """The tasks of `mixture`, those of nested mixtures included, each once, in order."""
    return _tasks_of(mixture)


def promises_of(mixture: Mixture) -> HeldOut:
    """What `mixture` holds out: its own promise and those of the mixtures in it, but for the ones that it gave up
    (`Member.keep_promises`)."""
    return HeldOut().joined(*(promise for _, promise in _promises(mixture)))


def get(name: str) -> Task | Mixture:
    """The task or mixture called `name`; an unknown name is an error that suggests the nearest ones.

    `TASK__FORMAT` is the task in that format (`declare.formats`), the same object each time; `TASK__A__B` is in
    both. Raises `TaskError` for an unknown format, and for one that the task cannot take.
    """
    if item := _find(name):
        return item
    raise TaskError(
        f"no task or mixture is called {name!r}{did_you_mean(name, [*_MIXTURES, *_TASKS]) or '.'} Import the module "
        f"that registers it, which a recipe names in MIXTURE_OR_TASK_MODULE; `flan-jax tasks list` shows the "
        f"{len(_TASKS)} registered tasks"
    )


def _find(name: str) -> Task | Mixture | None:
    return _TASKS.get(name) or _MIXTURES.get(name) or _formatted(name)


def _formatted(name: str) -> Task | None:
    # The longest registered name: some have a double underscore in them, or end in one.
    cut = len(name)
    while (cut := name.rfind(FORMAT_MARK, 0, cut + 1)) > 0:
        base = _TASKS.get(name[:cut])
        if base is None:
            continue
        format_name = name[cut + len(FORMAT_MARK) :]
        form = find_format(format_name)
        known = _FORMATTED.get(name)
        # Made again where the task or the format has been replaced since.
        if known is None or known[0] is not base or known[1] != form:
            known = _FORMATTED[name] = (base, form, format_task(base, format_name))
        return known[2]
    return None


def get_task(name: str) -> Task:
    """The task called `name`."""
    item = get(name)
    if not isinstance(item, Task):
        raise TaskError(f"{name} is a mixture, not a task")
    return item


def get_mixture(name: str) -> Mixture:
    """The mixture called `name`; a task's name gives the mixture of that task alone."""
    item = get(name)
    return item if isinstance(item, Mixture) else Mixture(name, (Member(name),))


def all_tasks() -> list[Task]:
    """Every registered task, in order of registration."""
    return list(_TASKS.values())


def all_mixtures() -> list[Mixture]:
    """Every registered mixture, in order of registration."""
    return list(_MIXTURES.values())


def is_local(name: str) -> bool:
    """Whether the task or mixture called `name`, or one of its members, or a format that it is in, is known to this
    process alone: registered by a notebook's cell, a script or a call, and not by importing a module. False for a name
    that is not registered here: another process may know it."""
    item = _find(name)
    if isinstance(item, Mixture):
        return _MIXTURES.is_local(name) or any(is_local(member.name) for member in item.members)
    if item is None:
        return False
    return _TASKS.is_local(item.base or name) or bool(item.base and is_local_format(item.format))


def _names_below(item: Task | Mixture) -> set[str]:
    """The name of `item` and of every mixture nested in it."""
    names = {item.name}
    for member in item.members if isinstance(item, Mixture) else ():
        if member.name in _MIXTURES:
            names |= _names_below(_MIXTURES[member.name])
    return names


def _tasks_of(mixture: Mixture, new: Mixture | None = None) -> list[Task]:
    """The tasks of `mixture`, where `new` takes the place of the mixture of its name."""
    tasks: dict[str, Task] = {}
    for member in mixture.members:
        item = new if new is not None and member.name == new.name else get(member.name)
        for task in [item] if isinstance(item, Task) else _tasks_of(item, new):
            tasks[task.name] = task
    return list(tasks.values())


def _promises(mixture: Mixture, new: Mixture | None = None) -> Iterator[tuple[tuple[str, ...], HeldOut]]:
    """(names of the mixtures from a member down to whose promise it is, the promise) of `mixture`, its own first; `new`
    takes the place of the mixture of its name."""
    yield (), mixture.held_out
    for member in mixture.members:
        item = new if new is not None and member.name == new.name else _MIXTURES.get(member.name)
        if item is not None and member.keep_promises:
            for path, promise in _promises(item, new):
                yield (member.name, *path), promise


def _violation(mixture: Mixture, task: Task, promises: Sequence[tuple[tuple[str, ...], HeldOut]]) -> str | None:
    """Why `task` may not be in `mixture`, by which promise of which member, and what can be done; or None."""
    for path, promise in promises:
        reason = promise.violation(task)
        if reason is None:
            # A task is one data set in whatever format.
            others = (_formatted(name) for name in promise.tasks if FORMAT_MARK in name)
            if any(other is not None and other.base == (task.base or task.name) for other in others):
                reason = "the task is held out in another format"
        if reason and not path:
            return f"{reason} by {mixture.name} itself: drop the member or the promise"
        if reason:
            whose = f"its member {path[0]}" if len(path) == 1 else f"{path[-1]}, which is in its member {path[0]}"
            return (
                f"{reason} by {whose}: drop either, or give that promise up by Member({path[0]!r}, keep_promises=False)"
            )
    return None


def _check_members(mixture: Mixture, new: Mixture) -> None:
    """Raises `TaskError` for a task of `mixture` that a promise holds out, where `new` takes the place of the mixture
    of its name."""
    promises = [(path, promise) for path, promise in _promises(mixture, new) if promise != HeldOut()]
    for task in _tasks_of(mixture, new) if promises else ():
        if reason := _violation(mixture, task, promises):
            raise TaskError(f"mixture {mixture.name} may not contain {task.name}: {reason}")


def _check_promises(task: Task) -> None:
    for mixture in _MIXTURES.values():
        reason = _violation(mixture, task, list(_promises(mixture)))
        if reason and task.name in {member.name for member in mixture_members(mixture)}:
            raise TaskError(f"task {task.name} may not be replaced: mixture {mixture.name} contains it, and {reason}")


def _check_name(name: str, taken: ByName[Any] | None) -> None:
    """Raises `TaskError` for a name that cannot be one, or is in use: in `taken`, or anywhere for None."""
    if not name.isidentifier():
        raise TaskError(f"{name!r} is not a usable name: use letters, digits and underscores, no digit first")
    if taken is None and (name in _TASKS or name in _MIXTURES):
        raise TaskError(f"{name} is already registered: choose another name, or say replace=True")
    if taken is not None and name in taken:
        raise TaskError(f"{name} is already registered, as the other kind: choose another name")
