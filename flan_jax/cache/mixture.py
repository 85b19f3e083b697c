"""A mixture on its way into the cache: what of it is to be built, and what its manifest says at the end."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Collection, Sequence

from flan_jax.cache.availability import Availability, availability, missing_lines
from flan_jax.cache.jobs import MixtureJobs
from flan_jax.cache.rates import resolve_rates
from flan_jax.cache.resolve import jobs_of_mixture
from flan_jax.core.errors import CacheError, TaskError, counted, did_you_mean
from flan_jax.core.manifest import MixtureManifest, split_dir
from flan_jax.declare.registry import all_tasks, get_mixture, promises_of
from flan_jax.declare.task import Mixture, Task

__all__ = ["finish_mixture", "prepare_mixture"]


def prepare_mixture(
    mixture: str,
    roles: Collection[str],
    eval_split: str | None,
    root: pathlib.Path | None,
    available_only: bool,
) -> tuple[MixtureJobs, Availability | None]:
    """(what to cache, what is missing): the jobs without those of tasks whose data is not on this machine.

    Tasks whose splits are all in `root` already stay in the mixture without their sources: a cache may have been built
    elsewhere. Raises `CacheError` where data is missing, unless `available_only`. The second is None for a mixture that
    only SeqIO knows: it downloads for itself.

    Args:
      roles: "train", "eval" or both.
      eval_split: instead of each task's own evaluation split; None for that.
      root: the tokenizer's folder of the cache; None where there is none yet.
    """
    work = jobs_of_mixture(mixture, roles, eval_split)
    try:
        item = get_mixture(mixture)
    except TaskError:  # SeqIO's, or `jobs_of_mixture` would have raised it
        return work, None
    for line in _slips(item):
        print(f"cache {mixture}: {line}", flush=True)
    splits: dict[str, list[str]] = {}
    for job in work.jobs:
        splits.setdefault(job.task, []).append(job.split)
    no_source = missing_lines(item)
    as_cached = {
        task
        for task in no_source
        if root is not None and all((split_dir(root, task, name) / "manifest.json").exists() for name in splits[task])
    }
    here = availability(item, {task: line for task, line in no_source.items() if task not in as_cached})
    if here.missing:
        if not available_only or len(here.missing) == here.num_tasks:
            raise here.refuse()
        print(f"cache {mixture}: {here.describe()}; going on without them, as asked", flush=True)
        for line in here.first_lines():
            print(f"  {line}", flush=True)
    if as_cached:
        print(
            f"cache {mixture}: {counted(len(as_cached), 'task')} used as cached: without the source, it cannot be seen "
            f"whether it has changed since",
            flush=True,
        )
    left_out = frozenset(here.missing)
    return (
        dataclasses.replace(
            work,
            jobs=tuple(job for job in work.jobs if job.task not in no_source),
            roles={task: named for task, named in work.roles.items() if task not in left_out},
            rates=lambda num_examples: resolve_rates(item, num_examples, left_out),
        ),
        here,
    )


def _slips(item: Mixture | Task) -> list[str]:
    """Lines on clusters that a mixture holds out, that no registered task has, and whose name is nearly one's."""
    if isinstance(item, Task):
        return []
    there = {task.cluster for task in all_tasks()}
    return [
        f"it holds out the cluster {name!r}, which no registered task has{hint}"
        for name in sorted(promises_of(item).clusters - there)
        if (hint := did_you_mean(name, sorted(there)))
    ]


def finish_mixture(
    work: MixtureJobs,
    here: Availability | None,
    errors: Sequence[str],
    cached: Callable[[str, str], int | None],
) -> MixtureManifest:
    """The mixture as it is on disk: with the splits of this run and those that other runs have cached.

    Args:
      work: what `prepare_mixture` gave.
      here: what was missing; None where that is not known.
      errors: of the jobs that failed.
      cached: (task, split) -> rows in the cache, None where the split is not there.

    Raises `CacheError` that lists `errors` if there are any.
    """
    if errors:
        first, *others = errors
        more = f"; and {len(others)} more:\n  " + "\n  ".join(others) if others else ""
        kept = "; the others are, so mend that and run again" if len(errors) < len(work.jobs) else ""
        raise CacheError(
            f"{len(errors)} of {counted(len(work.jobs), 'split')} of {work.mixture} could not be cached{kept}: "
            f"{first}{more}"
        )
    splits: dict[str, dict[str, str]] = {}
    num_examples: dict[str, int] = {}
    for task, roles in work.roles.items():
        splits[task] = {}
        for role, split in roles.items():
            count = cached(task, split)
            if count is not None:
                splits[task][role] = split
                num_examples.setdefault(task, count)  # "train" comes first
    return MixtureManifest(
        name=work.mixture,
        rates=work.rates(num_examples),
        num_examples=num_examples,
        cap=work.cap,
        temperature=work.temperature,
        held_out=work.held_out,
        splits=splits,
        missing_tasks=sorted(here.missing) if here else (),
        missing_share=here.share if here else 0.0,
    )
