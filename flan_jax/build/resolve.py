"""From names to work: imports the modules that register tasks, finds a mixture, and lists the splits to cache."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Callable, Collection, Mapping, Sequence

from flan_jax.build.mixing import resolve_rates
from flan_jax.core import suites
from flan_jax.core.errors import CacheError, TaskError
from flan_jax.core.task import all_tasks, get, get_mixture, mixture_members

NATIVE, SEQIO = "native", "seqio"

__all__ = ["NATIVE", "SEQIO", "Plan", "SplitJob", "make_plan", "register"]


@dataclasses.dataclass(frozen=True)
class SplitJob:
    """One split of one task to cache."""

    task: str
    split: str
    pipeline: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """What caching a mixture takes.

    roles: task -> {"train": split, "eval": split}. rates: num_examples by task -> rate by task.
    """

    mixture: str
    jobs: tuple[SplitJob, ...]
    roles: Mapping[str, Mapping[str, str]]
    rates: Callable[[Mapping[str, int]], dict[str, float]]
    cap: int | None
    temperature: float
    held_out: Mapping[str, Sequence[str]]

    def rate_split(self, task: str) -> str:
        """The split whose number of examples counts for the task's rate."""
        return self.roles[task].get("train") or self.roles[task]["eval"]


def register(modules: Sequence[str], task_suites: Mapping[str, str]) -> None:
    """Imports `modules` (MIXTURE_OR_TASK_MODULE), then activates the task suites.

    Raises `TaskError` for a module that cannot be imported; errors inside the module keep their traceback.
    """
    for module in modules:
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            raise TaskError(
                f"module {module} (MIXTURE_OR_TASK_MODULE) cannot be imported, {error}: install it, or put its folder "
                f"on PYTHONPATH"
            ) from error
    suites.activate(task_suites)


def make_plan(mixture: str, splits: Collection[str] | None = None) -> Plan:
    """The plan of the task or mixture called `mixture`, ours or, failing that, SeqIO's.

    splits: only splits of these names; None: every split that a task uses.
    """
    try:
        get(mixture)
    except TaskError:
        seqio = sys.modules.get("seqio")  # there only if a module of the user's imported it
        if seqio is None or mixture not in {*seqio.MixtureRegistry.names(), *seqio.TaskRegistry.names()}:
            raise
        from flan_jax.build.seqio_pipeline import plan_of_seqio_mixture

        return plan_of_seqio_mixture(mixture, splits)
    item = get_mixture(mixture)
    roles: dict[str, dict[str, str]] = {}
    for task in mixture_members(item):
        pairs = {"train": task.train_split, "eval": task.eval_split}
        roles[task.name] = {role: split for role, split in pairs.items() if split and (not splits or split in splits)}
        if not roles[task.name]:
            raise CacheError(
                f"mixture {mixture}: task {task.name} uses {', '.join(task.splits()) or 'no splits'}, none of the "
                f"wanted {', '.join(splits or ['train', 'validation'])}: ask for one of its splits"
            )
    return Plan(
        mixture=mixture,
        jobs=native_jobs(roles),
        roles=roles,
        rates=lambda num_examples: resolve_rates(item, num_examples),
        cap=item.cap,
        temperature=item.temperature,
        held_out={
            field.name: sorted(getattr(item.held_out, field.name)) for field in dataclasses.fields(item.held_out)
        },
    )


def native_jobs(
    roles: Mapping[str, Mapping[str, str]], pipelines: Mapping[str, str] | None = None
) -> tuple[SplitJob, ...]:
    """One job a (task, split), each once, tasks in order."""
    jobs: dict[SplitJob, None] = {}
    for task, splits in roles.items():
        for split in splits.values():
            jobs[SplitJob(task, split, (pipelines or {}).get(task, NATIVE))] = None
    return tuple(jobs)


def native_names() -> set[str]:
    """Names of the tasks in our own registry."""
    return {task.name for task in all_tasks()}
