"""How many training examples a task has when all of its data is there, carried as facts.

A mixture's proportions are known before any data is: a family of tasks names a function that gives its published
counts, and the counts are read when they are first asked for, not when the family is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flan_jax.declare.names import restorable
from flan_jax.declare.task import FORMAT_MARK

Loader = Callable[[], Mapping[str, int]]

__all__ = ["Loader", "add_known_counts", "known_examples"]

_LOADERS: list[Loader] = restorable([])
_COUNTS: dict[str, int] = restorable({})


def add_known_counts(load: Loader) -> None:
    """Makes the counts of `load()`, task name -> training examples, known. It is called once, when a count is asked
    for; where two loaders know a task, the one added first is believed."""
    if load not in _LOADERS:
        _LOADERS.append(load)


def known_examples(task: str) -> int | None:
    """Training examples of `task` by its publisher's count, or None. A task in another format, `TASK__FORMAT`, has the
    count of the task."""
    while _LOADERS:
        for name, count in _LOADERS.pop(0)().items():
            _COUNTS.setdefault(name, count)
    while task not in _COUNTS and FORMAT_MARK in task:
        task = task.rpartition(FORMAT_MARK)[0]
    return _COUNTS.get(task)
