"""What a packing plan is made of, beside the cache that it is drawn from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from flan_jax.core.errors import ConfigError, Setting
from flan_jax.core.manifest import MixtureManifest
from flan_jax.core.row_layout import DecoderRows

__all__ = ["PlanSpec"]


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
    feature_lengths: Mapping[str, int]
    batch_size: int
    num_steps: int | None = None
    num_epochs: float | None = None
    seed: int = 0
    split: str | Mapping[str, str] = "train"
    layout: DecoderRows | None = None
    prompt_tokens: int = 0

    def __post_init__(self) -> None:
        if set(self.feature_lengths) != {"inputs", "targets"}:
            raise ConfigError(
                Setting("TASK_FEATURE_LENGTHS"),
                f" has the keys {sorted(self.feature_lengths)}: it needs inputs and targets, as in "
                f"{{'inputs': 512, 'targets': 128}}",
            )
        for name, length in self.feature_lengths.items():
            if length < 2:
                raise ConfigError(f"the length of {name} is {length}: a row needs at least 2, a token and EOS")
        if (self.num_steps is None) == (self.num_epochs is None):
            raise ConfigError(f"num_steps is {self.num_steps} and num_epochs {self.num_epochs}: set one of them")
        for name, value, limit in (("batch_size", self.batch_size, 1), ("seed", self.seed, 0)):
            if value < limit:
                raise ConfigError(f"{name} is {value}: it must be at least {limit}")
        if self.num_steps is not None and self.num_steps < 1:
            raise ConfigError(f"num_steps is {self.num_steps}: it must be at least 1")
        if self.num_epochs is not None and not self.num_epochs > 0:
            raise ConfigError(f"num_epochs is {self.num_epochs}: it must be above 0")
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
