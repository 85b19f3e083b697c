"""What caching a mixture takes: splits of tasks, each by one of two pipelines."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence

from flan_jax.core.errors import CacheError

NATIVE, SEQIO = "native", "seqio"
ROLES = ("train", "eval")

__all__ = ["NATIVE", "ROLES", "SEQIO", "MixtureJobs", "SplitJob", "list_jobs", "splits_by_role"]


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
