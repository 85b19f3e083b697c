"""The packing plan: which example is in which row, for every step of a run, known before the first step.

`PlanSpec` is what is asked, `PlanHeader` what follows from it and the cache, `PackingPlan` the rows. A plan is made
from lengths alone and saved beside the cache, so that a restart, another host, or another number of hosts reads the
same rows. Rows are a prefix of an endless sequence that does not depend on the number of steps: training longer changes
no batch that was already seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from flan_jax.core.errors import ConfigError, Setting, counted
from flan_jax.core.manifest import MixtureManifest
from flan_jax.core.row_layout import DecoderRows
from flan_jax.core.settings import Count, Natural, Positive, RowLength, Seed, settle
from flan_jax.data import keys, packing

if TYPE_CHECKING:
    from flan_jax.data.objectives import Objective


__all__ = ["PackingPlan", "PlanHeader", "PlanSpec", "TaskSummary"]


@dataclasses.dataclass(frozen=True)
class PlanSpec:
    """The rows that a run is to be fed. With the cache and its vocabulary it decides every one of them.

    Attributes:
      mixture: its rates say how often each task is drawn.
      feature_lengths: {"inputs": L, "targets": T}, the most tokens that an example, and a packed row, has of each.
      batch_size: rows a step.
      num_steps: batches of the plan; None where `num_epochs` says it.
      num_epochs: how often the plan goes through the mixture, in steps of its own epoch (`PackingPlan.steps_per_epoch`)
        rounded to the nearest; None where `num_steps` says it.
      seed: decides the order of the draws and of the rows; 0 or more.
      split: the cached split to draw from, or one for each task that has a rate.
      layout: of a decoder-only model's rows, which hold L + T tokens of whole examples, each of at most L inputs and T
        targets, as SeqIO's prefix-LM converter does. None for an encoder-decoder.
      prompt_tokens: of a soft prompt (`flan_jax.models.soft_prompt`), put before every example's inputs, which keep to
        what is left of L.

    Raises `ConfigError` for numbers that no plan has, and for lengths that no example fits.
    """

    mixture: MixtureManifest
    feature_lengths: Mapping[str, RowLength]
    batch_size: Count
    num_steps: Count | None = None
    num_epochs: Positive | None = None
    seed: Seed = 0
    split: str | Mapping[str, str] = "train"
    layout: DecoderRows | None = None
    prompt_tokens: Natural = 0

    def __post_init__(self) -> None:
        settle(self)
        if set(self.feature_lengths) != {"inputs", "targets"}:
            raise ConfigError(
                Setting("TASK_FEATURE_LENGTHS"),
                f" has the keys {sorted(self.feature_lengths)}: it needs inputs and targets, as in "
                f"{{'inputs': 512, 'targets': 128}}",
            )
        if (self.num_steps is None) == (self.num_epochs is None):
            raise ConfigError(f"num_steps is {self.num_steps} and num_epochs {self.num_epochs}: set one of them")
        if self.text_length < 2:
            raise ConfigError(
                f"rows of {self.inputs_length} inputs have no room for a soft prompt of {self.prompt_tokens} tokens "
                f"and text: set longer ",
                Setting("TASK_FEATURE_LENGTHS"),
                ", or a shorter TuningConfig.prompt_tokens",
            )

    @property
    def inputs_length(self) -> int:
        """L, tokens."""
        return int(self.feature_lengths["inputs"])

    @property
    def targets_length(self) -> int:
        """T, tokens."""
        return int(self.feature_lengths["targets"])

    @property
    def text_length(self) -> int:
        """The longest inputs, in tokens, that the soft prompt leaves room for."""
        return self.inputs_length - self.prompt_tokens

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that are drawn from, in order of name."""
        return tuple(sorted(task for task, rate in self.mixture.rates.items() if rate > 0))

    def split_of(self, task: str) -> str:
        """The cached split that `task` is drawn from."""
        return self.split if isinstance(self.split, str) else self.split[task]

    def steps_of(self, steps_per_epoch: int) -> int:
        """Batches of the plan, once it is known how many an epoch has."""
        if self.num_steps is not None:
            return self.num_steps
        assert self.num_epochs is not None
        return max(1, round(self.num_epochs * steps_per_epoch))


@dataclasses.dataclass(frozen=True)
class TaskSummary:
    """What a plan does with one task.

    share: of the draws. num_planned: examples in rows. epochs: num_planned / num_examples. num_inputs_tokens,
    num_targets_tokens: in rows. num_trimmed: planned examples whose inputs (or document) were too long for the row.
    num_dropped: draws passed over on the way to these, as their targets are longer than a row (or, with an objective,
    their document is too short to be cut).
    """

    task: str
    num_examples: int
    share: float
    num_planned: int
    epochs: float
    num_inputs_tokens: int
    num_targets_tokens: int
    num_trimmed: int
    num_dropped: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlanHeader:
    """What is known of a plan before its rows are: all that decides them, whatever their number.

    Attributes:
      fingerprint: of everything that decides which example is in which row of which step, so two plans of one
        fingerprint feed equal batches at equal steps, however many steps each has.
      mixture: its name. note: what a reader of the run's log must know about it.
      tasks: those drawn from, in order of name; `splits`, `objectives` (None for a supervised task) are theirs.
      inputs_length, targets_length: tokens of a row, or of an example in the rows of a decoder-only model.
      batch_size: rows a step. seed: of the order of draws and rows.
      vocab_size, num_sentinels: of the vocabulary, for objectives.
      mode_tokens: see `objectives.mode_tokens_of`.
      layout: how examples lie in the rows of a decoder-only model, None for an encoder-decoder.
      prompt_tokens: of a soft prompt in front of every example's inputs.
    """

    fingerprint: str
    mixture: str
    tasks: tuple[str, ...]
    splits: tuple[str, ...]
    objectives: tuple[str | None, ...]
    inputs_length: int
    targets_length: int
    batch_size: int
    seed: int
    vocab_size: int
    num_sentinels: int
    mode_tokens: Mapping[str, tuple[int, ...]] = dataclasses.field(default_factory=dict)
    layout: DecoderRows | None = None
    prompt_tokens: int = 0
    note: str = ""

    @property
    def text_length(self) -> int:
        """The longest inputs, in tokens, that are left room for by the soft prompt."""
        return self.inputs_length - self.prompt_tokens

    @property
    def row_length(self) -> int:
        """Tokens a row holds, encoder and decoder together."""
        return self.inputs_length + self.targets_length

    def objective(self, task_id: int) -> Objective | None:
        """The pretraining objective of a task, None for a supervised one."""
        name = self.objectives[task_id]
        if name is None:
            return None
        from flan_jax.data.objectives import make_objective  # most runs have none, and start without it

        return make_objective(
            name, self.text_length, self.targets_length, self.vocab_size, self.num_sentinels, self.mode_tokens
        )

    def objective_keys(self, task_id: int, indices: np.ndarray, epochs: np.ndarray) -> np.ndarray:
        """What the objective of a task draws from for its examples `indices` [E] in `epochs` [E]; uint64 [E]."""
        return keys.example_keys(indices, epochs, "objective", self.seed, self.tasks[task_id])


@dataclasses.dataclass(frozen=True, kw_only=True)
class PackingPlan(PlanHeader):
    """Rows of a run. Row r holds entries row_starts[r]..row_starts[r+1]-1; step s holds rows s*B..(s+1)*B-1.

    Attributes:
      row_starts: int64 [num_rows + 1].
      task_ids, indices, epochs: int32 [E], places in `tasks`, examples of that task's cached split, and how often it
        had been read through.
      draws: int64 [E], the entry's place in the draw stream.
      sample: int32 [S, 2], untrimmed lengths (inputs, targets) of an even sample of draws.
      summaries: what is done with each of `tasks`.
      steps_per_epoch: exact number of steps in an epoch, which ends where an example would come a second time: with
        examples-proportional rates and a cap that is after the sum of `min(num_examples, cap)` draws. None where that
        is further than `planner.EPOCH_DRAWS` draws away; `planner.steps_per_epoch` counts it all the same.
      epoch_draws: the draws of an epoch by rates and sizes alone.
    """

    row_starts: np.ndarray
    task_ids: np.ndarray
    indices: np.ndarray
    epochs: np.ndarray
    draws: np.ndarray
    sample: np.ndarray
    summaries: tuple[TaskSummary, ...]
    steps_per_epoch: int | None = None
    epoch_draws: float = 0.0

    @property
    def num_steps(self) -> int:
        """Batches."""
        return self.num_rows // self.batch_size

    @property
    def num_rows(self) -> int:
        return len(self.row_starts) - 1

    @property
    def num_examples(self) -> int:
        """Examples in rows, repeats included."""
        return len(self.task_ids)

    @property
    def num_tokens(self) -> int:
        """Real tokens in rows, inputs and targets."""
        return sum(summary.num_inputs_tokens + summary.num_targets_tokens for summary in self.summaries)

    @property
    def density(self) -> float:
        """Share of all positions, encoder and decoder, that hold a token."""
        return self.num_tokens / max(1, self.num_rows * self.row_length)

    @property
    def density_bound(self) -> float:
        """The density that no packer of these examples into rows of these lengths can exceed."""
        if self.layout is not None:
            return 1.0
        inputs = sum(summary.num_inputs_tokens for summary in self.summaries)
        targets = sum(summary.num_targets_tokens for summary in self.summaries)
        return packing.density_bound(np.array([[inputs, targets]]), self.inputs_length, self.targets_length)

    @property
    def _row_text(self) -> str:
        if self.layout is None:
            return f"{self.inputs_length} inputs + {self.targets_length} targets"
        return f"{self.row_length} tokens, at most {self.inputs_length} inputs and {self.targets_length} targets each"

    def first_row(self, step: int) -> int:
        """Number of the first row of `step`."""
        if not 0 <= step < self.num_steps:
            raise ConfigError(f"step {step} is not in this plan of {self.num_steps} steps: make one with more steps")
        return step * self.batch_size

    def entries_of_rows(self, rows_R: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(entries, which of `rows_R` each is in), int64 [E] each, row by row in order of segments."""
        starts, ends = self.row_starts[rows_R], self.row_starts[np.asarray(rows_R) + 1]
        # starts[i], ..., ends[i] - 1 for each row i, one after another, without a loop over rows.
        counts = ends - starts
        places = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return starts[places] + within, places

    def suggestion(self) -> packing.LengthSuggestion | None:
        """Better row lengths for these examples, if any. Objectives fit any row, so they are not counted."""
        if not len(self.sample) or self.layout is not None:
            return None
        return packing.suggest_lengths(self.sample, self.inputs_length, self.targets_length)

    def explain(self, max_tasks: int = 40) -> list[str]:
        """Lines to print before training: totals, then a table of the `max_tasks` largest tasks, then the rest."""
        trimmed = sum(summary.num_trimmed for summary in self.summaries)
        dropped = sum(summary.num_dropped for summary in self.summaries)
        lines = [
            f"mixture {self.mixture}: {self.num_examples:,} examples of {counted(len(self.tasks), 'task')} in "
            f"{counted(self.num_rows, 'row')} of {self._row_text} ({counted(self.num_steps, 'step')} of "
            f"{counted(self.batch_size, 'row')}, {self.num_tokens:,} tokens)",
            f"density {self.density:.1%} of at most {self.density_bound:.1%} at these lengths; inputs trimmed "
            f"{trimmed:,}, examples dropped {dropped:,} (targets longer than {self.targets_length})",
        ]
        if self.note:
            lines.append(self.note)
        epoch = f"{self.epoch_draws:,.0f} draws, then the first example would come again"
        if self.steps_per_epoch is not None:
            # Counted in draws: an epoch of a tiny mixture may end within a step.
            lines.append(
                f"an epoch is exactly {counted(self.steps_per_epoch, 'step')} ({epoch}); this run is "
                f"{(self.num_examples + dropped) / self.epoch_draws:.2f} epochs"
            )
        else:
            lines.append(f"an epoch is longer than this run: about {epoch}")
        suggestion = self.suggestion()
        if suggestion is not None:
            lines.append(f"denser: {suggestion}")
        by_size = sorted(self.summaries, key=lambda summary: (-summary.share, summary.task))
        rest = by_size[max_tasks:]
        shown = by_size[:max_tasks] + ([_sum_of(f"... {counted(len(rest), 'more task')}", rest)] if rest else [])
        cells = [_TABLE_HEADER, *map(_table_cells, shown)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for name, *numbers in cells:
            aligned = (f"{number:>{width}}" for number, width in zip(numbers, widths[1:], strict=True))
            lines.append("  ".join([f"{name:<{widths[0]}}", *aligned]))
        never = [s.task for s in by_size if s.num_dropped and not s.num_planned]
        if never:
            lines.append(
                f"warning: no drawn example of {counted(len(never), 'task')} fits {self.targets_length} targets: "
                f"{', '.join(never[:5])}{', ...' if len(never) > 5 else ''}"
            )
        return lines


def _sum_of(name: str, summaries: list[TaskSummary]) -> TaskSummary:
    num_examples, planned = sum(s.num_examples for s in summaries), sum(s.num_planned for s in summaries)
    return TaskSummary(
        name,
        num_examples,
        sum(s.share for s in summaries),
        planned,
        planned / num_examples,
        sum(s.num_inputs_tokens for s in summaries),
        sum(s.num_targets_tokens for s in summaries),
        sum(s.num_trimmed for s in summaries),
        sum(s.num_dropped for s in summaries),
    )


_TABLE_HEADER = ("task", "examples", "share", "planned", "epochs", "inputs tok", "targets tok", "trimmed", "dropped")


def _table_cells(s: TaskSummary) -> tuple[str, ...]:
    name = s.task if len(s.task) <= 44 else f"{s.task[:43]}…"
    tokens = (f"{s.num_inputs_tokens:,}", f"{s.num_targets_tokens:,}")
    counts = (f"{s.num_trimmed:,}", f"{s.num_dropped:,}")
    return (name, f"{s.num_examples:,}", f"{s.share:.2%}", f"{s.num_planned:,}", f"{s.epochs:.2f}", *tokens, *counts)
