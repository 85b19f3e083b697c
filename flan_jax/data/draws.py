"""Which example comes when, and how long it is: an endless stream of draws from a mixture's rates and a seed.

The stream is cut into chunks. How many examples a task gives to chunk c has a closed form, and so has the place of
each of its draws in the task's epochs: any part of the stream is computed without what came before it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from flan_jax.core.errors import CacheError, TaskError
from flan_jax.data import keys
from flan_jax.data.cache_reader import CacheReader
from flan_jax.data.plan import PlanHeader

CHUNK_DRAWS = 65_536

__all__ = ["CHUNK_DRAWS", "DrawStream", "Draws", "FedLengths", "make_draw_stream"]


@dataclasses.dataclass(frozen=True)
class Draws:
    """Consecutive draws of a stream, all [num_draws].

    task_ids: positions in `DrawStream.tasks`. indices: examples of the task's cached split. epochs: how often the task
    had been read through before. numbers: places in the stream.
    """

    task_ids: np.ndarray
    indices: np.ndarray
    epochs: np.ndarray
    numbers: np.ndarray

    def __len__(self) -> int:
        return len(self.task_ids)


class DrawStream:
    """Draws of `tasks` with `shares` (summing to 1) from `num_examples` examples each.

    Over any stretch of the stream a task's draws differ from share x length by less than two at chunk borders; draw k
    of a task is element k mod n of the permutation that belongs to (seed, task, epoch k // n). Where the cache holds
    `num_renderings` texts of a source's row, one after another, epoch e reads text e modulo their number.

    Args:
      chunk_draws: draws of a chunk, the unit that is shuffled.
    """

    def __init__(
        self,
        tasks: Sequence[str],
        shares: Sequence[float],
        num_examples: Sequence[int],
        seed: int,
        chunk_draws: int = CHUNK_DRAWS,
        num_renderings: Sequence[int] | None = None,
    ):
        """`make_draw_stream` makes one from rates.

        Args:
          tasks: those that are drawn from.
          shares: of the draws, for each of `tasks`; they sum to 1.
          num_examples: how many an epoch of each of `tasks` reads, each in one of its texts.
          seed: of the order; 0 or more.
          chunk_draws: about how many draws a chunk has.
          num_renderings: texts that the cache holds of each of those, for each of `tasks`; 1 by default.
        """
        self.tasks = tuple(tasks)
        self.shares = np.asarray(shares, np.float64)
        self.num_examples = np.asarray(num_examples, np.int64)
        self.num_renderings = np.asarray(num_renderings or [1] * len(self.tasks), np.int64)
        self.seed = seed
        self.chunk_draws = chunk_draws
        # Without offsets all tasks of one share would get their rounded-up draw in the same chunk.
        self._offsets = np.array([keys.uniform("offset", seed, task) for task in self.tasks])
        # The last one alone: streams are read forward, and a permutation takes 4 bytes an example.
        self._orders: dict[int, tuple[int, np.ndarray]] = {}  # task id -> last epoch asked for and its permutation

    def draws_before(self, chunk: int) -> np.ndarray:
        """How many draws each task has made before `chunk`; int64 [num_tasks]."""
        counts: np.ndarray = np.floor(chunk * self.chunk_draws * self.shares + self._offsets).astype(np.int64)
        return counts

    def chunk(self, chunk: int) -> Draws:
        """Chunk number `chunk` of the stream: about `chunk_draws` draws, exactly what the shares owe it."""
        first, last = self.draws_before(chunk), self.draws_before(chunk + 1)
        counts = last - first
        by_task = np.repeat(np.arange(len(self.tasks), dtype=np.int32), counts)
        order = keys.permutation(len(by_task), "chunk", self.seed, chunk)
        task_ids = by_task[order]
        # Only the tasks' order is shuffled: within a task draws keep theirs, so no epoch starts before the last ended.
        places = np.argsort(task_ids, kind="stable")
        indices, epochs = np.empty(len(by_task), np.int32), np.empty(len(by_task), np.int32)
        ends = np.cumsum(counts)
        for task_id in np.flatnonzero(counts).tolist():
            own = places[ends[task_id] - counts[task_id] : ends[task_id]]
            indices[own], epochs[own] = self.task_draws(task_id, int(first[task_id]), int(last[task_id]))
        numbers = int(first.sum()) + np.arange(len(by_task), dtype=np.int64)
        return Draws(task_ids, indices, epochs, numbers)

    def task_draws(self, task_id: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """(indices, epochs) of a task's own draws first..last-1."""
        size = int(self.num_examples[task_id])
        k = np.arange(first, last, dtype=np.int64)
        epochs = k // size
        indices = np.empty(len(k), np.int64)
        for epoch in range(first // size, (last - 1) // size + 1):
            begin, end = max(first, epoch * size), min(last, (epoch + 1) * size)
            indices[begin - first : end - first] = self._order(task_id, epoch)[
                begin - epoch * size : end - epoch * size
            ]
        renderings = self.num_renderings[task_id]
        return indices * renderings + epochs % renderings, epochs

    def _order(self, task_id: int, epoch: int) -> np.ndarray:
        last_epoch, order = self._orders.get(task_id, (-1, None))
        if order is None or last_epoch != epoch:
            size = int(self.num_examples[task_id])
            order = keys.permutation(size, "epoch", self.seed, self.tasks[task_id], epoch).astype(np.int32)
            self._orders[task_id] = (epoch, order)
        return order


def make_draw_stream(
    rates: Mapping[str, float],
    num_examples: Mapping[str, int],
    seed: int,
    chunk_draws: int = CHUNK_DRAWS,
    num_renderings: Mapping[str, int] | None = None,
) -> DrawStream:
    """The stream of the tasks whose rate is positive, in order of name.

    Args:
      rates: task -> how often it is drawn, in any unit; 0 leaves it out.
      num_examples: task -> how many an epoch of it reads, each in one of its texts.
      seed: of the order; 0 or more.
      chunk_draws: about how many draws a chunk has.
      num_renderings: task -> texts that the cache holds of each of those, 1 where it is not named.

    Raises `TaskError` for a negative rate, rates that sum to nothing, and a task to draw from that has no examples.
    """
    for task, rate in sorted(rates.items()):
        if not np.isfinite(rate) or rate < 0:
            raise TaskError(f"task {task} has rate {rate}: a rate is a finite number of at least 0")
    # By name, so that the order in which a mixture lists its rates changes no draw.
    tasks = sorted(task for task, rate in rates.items() if rate > 0)
    if not tasks:
        raise TaskError(
            f"the rates of all {len(rates)} tasks sum to 0: give at least one of them a rate above 0 "
            f"({', '.join(sorted(rates)[:5])})"
        )
    for task in tasks:
        if num_examples.get(task, 0) < 1:
            raise TaskError(
                f"task {task} has rate {rates[task]} and no examples: cache it, or give it rate 0, or take it out"
            )
    values = np.array([float(rates[task]) for task in tasks])
    renderings = [(num_renderings or {}).get(task, 1) for task in tasks]
    return DrawStream(
        tasks, values / values.sum(), [num_examples[task] for task in tasks], seed, chunk_draws, renderings
    )


class FedLengths:
    """The lengths of a plan's tasks, all in memory: 8 bytes an example of the cache."""

    def __init__(self, reader: CacheReader, header: PlanHeader):
        """Reads the lengths; raises `CacheError` where an example has none."""
        self.header = header
        # All lengths side by side: one look-up a chunk.
        lengths = [reader.lengths(*key) for key in zip(header.tasks, header.splits, strict=True)]
        for task, objective, lengths_N2 in zip(header.tasks, header.objectives, lengths, strict=True):
            is_short_N2 = lengths_N2 < 1
            if objective is not None:
                is_short_N2 = is_short_N2[:, 1:]  # a document has targets only
            if is_short_N2.any():
                index = int(np.argmax(is_short_N2.any(axis=1)))
                raise CacheError(
                    f"example {index} of task {task} has {lengths_N2[index].tolist()} tokens (inputs, targets), each "
                    f"side ends in EOS at least: run `flan-jax cache` again"
                )
        self._firsts = np.cumsum([0] + [len(lengths_N2) for lengths_N2 in lengths])[:-1]
        self._lengths_N2 = np.concatenate(lengths)
        made = ((task_id, header.objective(task_id)) for task_id in range(len(header.tasks)))
        self._objectives = {task_id: objective for task_id, objective in made if objective is not None}

    def untrimmed(self, draws: Draws) -> np.ndarray:
        """Lengths (inputs, targets) as they are cached, EOS included; int32 [E, 2]."""
        lengths_E2: np.ndarray = self._lengths_N2[self._firsts[draws.task_ids] + draws.indices]
        return lengths_E2

    def fed(self, draws: Draws) -> np.ndarray:
        """Lengths as they are fed; int64 [E, 2], 0 where an objective leaves nothing."""
        untrimmed_E2 = self.untrimmed(draws)
        lengths_E2 = untrimmed_E2.astype(np.int64)
        np.minimum(lengths_E2[:, 0], self.header.text_length, out=lengths_E2[:, 0])
        for task_id, objective in self._objectives.items():
            own, own_keys = self._of_task(draws, task_id)
            # Cached lengths count EOS, objectives take a document's length without it.
            lengths_E2[own] = np.stack(objective.lengths(untrimmed_E2[own, 1] - 1, own_keys), axis=1)
        if self.header.layout is not None:
            lengths_E2[:, 0] = np.maximum(0, lengths_E2[:, 0] - self.header.layout.num_left_out)
        lengths_E2[:, 0] += self.header.prompt_tokens
        return lengths_E2

    def is_trimmed(self, draws: Draws) -> np.ndarray:
        """Whether inputs, or a document, are too long to be fed whole; bool [E]."""
        untrimmed_E2 = self.untrimmed(draws)
        is_trimmed_E: np.ndarray = untrimmed_E2[:, 0] > self.header.text_length
        for task_id, objective in self._objectives.items():
            own, own_keys = self._of_task(draws, task_id)
            is_trimmed_E[own] = untrimmed_E2[own, 1] - 1 > objective.windows(own_keys)
        return is_trimmed_E

    def supervised(self, draws: Draws) -> np.ndarray:
        """Untrimmed lengths of the draws whose task has no objective, with the soft prompt's; int32 [S, 2]."""
        is_supervised = np.array([name is None for name in self.header.objectives])
        own_E2: np.ndarray = self.untrimmed(draws)[is_supervised[draws.task_ids]]
        own_E2[:, 0] += self.header.prompt_tokens
        return own_E2

    def _of_task(self, draws: Draws, task_id: int) -> tuple[np.ndarray, np.ndarray]:
        """(places of a task's own draws, what its objective draws from for them)."""
        own = np.flatnonzero(draws.task_ids == task_id)
        return own, self.header.objective_keys(task_id, draws.indices[own], draws.epochs[own])
