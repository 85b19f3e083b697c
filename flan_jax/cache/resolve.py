"""From names to jobs: imports the modules that register tasks, finds a mixture, and lists the splits to cache."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Callable, Collection, Mapping, Sequence

from flan_jax.cache.moved import describe_move
from flan_jax.cache.rates import resolve_rates
from flan_jax.core.errors import CacheError, TaskError
from flan_jax.declare import task_folders
from flan_jax.declare.registry import get, get_mixture, mixture_members

NATIVE, SEQIO = "native", "seqio"
ROLES = ("train", "eval")

__all__ = [
    "NATIVE",
    "ROLES",
    "SEQIO",
    "MixtureJobs",
    "SplitJob",
    "import_modules",
    "jobs_of_mixture",
    "list_jobs",
    "register",
    "splits_by_role",
]


@dataclasses.dataclass(frozen=True)
class SplitJob:
    """One split of one task to cache."""

    task: str
    split: str
    pipeline: str


@dataclasses.dataclass(frozen=True)
class MixtureJobs:
    """What caching a mixture takes.

    jobs: what to cache now. roles: task -> {"train": split, "eval": split}, every split that the tasks use, asked for
    now or not. rates: num_examples by task -> rate by task.
    """

    mixture: str
    jobs: tuple[SplitJob, ...]
    roles: Mapping[str, Mapping[str, str]]
    rates: Callable[[Mapping[str, int]], dict[str, float]]
    cap: int | None
    temperature: float
    held_out: Mapping[str, Sequence[str]]


def register(modules: Sequence[str], folders: Mapping[str, str]) -> list[str]:
    """Imports `modules` (MIXTURE_OR_TASK_MODULE), then activates the folders of tasks (TASK_FOLDERS); returns their log
    lines. Raises what `import_modules` does, and `TaskError` for a folder that cannot be read."""
    import_modules(modules)
    return task_folders.activate(folders)


def import_modules(modules: Sequence[str]) -> None:
    """Imports `modules` (MIXTURE_OR_TASK_MODULE).

    Raises `TaskError` for a module that cannot be imported, and with the new name for one that imports what has moved;
    errors inside the module keep their traceback.
    """
    for module in modules:
        try:
            importlib.import_module(module)
        except ImportError as error:
            if move := describe_move(error):
                raise TaskError(f"module {module} (MIXTURE_OR_TASK_MODULE): {move}: change its import") from error
            if not isinstance(error, ModuleNotFoundError):
                raise
            raise TaskError(
                f"module {module} (MIXTURE_OR_TASK_MODULE) cannot be imported, {error}: install it, or put its folder "
                f"on PYTHONPATH"
            ) from error


def jobs_of_mixture(mixture: str, roles: Collection[str] = ROLES, eval_split: str | None = None) -> MixtureJobs:
    """What caching takes of the task or mixture called `mixture`, ours or, failing that, SeqIO's.

    roles: which splits to cache: "train", "eval" or both. eval_split: instead of each task's own evaluation split.
    Raises `TaskError` for an unknown name and `CacheError` for a task that has no split of these roles.
    """
    try:
        get(mixture)
    except TaskError:
        seqio = sys.modules.get("seqio")  # there only if a module of the user's imported it
        if seqio is None or mixture not in {*seqio.MixtureRegistry.names(), *seqio.TaskRegistry.names()}:
            raise
        from flan_jax.cache.seqio_pipeline import jobs_of_seqio_mixture

        return jobs_of_seqio_mixture(mixture, roles, eval_split)
    item = get_mixture(mixture)
    used = {
        task.name: splits_by_role(task.train_split, eval_split or task.eval_split) for task in mixture_members(item)
    }
    return MixtureJobs(
        mixture=mixture,
        jobs=list_jobs(mixture, used, roles, dict.fromkeys(used, NATIVE)),
        roles=used,
        rates=lambda num_examples: resolve_rates(item, num_examples),
        cap=item.cap,
        temperature=item.temperature,
        held_out={
            field.name: sorted(getattr(item.held_out, field.name)) for field in dataclasses.fields(item.held_out)
        },
    )


def splits_by_role(train_split: str | None, eval_split: str | None) -> dict[str, str]:
    """{"train": ..., "eval": ...} without the roles that are None."""
    return {role: split for role, split in (("train", train_split), ("eval", eval_split)) if split is not None}


def list_jobs(
    mixture: str, used: Mapping[str, Mapping[str, str]], roles: Collection[str], pipelines: Mapping[str, str]
) -> tuple[SplitJob, ...]:
    """One job a (task, split) of the wanted roles, each once, tasks in order.

    Args:
      mixture: the mixture's name, for messages.
      used: task -> {role: split}.
      pipelines: task -> "native" or "seqio".
    """
    jobs: dict[SplitJob, None] = {}
    for task, splits in used.items():
        wanted = [split for role, split in splits.items() if role in roles]
        if not wanted:
            has = " and ".join(f"{role} split {split!r}" for role, split in splits.items()) or "no splits"
            raise CacheError(
                f"mixture {mixture}: task {task} has {has}, wanted is {' or '.join(roles)}: take the task out, or use "
                f"the mixture for what it has"
            )
        jobs.update(dict.fromkeys(SplitJob(task, split, pipelines[task]) for split in wanted))
    return tuple(jobs)
