"""How long examples are as they are fed: inputs trimmed, objectives applied, a soft prompt put before them."""

from __future__ import annotations

import numpy as np

from flan_jax.core.errors import CacheError
from flan_jax.data.cache_reader import CacheReader
from flan_jax.data.draws import Draws
from flan_jax.data.plan import PlanHeader

__all__ = ["FedLengths"]


class FedLengths:
    """The lengths of a plan's tasks, all in memory: 8 bytes an example of the cache."""

    def __init__(self, reader: CacheReader, header: PlanHeader):
        """Reads the lengths; raises `CacheError` where an example has none."""
        self.header = header
        # All lengths side by side: one look-up a chunk, and no file stays open.
        lengths = [np.array(reader.lengths(*key)) for key in zip(header.tasks, header.splits, strict=True)]
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
