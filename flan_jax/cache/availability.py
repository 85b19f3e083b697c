"""Which tasks of a mixture have their data on this machine, and what share of its weight the others are.

A mixture never shrinks in silence: what is missing is an error, or, if asked for, a number that goes into the
mixture's manifest, the run's log and its report.
"""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Collection, Mapping

from flan_jax.cache.rates import resolve_rates
from flan_jax.core.errors import CacheError, TaskError
from flan_jax.declare.known_counts import known_examples
from flan_jax.declare.registry import mixture_members
from flan_jax.declare.task import Mixture, Task, missing_source

LINES_SHOWN = 5

__all__ = ["Availability", "Count", "availability", "expected_counts", "missing_lines", "unavailable_reason"]


@dataclasses.dataclass(frozen=True)
class Count:
    """Training examples of a task. origin: "published" (a fact), "source rows" (counted here), or "assumed" (nobody
    says, so the median of the mixture's other tasks stands in)."""

    num_examples: int
    origin: str


@dataclasses.dataclass(frozen=True)
class Availability:
    """What of a mixture is on this machine.

    missing: task -> what to download, one line. gone: those of them that nobody can download any more, with the
    reason. share: of the mixture's weight that `missing` has, in [0, 1]. num_assumed: missing tasks whose size nobody
    says.
    """

    mixture: str
    num_tasks: int
    missing: Mapping[str, str]
    gone: Mapping[str, str]
    share: float
    num_assumed: int

    def describe(self) -> str:
        """How much is missing, in a line."""
        assumed = f", {self.num_assumed} of them of unknown size" if self.num_assumed else ""
        gone = f" ({len(self.gone)} of which were never published or are published no more)" if self.gone else ""
        return (
            f"{len(self.missing):,} of {self.num_tasks:,} tasks of {self.mixture}{gone}, {self.share:.1%} of its "
            f"weight by published example counts{assumed}, have no data on this machine"
        )

    def first_lines(self, limit: int = LINES_SHOWN) -> list[str]:
        """The first `limit` different download lines, with the number of tasks that each of them serves."""
        tasks: dict[str, list[str]] = {}
        for task, line in self.missing.items():
            tasks.setdefault(line, []).append(task)
        lines = [
            f"{names[0]}{f' and {len(names) - 1} more' if len(names) > 1 else ''}: {line}"
            for line, names in list(tasks.items())[:limit]
        ]
        if len(tasks) > limit:
            lines.append(f"... and {len(tasks) - limit:,} more downloads")
        return lines

    def refuse(self) -> CacheError:
        """The error for a run that was not told to go on with what is here."""
        first, *more = self.first_lines()
        others = ", or go on with the others (--available_only, or AVAILABLE_ONLY = True in a recipe)"
        listing = "; and\n  " + "\n  ".join(more) if more else ""
        return CacheError(
            f"{self.describe()}: get it below the data folder (--data_dir, DATA_DIR)"
            f"{others if len(self.missing) < self.num_tasks else ''}: {first}{listing}"
        )


def missing_lines(mixture: Mixture) -> dict[str, str]:
    """Asks every source: task -> what to download, one line, for the tasks whose data is not on this machine."""
    lines = {task.name: missing_source(task) for task in mixture_members(mixture)}
    return {task: line for task, line in lines.items() if line is not None}


def availability(mixture: Mixture, missing: Mapping[str, str]) -> Availability:
    """What it means for `mixture` that the tasks of `missing` (`missing_lines`) are not here."""
    tasks = mixture_members(mixture)
    if not missing:
        return Availability(mixture.name, len(tasks), {}, {}, 0.0, 0)
    gone = {task.name: reason for task in tasks if task.name in missing and (reason := unavailable_reason(task))}
    counts = expected_counts(mixture, missing)
    rates = resolve_rates(mixture, {name: count.num_examples for name, count in counts.items()})
    share = math.fsum(rates[name] for name in missing) / math.fsum(rates.values())
    assumed = sum(counts[name].origin == "assumed" for name in missing)
    return Availability(mixture.name, len(tasks), dict(missing), gone, share, assumed)


def unavailable_reason(task: Task) -> str | None:
    """Why nobody can download the data of `task` any more, or None. Sources of which that is so have an attribute
    `unavailable`, the reason."""
    return getattr(task.source, "unavailable", None)


def expected_counts(mixture: Mixture, missing: Collection[str] = ()) -> dict[str, Count]:
    """Examples that each task of `mixture` has or would have: the published count, else the rows of its source, else,
    for tasks of `missing` and those whose source cannot be read, which is for their own job to report, the median of
    the others (1 where there are none)."""
    counts: dict[str, Count] = {}
    unknown = []
    for task in mixture_members(mixture):
        known = known_examples(task.name)
        splits = task.splits()
        if known is not None:
            counts[task.name] = Count(known, "published")
        elif task.name in missing or not splits:
            unknown.append(task.name)
        else:
            try:
                counts[task.name] = Count(len(task.source.rows(splits[0])), "source rows")
            except TaskError:
                unknown.append(task.name)
    median = round(statistics.median(count.num_examples for count in counts.values())) if counts else 1
    counts.update(dict.fromkeys(unknown, Count(max(1, median), "assumed")))
    return counts
