"""What a run's evaluation is told."""

from __future__ import annotations

import dataclasses

from flan_jax.core.errors import ConfigError

__all__ = ["EvalConfig"]


@dataclasses.dataclass(frozen=True)
class EvalConfig:
    """How held-out tasks are scored. Names are tasks or mixtures; a mixture stands for its tasks.

    Attributes:
      selection: names whose normalised average picks the checkpoint.
      report: names that are only reported; disjoint from `selection`, so that the gain shown on them is not the
        one that was searched for.
      batch_size: prompts a decoding batch. A multiple of the mesh's batch axes.
      inputs_length: encoder tokens; longer prompts are trimmed at the end, and counted.
      targets_length: most tokens a generation may have, EOS included. Tasks whose every metric is an exact match stop
        at twice their longest reference already, since a longer generation could not be right.
      limit: examples a task, from the start of its split; None for all.
      split: the split to score; None for each task's own evaluation split.
      num_samples: (input, prediction, reference) triples kept a task.
      confidence: of the bootstrap intervals.
      num_resamples: bootstrap resamples an interval.
      seed: of the bootstrap. Decoding is greedy and needs none.
    """

    selection: tuple[str, ...] = ()
    report: tuple[str, ...] = ()
    batch_size: int = 32
    inputs_length: int = 512
    targets_length: int = 128
    limit: int | None = 100
    split: str | None = None
    num_samples: int = 3
    confidence: float = 0.95
    num_resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        for field in ("selection", "report"):
            names = getattr(self, field)
            object.__setattr__(self, field, (names,) if isinstance(names, str) else tuple(names))
        for field in ("batch_size", "inputs_length", "targets_length", "num_resamples"):
            if getattr(self, field) < 1:
                raise ConfigError(f"EvalConfig.{field} is {getattr(self, field)}: give at least 1")
        if self.limit is not None and self.limit < 1:
            raise ConfigError(f"EvalConfig.limit is {self.limit}: give at least 1, or None for all examples")
        if not 0.0 < self.confidence < 1.0:
            raise ConfigError(f"EvalConfig.confidence is {self.confidence}: give a level between 0 and 1, as 0.95")
        if both := sorted(set(self.selection) & set(self.report)):
            raise ConfigError(f"{', '.join(both)} is in EvalConfig.selection and in EvalConfig.report: keep it in one")
