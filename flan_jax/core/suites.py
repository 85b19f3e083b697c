"""Task suites: tasks read from a folder, registered when a run names the folder (gin: TASK_SUITES).

Importing a module must not read the disk, so a suite is a function that importing registers and `activate` calls
with a directory. Activating the same suite with the same directory again does nothing.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Mapping

from flan_jax.core.errors import TaskError
from flan_jax.core.suggest import did_you_mean

Suite = Callable[[pathlib.Path], None]

__all__ = ["SUITES", "Suite", "activate", "add_suite"]

SUITES: dict[str, Suite] = {}
_ACTIVE: dict[str, pathlib.Path] = {}


def add_suite(name: str, register: Suite) -> None:
    """Makes `register(directory)` available to runs as suite `name`."""
    if name in SUITES and SUITES[name] is not register:
        raise TaskError(f"task suite {name} is already there: choose another name")
    SUITES[name] = register


def activate(suites: Mapping[str, str | os.PathLike[str]]) -> None:
    """Registers the tasks of each suite from its directory, in the order of the suites' own registration.

    Raises `TaskError` for an unknown suite, a directory that does not exist, or one suite with two directories.
    """
    for name in suites:
        if name not in SUITES:
            raise TaskError(
                f"no task suite is called {name!r}{did_you_mean(name, SUITES)}; there are "
                f"{', '.join(SUITES) or 'none: is the module that adds it named in MIXTURE_OR_TASK_MODULE?'}"
            )
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
        SUITES[name](directory)
        _ACTIVE[name] = directory
