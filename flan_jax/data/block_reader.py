"""Batches in order, their examples read in blocks of steps: what the trainer is fed by.

Reading one example from each of many tasks costs an opened shard each. The examples of a block of steps are read
together, task by task, so a shard is opened once a block; and the next block is read a part at each step of this one,
so that every step costs about the same and a thread that makes two batches ahead hides all of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from flan_jax.core.errors import CacheError
from flan_jax.data.cache_reader import CacheReader
from flan_jax.data.plan import PackingPlan
from flan_jax.data.rows import Pair, batch_at, batch_of_pairs, read_pairs

BLOCK_EXAMPLES = 4096
_OPENING_EXAMPLES = 10  # opening a shard takes as long as reading so many examples (docs/feed.md, Size)

__all__ = ["BLOCK_EXAMPLES", "BatchReader"]


class BatchReader:
    """`batch_at` for steps that are asked for in order: the same batches, several times cheaper.

    Holds the examples of two blocks at most. For one thread at a time, as `prefetch` calls it.
    """

    def __init__(
        self,
        plan: PackingPlan,
        reader: CacheReader,
        rows: slice | Sequence[int] | np.ndarray = slice(None),
        block_examples: int = BLOCK_EXAMPLES,
    ):
        """A function of the step.

        Args:
          plan, reader: which examples, and the cache that has them.
          rows: of the global batch, those to make: a host passes the rows its devices hold. All by default.
          block_examples: about how many examples are read together; one step's at least.
        """
        self.plan, self.reader = plan, reader
        self.row_ids = np.arange(plan.batch_size, dtype=np.int32)[rows]
        examples_a_step = plan.num_examples / max(1, plan.num_rows) * max(1, len(self.row_ids))
        self.block_steps = max(1, int(block_examples / max(1.0, examples_a_step)))
        self._block: _Block | None = None
        self._ahead: _Block | None = None

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """The batch of `step`; equal to `batch_at(plan, reader, step, rows)`, and fails where that does."""
        if self._block is None or step not in self._block.steps:
            self._enter_block(step)
        block = self._block
        assert block is not None
        if self._ahead is not None:
            self._ahead.read(self.reader, (step + 1 - block.steps.start) / len(block.steps))
        if block.is_unreadable:  # step by step, so that the error comes at the step whose examples it is about
            return batch_at(self.plan, self.reader, step, self.row_ids)
        return batch_of_pairs(self.plan, self.row_ids, *block.pairs_of(step))

    def _enter_block(self, step: int) -> None:
        if self._ahead is not None and step == self._ahead.steps.start:
            self._block = self._ahead
        else:
            # A start, or a jump: one step, which waits for its own examples only. Each block is then twice as long.
            self._block = self._ahead = None  # their memory is needed
            self._block = _Block(self.plan, self.row_ids, range(step, step + 1))
        self._block.read(self.reader, 1.0)
        first = self._block.steps.stop
        num_steps = min(2 * len(self._block.steps), self.block_steps, self.plan.num_steps - first)
        self._ahead = _Block(self.plan, self.row_ids, range(first, first + num_steps)) if num_steps > 0 else None


class _Block:
    """The examples of consecutive `steps`, read task by task."""

    def __init__(self, plan: PackingPlan, row_ids: np.ndarray, steps: range):
        self.plan, self.steps = plan, steps
        self.is_unreadable = False
        self._num_rows = len(row_ids)
        first_rows = np.array([plan.first_row(step) for step in steps])
        self._entries, self._rows_E = plan.entries_of_rows((first_rows[:, None] + row_ids).reshape(-1))
        self._pairs: list[Pair | None] = [None] * len(self._entries)
        task_ids = plan.task_ids[self._entries]
        self._order = np.argsort(task_ids, kind="stable")  # entries as they are read
        counts = np.unique(task_ids, return_counts=True)[1]
        self._stops = np.concatenate([[0], np.cumsum(counts)])  # where each task ends in that order
        self._costs = np.cumsum(counts + _OPENING_EXAMPLES)
        self._num_read = 0

    def read(self, reader: CacheReader, share: float) -> None:
        """Reads on until that share of the whole work is done. What cannot be read is remembered, not raised."""
        if not len(self._order) or self.is_unreadable:
            return
        num_tasks = int(np.searchsorted(self._costs, share * self._costs[-1], side="right"))
        members = self._order[self._num_read : self._stops[num_tasks]]
        try:
            pairs = read_pairs(self.plan, reader, self._entries[members])
        except (CacheError, OSError):
            self.is_unreadable, self._pairs = True, []
            return
        for member, pair in zip(members.tolist(), pairs, strict=True):
            self._pairs[member] = pair
        self._num_read += len(members)

    def pairs_of(self, step: int) -> tuple[list[Pair], np.ndarray]:
        """(the examples of `step`, the row of each within the batch)."""
        first_row = self.steps.index(step) * self._num_rows
        begin, end = np.searchsorted(self._rows_E, [first_row, first_row + self._num_rows])
        # A block is read to its end before the first step of it is asked for.
        return cast("list[Pair]", self._pairs[begin:end]), self._rows_E[begin:end] - first_row
