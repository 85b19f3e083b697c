"""What a run's evaluation is told."""

from __future__ import annotations

import dataclasses

from flan_jax.core.errors import ConfigError, Setting

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
    suite: tuple[str, ...] = ()
    suite_selection: tuple[str, ...] = ()
    suite_limit: int | None = 20
    suite_split: str = ""
    suite_inputs_length: int = 1024
    suite_period: int | None = None
    is_suite_forced: bool = False
    limit: int | None = 100
    split: str | None = None
    num_samples: int = 3
    confidence: float = 0.95
    num_resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        for field in ("selection", "report", "suite", "suite_selection"):
            names = getattr(self, field)
            object.__setattr__(self, field, (names,) if isinstance(names, str) else tuple(names))
        for field in ("batch_size", "inputs_length", "targets_length", "num_resamples", "suite_inputs_length"):
            if getattr(self, field) < 1:
                raise ConfigError(Setting(f"EvalConfig.{field}"), f" is {getattr(self, field)}: give at least 1")
        for field in ("limit", "suite_limit"):
            if (limit := getattr(self, field)) is not None and limit < 1:
                raise ConfigError(
                    Setting(f"EvalConfig.{field}"), f" is {limit}: give at least 1, or None for all examples"
                )
        if self.suite_period is not None and (self.suite_period < 1 or self.suite_selection):
            raise ConfigError(
                f"EvalConfig.suite_period is {self.suite_period}: give at least 1, or None for every evaluation, which "
                f"is what benchmarks that select need"
            )
        if not 0.0 < self.confidence < 1.0:
            raise ConfigError(f"EvalConfig.confidence is {self.confidence}: give a level between 0 and 1, as 0.95")
        if both := sorted(set(self.selection) & set(self.report)):
            raise ConfigError(f"{', '.join(both)} is in EvalConfig.selection and in EvalConfig.report: keep it in one")
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
