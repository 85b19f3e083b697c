"""What a run's evaluation is told."""

from __future__ import annotations

import dataclasses
from typing import Annotated

from flan_jax.core.errors import ConfigError, Setting
from flan_jax.core.settings import Above, AtLeast, BatchSize, Below, Count, Natural, Seed, SlipAbove, Tokens, settle

__all__ = ["EvalConfig"]


@dataclasses.dataclass(frozen=True)
class EvalConfig:
    """How held-out tasks are scored. Names are tasks or mixtures; a mixture stands for its tasks.

    Attributes:
      selection: names whose normalised average picks the checkpoint.
      report: names that are only reported; disjoint from `selection`, so that the gain shown on them is not the
        one that was searched for.
      suite: benchmarks (`core.benchmark`; collections, "BENCHMARK:FORMAT") that are only reported.
      suite_selection: benchmarks that pick the checkpoint with `selection`; none of `suite`, in any format.
      suite_limit: questions a subtask, drawn by `seed`; None for all.
      suite_split: the split of every benchmark that has it under this name; "" for each one's default.
      suite_inputs_length: most tokens of a benchmark's prompt; exemplars beyond are dropped, and counted.
      suite_period: steps between evaluations that ask `suite` too, beside the first and the last; None for every one.
      is_suite_forced: whether benchmarks whose questions are trained on are scored and marked, or refused.
      batch_size: prompts a decoding batch. A multiple of the mesh's batch axes.
      inputs_length: encoder tokens; longer prompts are trimmed at the end, and counted.
      targets_length: most tokens a generation may have, EOS included. Tasks whose every metric is an exact match stop
        at twice their longest reference already, since a longer generation could not be right.
      stop: texts before the first of which a held-out task's generation ends, such as "\\n" for models that go on past
        their answer; each one that the vocabulary can write. Benchmarks' formats have their own.
      limit: examples a task, from the start of its split; None for all.
      split: the split to score; None for each task's own evaluation split.
      num_samples: (input, prediction, reference) triples kept a task.
      confidence: of the bootstrap intervals.
      num_resamples: bootstrap resamples an interval.
      seed: of the bootstrap. Decoding is greedy and needs none.
    """

    selection: tuple[str, ...] = ()
    report: tuple[str, ...] = ()
    batch_size: BatchSize = 32
    inputs_length: Tokens = 512
    targets_length: Tokens = 128
    suite: tuple[str, ...] = ()
    suite_selection: tuple[str, ...] = ()
    suite_limit: Annotated[Count, "which is all questions"] | None = 20
    suite_split: str = ""
    suite_inputs_length: Tokens = 1024
    suite_period: Annotated[Count, "which is at every evaluation"] | None = None
    is_suite_forced: bool = False
    stop: tuple[str, ...] = ()
    limit: Annotated[Count, "which is all examples"] | None = 100
    split: str | None = None
    num_samples: Natural = 3
    confidence: Annotated[float, Above(0), Below(1), "such as 0.95"] = 0.95
    num_resamples: Annotated[int, AtLeast(1), SlipAbove(10**6)] = 1000
    seed: Seed = 0

    def __post_init__(self) -> None:
        settle(self)
        if self.suite_period is not None and self.suite_selection:
            raise ConfigError(
                Setting("EvalConfig.suite_period"),
                f" is {self.suite_period} beside benchmarks that select: give None, as these are asked at every "
                f"evaluation",
            )
        if both := sorted(set(self.selection) & set(self.report)):
            selection, report = Setting("EvalConfig.selection"), Setting("EvalConfig.report")
            raise ConfigError(f"{', '.join(both)} is in ", selection, " and in ", report, ": keep it in one")
        reported = {name.partition(":")[0] for name in self.suite}
        if both := sorted(reported & {name.partition(":")[0] for name in self.suite_selection}):
            raise ConfigError(
                f"benchmark {', '.join(both)} is in EVAL_SUITE and in EVAL_SUITE_SELECTION: a score that picked the "
                f"checkpoint is no report, in whichever format; keep it in one"
            )

    @property
    def selects(self) -> bool:
        """Whether anything picks the checkpoint."""
        return bool(self.selection or self.suite_selection)

    @property
    def has_suite(self) -> bool:
        """Whether any benchmark is asked."""
        return bool(self.suite or self.suite_selection)
