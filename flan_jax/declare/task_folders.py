"""Folders of tasks: task files that somebody else keeps, registered when a run names their folder (gin: TASK_FOLDERS).

Importing a module must not read the disk, so it only adds a function under a name, and `activate` calls that with a
directory. Activating the same name with the same directory again does nothing.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Mapping, Sequence

from flan_jax.core.errors import TaskError, did_you_mean
from flan_jax.declare.names import ByName, reproducible, restorable

RegisterFolder = Callable[[pathlib.Path], Sequence[str]]

__all__ = ["TASK_FOLDERS", "RegisterFolder", "activate", "active_folder", "add_joint", "add_task_folder"]

TASK_FOLDERS: ByName[RegisterFolder] = ByName("folder of tasks")
_ACTIVE: dict[str, pathlib.Path] = restorable({})
_JOINTS: dict[Callable[[], None], frozenset[str]] = restorable({})
_JOINED: set[Callable[[], None]] = restorable(set())


def add_task_folder(name: str, register: RegisterFolder, *, replace: bool = False) -> None:
    """Makes `register(directory)` what a run's folder `name` is read by; it returns lines for the log.

    Args:
      name: as runs say it in TASK_FOLDERS and `--task_folder NAME=FOLDER`.
      register: adds the tasks of a directory, and mixtures of them.
      replace: takes the place of what was added under `name`.

    Raises `TaskError` for a name in use.
    """
    # The same function again is no other folder: a module may be run twice.
    TASK_FOLDERS.add(name, register, replace=replace or TASK_FOLDERS.get(name) is register)


def activate(folders: Mapping[str, str | os.PathLike[str]]) -> list[str]:
    """Registers the tasks of each folder, in the order in which the names were added, then the joint mixtures whose
    folders are all there. Returns lines for the log: what was found, and what was not.

    Args:
      folders: name -> directory.

    Raises `TaskError` for an unknown name, a directory that does not exist, or one name with two directories.
    """
    for name in folders:
        if name not in TASK_FOLDERS:
            raise TaskError(
                f"TASK_FOLDERS (--task_folder) names {name!r}, and no folder of tasks is called so"
                f"{did_you_mean(name, TASK_FOLDERS)}; there are "
                f"{', '.join(TASK_FOLDERS) or 'none: is the module that adds it named in MIXTURE_OR_TASK_MODULE?'}"
            )
    notes: list[str] = []
    for name, register in list(TASK_FOLDERS.items()):
        if name not in folders:
            continue
        directory = pathlib.Path(folders[name]).expanduser().resolve()
        active = _ACTIVE.get(name)
        if active == directory:
            continue
        if active is not None:
            raise TaskError(f"task folder {name} is already read from {active}, now {directory}: one run, one folder")
        if not directory.is_dir():
            raise TaskError(
                f"task folder {name}: {directory} is not a folder: give the data set's folder in TASK_FOLDERS"
            )
        # Other processes are told of the same folders, and register the same.
        with reproducible():
            notes += register(directory)
        _ACTIVE[name] = directory
    for joint, needed in _JOINTS.items():
        if needed <= _ACTIVE.keys() and joint not in _JOINED:
            with reproducible():
                joint()
            _JOINED.add(joint)
    return notes


def active_folder(name: str) -> pathlib.Path | None:
    """The directory that tasks of `name` are read from, or None where no run has named one."""
    return _ACTIVE.get(name)


def add_joint(register: Callable[[], None], needs: Sequence[str]) -> None:
    """`register()` is called once all folders of `needs` are active: for mixtures of several folders' tasks."""
    _JOINTS[register] = frozenset(needs)
