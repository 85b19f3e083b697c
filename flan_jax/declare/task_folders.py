"""Task suites: tasks read from a folder, registered when a run names the folder (gin: TASK_SUITES).

Importing a module must not read the disk, so a suite is a function that importing registers and `activate` calls
with a directory. Activating the same suite with the same directory again does nothing.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Mapping, Sequence

from flan_jax.core.errors import TaskError
from flan_jax.core.suggest import did_you_mean
from flan_jax.declare.names import reproducible, restorable

Suite = Callable[[pathlib.Path], Sequence[str]]

__all__ = ["SUITES", "Suite", "activate", "add_joint", "add_suite", "folder"]

SUITES: dict[str, Suite] = {}
_ACTIVE: dict[str, pathlib.Path] = restorable({})
_JOINTS: dict[Callable[[], None], frozenset[str]] = {}
_JOINED: set[Callable[[], None]] = restorable(set())


def add_suite(name: str, register: Suite) -> None:
    """Makes `register(directory)` available to runs as suite `name`; it returns lines for the log."""
    if name in SUITES and SUITES[name] is not register:
        raise TaskError(f"task suite {name} is already there: choose another name")
    SUITES[name] = register


def activate(suites: Mapping[str, str | os.PathLike[str]]) -> list[str]:
    """Registers the tasks of each suite from its directory, in the order of the suites' own registration, then the
    joint mixtures whose suites are all there. Returns lines for the log: what was found, and what was not.

    Raises `TaskError` for an unknown suite, a directory that does not exist, or one suite with two directories.
    """
    for name in suites:
        if name not in SUITES:
            raise TaskError(
                f"no task suite is called {name!r}{did_you_mean(name, SUITES)}; there are "
                f"{', '.join(SUITES) or 'none: is the module that adds it named in MIXTURE_OR_TASK_MODULE?'}"
            )
    notes: list[str] = []
    for name in SUITES:
        if name not in suites:
            continue
        directory = pathlib.Path(suites[name]).expanduser().resolve()
        active = _ACTIVE.get(name)
        if active == directory:
            continue
        if active is not None:
            raise TaskError(f"task suite {name} is already read from {active}, now {directory}: one run, one folder")
        if not directory.is_dir():
            raise TaskError(
                f"task suite {name}: {directory} is not a folder: give the data set's folder in TASK_SUITES"
            )
        with reproducible():
            notes += SUITES[name](directory)
        _ACTIVE[name] = directory
    for joint, needed in _JOINTS.items():
        if needed <= _ACTIVE.keys() and joint not in _JOINED:
            with reproducible():
                joint()
            _JOINED.add(joint)
    return notes


def folder(name: str) -> pathlib.Path | None:
    """The folder that suite `name` is read from, or None where no run has named one."""
    return _ACTIVE.get(name)


def add_joint(register: Callable[[], None], needs: Sequence[str]) -> None:
    """`register()` is called once all suites of `needs` are active: for mixtures of several suites' tasks."""
    _JOINTS[register] = frozenset(needs)
