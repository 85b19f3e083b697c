"""From names to jobs: imports the modules that register tasks, and finds a mixture, ours or SeqIO's."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import pathlib
import sys
import traceback
from collections.abc import Collection, Mapping, Sequence

from flan_jax.cache.jobs import NATIVE, ROLES, MixtureJobs, list_jobs, splits_by_role
from flan_jax.cache.moved import describe_move
from flan_jax.cache.rates import resolve_rates
from flan_jax.core.errors import FlanError, TaskError
from flan_jax.declare import task_folders
from flan_jax.declare.registry import get, get_mixture, mixture_members, promises_of

__all__ = ["import_modules", "jobs_of_mixture", "register"]


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
            remedy = "install it, or put its folder on PYTHONPATH"
            if module.endswith(".py") or "/" in module:
                name = pathlib.PurePath(module).stem
                remedy = f"a module is named as it is imported, {name!r} with its folder on PYTHONPATH"
            raise TaskError(
                f"module {module} (MIXTURE_OR_TASK_MODULE) cannot be imported, {error}: {remedy}"
            ) from error
        except FlanError as error:
            # What a module registers says little of itself: 30 tasks are 30 lines.
            raise TaskError(f"module {module}{_line_of(module, error)}: {error}") from error


def _line_of(module: str, error: BaseException) -> str:
    """ ", line 12" of the module's own file, where the error came from; "" where none of its lines was there."""
    spec = importlib.util.find_spec(module)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame.lineno for frame in frames if spec is not None and frame.filename == spec.origin]
    return f", line {own[-1]}" if own else ""


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
    held_out = promises_of(item)
    return MixtureJobs(
        mixture=mixture,
        jobs=list_jobs(mixture, used, roles, dict.fromkeys(used, NATIVE)),
        roles=used,
        rates=lambda num_examples: resolve_rates(item, num_examples),
        cap=item.cap,
        temperature=item.temperature,
        held_out={field.name: sorted(getattr(held_out, field.name)) for field in dataclasses.fields(held_out)},
    )
