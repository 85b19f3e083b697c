"""Batches: one by its step, in order with their examples read in blocks, and made ahead of the step that needs them.

A batch is a pure function of (plan, step). Reading one example from each of many tasks costs an opened shard each, so
the examples of a block of steps are read together, task by task: a shard is opened once a block. The next block is
read a part at each step of this one, so that every step costs about the same and a thread that makes two batches ahead
hides all of it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple, cast

import numpy as np

from flan_jax.core.errors import CacheError
from flan_jax.data.cache_reader import CacheReader
from flan_jax.data.plan import PackingPlan
from flan_jax.data.rows import Pair, pack_examples, trim_inputs

BLOCK_EXAMPLES = 4096
_OPENING_EXAMPLES = 10  # opening a shard takes as long as reading so many examples (docs/feed.md, Size)

__all__ = [
    "BLOCK_EXAMPLES",
    "BatchReader",
    "FedBatch",
    "batch_at",
    "batch_of_pairs",
    "example_ids_at",
    "prefetch",
    "read_pairs",
]


def batch_at(
    plan: PackingPlan, reader: CacheReader, step: int, rows: slice | Sequence[int] | np.ndarray = slice(None)
) -> dict[str, np.ndarray]:
    """The batch of `step`, arrays as docs/architecture.md names them; of it the global rows `rows` only.

    A host passes the rows its devices hold: only their examples are read. `row_ids` are numbers in the global batch.

    Args:
      plan: which example is in which row.
      reader: reads the examples.
      step: number of the step, from 0.
      rows: numbers of rows in the global batch.
    """
    row_ids = np.arange(plan.batch_size, dtype=np.int32)[rows]
    entries, rows_E = plan.entries_of_rows(plan.first_row(step) + row_ids.astype(np.int64))
    return batch_of_pairs(plan, row_ids, read_pairs(plan, reader, entries), rows_E)


def example_ids_at(plan: PackingPlan, step: int) -> list[tuple[int, str, int]]:
    """(row, task, index) of every example in the batch of `step`, in the order of its segments."""
    entries, rows_E = plan.entries_of_rows(plan.first_row(step) + np.arange(plan.batch_size))
    return [
        (row, plan.tasks[task_id], index)
        for row, task_id, index in zip(
            rows_E.tolist(), plan.task_ids[entries].tolist(), plan.indices[entries].tolist(), strict=True
        )
    ]


def batch_of_pairs(
    plan: PackingPlan, row_ids: np.ndarray, pairs: Sequence[Pair], rows_E: np.ndarray
) -> dict[str, np.ndarray]:
    """The rows `row_ids` of a global batch, from their (inputs, targets) and the place in `row_ids` of each.

    Args:
      plan: which example is in which row.
      row_ids: numbers of the rows in the global batch.
      pairs: (inputs, targets) token ids of the examples of these rows.
      rows_E: the place of each example's row in `row_ids`, ascending.
    """
    batch = pack_examples(pairs, rows_E, len(row_ids), plan.inputs_length, plan.targets_length, plan.layout)
    batch["row_ids"] = row_ids.copy()
    return batch


def read_pairs(plan: PackingPlan, reader: CacheReader, entries: np.ndarray) -> list[Pair]:
    """(inputs, targets) of plan entries as they are fed: trimmed, objectives applied, behind the soft prompt's ids.

    Read task by task, returned in order.
    """
    task_ids = plan.task_ids[entries]
    pairs: list[Pair | None] = [None] * len(entries)
    for task_id in np.unique(task_ids).tolist():
        members = np.flatnonzero(task_ids == task_id)
        for member, pair in zip(members.tolist(), _task_pairs(plan, reader, task_id, entries[members]), strict=True):
            pairs[member] = pair
    return pairs  # type: ignore[return-value]  # every entry belongs to one task


def _task_pairs(plan: PackingPlan, reader: CacheReader, task_id: int, entries: np.ndarray) -> list[Pair]:
    """`read_pairs` of entries of one task."""
    indices = plan.indices[entries]
    examples = reader.read_many(plan.tasks[task_id], plan.splits[task_id], indices)
    objective = plan.objective(task_id)
    if objective is None:
        pairs = [(trim_inputs(example.inputs_tokens, plan.text_length), example.targets_tokens) for example in examples]
    else:
        pairs = []
        keys = plan.objective_keys(task_id, indices, plan.epochs[entries])
        for example, key in zip(examples, keys, strict=True):
            inputs, targets = objective.apply(example.targets_tokens[:-1], key)
            inputs[-1] = targets[-1] = example.targets_tokens[-1]  # objectives write T5's EOS
            pairs.append((inputs, targets))
    if plan.prompt_tokens:
        prompt = -1 - np.arange(plan.prompt_tokens, dtype=np.int32)  # negative ids: `flan_jax.models.soft_prompt`
        pairs = [(np.concatenate([prompt, inputs]), targets) for inputs, targets in pairs]
    return pairs


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
        # Whole tasks: one read in two parts would have its shard opened twice.
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


class FedBatch(NamedTuple):
    """One step's batch on the devices, and how long the caller had to wait for it."""

    step: int
    batch: Any
    wait_secs: float


class _Failure(NamedTuple):
    error: BaseException


def prefetch(
    make_batch: Callable[[int], dict[str, Any]],
    start_step: int,
    stop_step: int,
    put: Callable[[dict[str, Any]], Any],
    depth: int = 2,
) -> Generator[FedBatch, None, None]:
    """Yields the batches of steps start_step..stop_step-1, `depth` of them made ahead by one background thread.

    make_batch: step -> host arrays. put: host arrays -> device arrays (it should only start the transfer, as
    `jax.device_put` does). An exception in either is raised here, at the step it belongs to. The thread ends when the
    last batch is made, when one fails, or when the iterator is closed (leaving a `for` loop over it lets go of it;
    call `close()` to wait for the thread).
    """
    if depth < 1:
        raise ValueError(f"depth is {depth}: at least 1 batch must be made ahead")
    # A generator's body begins at its first `next`; a wrong depth fails here, at the call.
    return _prefetch(make_batch, start_step, stop_step, put, depth)


def _prefetch(
    make_batch: Callable[[int], dict[str, Any]],
    start_step: int,
    stop_step: int,
    put: Callable[[dict[str, Any]], Any],
    depth: int,
) -> Generator[FedBatch, None, None]:
    # Not a queue of `depth` places: a thread that waits to put has made one batch more, which is on the device by then.
    ready: queue.Queue[Any] = queue.Queue()
    slots = threading.Semaphore(depth)  # batches that may be made or lie ready; freed when the caller takes one
    stopped = threading.Event()

    def work() -> None:
        for step in range(start_step, stop_step):
            slots.acquire()
            if stopped.is_set():
                return
            try:
                ready.put(put(make_batch(step)))
            except BaseException as error:  # whatever it is belongs to the caller's thread
                ready.put(_Failure(error))
                return

    # daemon: a feed that nobody closes does not keep the process from ending.
    thread = threading.Thread(target=work, name="flan_jax-feed", daemon=True)
    thread.start()
    try:
        for step in range(start_step, stop_step):
            begin = time.perf_counter()
            item = ready.get()
            wait_secs = time.perf_counter() - begin
            if isinstance(item, _Failure):
                raise item.error
            slots.release()
            yield FedBatch(step, item, wait_secs)
    finally:
        # The thread may be waiting for a slot: it gets one, sees that it is to stop, and ends.
        stopped.set()
        slots.release()
        thread.join()
