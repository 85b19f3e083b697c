"""Which items a benchmark was asked, and what each scored: of an evaluation's journal, by which two are paired."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
import math
import os
from collections.abc import Mapping, Sequence

from flan_jax.evaluate.results.eval_results import TaskResult
from flan_jax.evaluate.results.journal import read_records

_ROUNDING = 1e-6  # of a mean of weighted scores

__all__ = ["Asked", "read_asked", "scores_by_item"]


@dataclasses.dataclass(frozen=True)
class Asked:
    """An item. subtask, id: which one. expected: accepted answers as text. scores: metric -> score in [0, 1].
    read: hash of what the model read."""

    subtask: str
    id: str
    expected: tuple[str, ...]
    scores: Mapping[str, float]
    read: bytes


def read_asked(path: str | os.PathLike[str]) -> dict[tuple[str, str, str], tuple[Asked, ...]]:
    """(benchmark, format, split) -> its items, of a journal; none where there is no file.

    A benchmark that was asked twice in one format, as greedily and by samples, is left out: the journal does not say
    which answer is of which. Raises `CheckpointError` for a damaged journal.
    """
    found: dict[tuple[str, str, str], list[Asked]] = collections.defaultdict(list)
    for record in read_records(path):
        # Of long prompts, thousands of which are not to be in memory at once.
        read = hashlib.sha256(repr((record.prompt, record.options)).encode()).digest()
        item = Asked(record.subtask, record.id, record.expected, record.scores, read)
        found[record.benchmark, record.format, record.split].append(item)
    return {key: tuple(items) for key, items in found.items() if _are_distinct(items)}


def scores_by_item(task: TaskResult, items: Sequence[Asked]) -> dict[tuple[str, str], float] | None:
    """(subtask, id) -> the item's share of a benchmark's score, weighted as `TaskResult.scores`; None where the items
    are not those that the score is the mean of, as in a journal with more of them.

    Args:
      task: a benchmark's result.
      items: of a journal, in that benchmark, format and split.
    """
    sizes = collections.Counter(item.subtask for item in items)
    if not items or sizes != {subtask.name: subtask.n for subtask in task.subtasks}:
        return None
    if any(task.metric not in item.scores for item in items):
        return None
    found = {
        (item.subtask, item.id): item.scores[task.metric] * len(items) / len(sizes) / sizes[item.subtask]
        for item in items
    }
    is_same = abs(math.fsum(found.values()) / len(found) - task.score) <= _ROUNDING
    return found if is_same else None


def _are_distinct(items: Sequence[Asked]) -> bool:
    return len({(item.subtask, item.id) for item in items}) == len(items)
