"""Names of benchmarks, tasks and mixtures, as `fj.evaluate` is given them."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence

from flan_jax.cache.build import DEFAULT_MODULES
from flan_jax.cache.resolve import import_modules
from flan_jax.core.errors import TaskError, did_you_mean
from flan_jax.declare.benchmark import BENCHMARKS, COLLECTIONS
from flan_jax.declare.registry import all_mixtures, all_tasks, get
from flan_jax.declare.task import FORMAT_MARK, Mixture, Task
from flan_jax.sources.folder import READERS
from flan_jax.workflows.rows import Rows

__all__ = ["by_kind", "split_names"]


def split_names(what: Rows | Iterable[str]) -> list[str] | None:
    """The names that "mmlu,bbh:cot" or a list of them says, with what registers them imported, none for an empty text;
    None for rows (a dict is taken for some, whose keys are no names), for a path of some, and for a `Task` or
    `Mixture`."""
    if isinstance(what, Task | Mixture | os.PathLike | Mapping):
        return None
    if isinstance(what, str):
        if not what.strip():  # as a path it would be the working directory
            return []
        if pathlib.Path(what).exists() or pathlib.Path(what).suffix in READERS:
            return None
        what = what.split(",")
    if not isinstance(what, Iterable) or not all(isinstance(name, str) for name in what):
        return None
    import_modules(DEFAULT_MODULES)
    return [name.strip() for name in what if isinstance(name, str) and name.strip()]


def by_kind(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names of benchmarks and collections, and those of tasks and mixtures. Of a name that both have,
    the benchmarks are taken, which is printed.

    Raises `TaskError` for a name that is neither, with the nearest of both kinds.
    """
    benchmarks, tasks = [], []
    registered = dict.fromkeys([*(m.name for m in all_mixtures()), *(t.name for t in all_tasks())])
    known = [*BENCHMARKS, *COLLECTIONS, *registered]
    for name in names:
        if name in COLLECTIONS or name.partition(":")[0] in (*BENCHMARKS, *COLLECTIONS):
            benchmarks.append(name)
            if name in registered:
                print(
                    f"{name} are benchmarks and also a task or mixture: the benchmarks are asked; for the other, give "
                    f"flan_jax.declare.registry.get({name!r})"
                )
            continue
        if name.partition(FORMAT_MARK)[0] not in known:
            raise TaskError(
                f"no benchmark, task or mixture is called {name!r}{did_you_mean(name.partition(':')[0], known) or '.'} "
                f"One of your own is registered by importing its module. "
                f"`flan-jax eval --list` shows the benchmarks, `flan-jax tasks list` the tasks; rows are a file, a "
                f"folder or a list of dicts"
            )
        get(name)  # raises for a format that there is none of
        tasks.append(name)
    return benchmarks, tasks
