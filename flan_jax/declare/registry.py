"""The registry of tasks and mixtures, by name.

Nothing here reads a file, draws a random number or imports SeqIO: importing every task is cheap, and the training
process may do it.
"""

from __future__ import annotations

from flan_jax.core.errors import TaskError
from flan_jax.core.suggest import did_you_mean
from flan_jax.declare.formats import format_task
from flan_jax.declare.task import FORMAT_MARK, Member, Mixture, Task

__all__ = [
    "add_mixture",
    "add_task",
    "all_mixtures",
    "all_tasks",
    "get",
    "get_mixture",
    "get_task",
    "mixture_members",
]

_TASKS: dict[str, Task] = {}
_FORMATTED: dict[str, tuple[Task, Task]] = {}  # name -> (the task it was made from, itself)
_MIXTURES: dict[str, Mixture] = {}


def add_task(task: Task) -> Task:
    """Registers `task`; refuses a name that is taken or malformed."""
    _check_name(task.name)
    if task.objective is None and not task.metrics and task.eval_split is not None:
        raise TaskError(
            f"task {task.name} has an evaluation split but no metric: name one of flan_jax.evaluate.metrics"
        )
    _TASKS[task.name] = task
    return task


def add_mixture(mixture: Mixture) -> Mixture:
    """Registers `mixture`; refuses unknown members, a taken name, and a member of what it holds out."""
    _check_name(mixture.name)
    if not mixture.members:
        raise TaskError(f"mixture {mixture.name} has no members: give at least one task")
    for member in mixture.members:
        if isinstance(member.rate, str) and member.rate != "num_examples":
            raise TaskError(
                f"mixture {mixture.name}: rate {member.rate!r} of {member.name} is neither a number nor 'num_examples'"
            )
        if not isinstance(member.rate, str) and member.rate < 0:
            raise TaskError(f"mixture {mixture.name}: rate {member.rate} of {member.name} is negative; the limit is 0")
        get(member.name)
    for task in mixture_members(mixture):
        reason = mixture.held_out.violation(task)
        if reason:
            raise TaskError(
                f"mixture {mixture.name} may not contain {task.name}: {reason}; drop the member or the promise"
            )
    _MIXTURES[mixture.name] = mixture
    return mixture


def mixture_members(mixture: Mixture) -> list[Task]:
    """The tasks of `mixture`, those of nested mixtures included, each once, in order."""
    tasks: dict[str, Task] = {}
    for member in mixture.members:
        item = get(member.name)
        for task in [item] if isinstance(item, Task) else mixture_members(item):
            tasks[task.name] = task
    return list(tasks.values())


def get(name: str) -> Task | Mixture:
    """The task or mixture called `name`; an unknown name is an error that suggests the nearest ones.

    `TASK__FORMAT` is the task in that format (`declare.formats`), the same object each time; `TASK__A__B` is in
    both. Raises `TaskError` for an unknown format, and for one that the task cannot take.
    """
    if name in _TASKS:
        return _TASKS[name]
    if name in _MIXTURES:
        return _MIXTURES[name]
    if task := _formatted(name):
        return task
    raise TaskError(
        f"no task or mixture is called {name!r}{did_you_mean(name, [*_MIXTURES, *_TASKS]) or '.'} Is the module that "
        f"registers it named in MIXTURE_OR_TASK_MODULE? `flan-jax tasks list` shows the {len(_TASKS)} registered tasks"
    )


def _formatted(name: str) -> Task | None:
    # The longest registered name: some have a double underscore in them, or end in one.
    cut = len(name)
    while (cut := name.rfind(FORMAT_MARK, 0, cut + 1)) > 0:
        base = _TASKS.get(name[:cut])
        if base is None:
            continue
        known = _FORMATTED.get(name)
        if known is None or known[0] is not base:
            known = _FORMATTED[name] = (base, format_task(base, name[cut + len(FORMAT_MARK) :]))
        return known[1]
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


def _check_name(name: str) -> None:
    if not name.isidentifier():
        raise TaskError(f"{name!r} is not a usable name: use letters, digits and underscores, no digit first")
    if name in _TASKS or name in _MIXTURES:
        raise TaskError(f"{name} is already registered: choose another name")
