"""Which held-out tasks a run will be judged on, and by which metrics, before it begins."""

from __future__ import annotations

import concurrent.futures
import multiprocessing

from flan_jax.cache.resolve import register
from flan_jax.core.errors import FlanError
from flan_jax.declare.registry import get_mixture, mixture_members
from flan_jax.workflows.config import RunConfig

__all__ = ["held_out_tasks"]


def held_out_tasks(config: RunConfig, group: str) -> dict[str, tuple[str, ...]]:
    """Task -> its metrics, of the tasks of a group; benchmarks are none. Found in a process of its own, as modules of
    tasks may import anything; empty where they cannot be read, which the run itself says better.

    Args:
      config: of the run.
      group: "selection" or "report".
    """
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_held_out_tasks, config, group).result()


def _held_out_tasks(config: RunConfig, group: str) -> dict[str, tuple[str, ...]]:
    try:
        register(config.tasks.modules, config.tasks.folders)
        mixtures = [get_mixture(name) for name in getattr(config.evaluation, group)]
    except FlanError:
        return {}
    return {task.name: task.metrics for mixture in mixtures for task in mixture_members(mixture)}
