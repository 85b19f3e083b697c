"""Learning rates as functions of the number of updates made so far, as frozen dataclasses that gin can bind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Annotated, TypeAlias

import jax.numpy as jnp
from jax.typing import ArrayLike

from flan_jax.core.errors import ConfigError, Setting
from flan_jax.core.settings import AtLeast, Count, Natural, Rate, SlipAbove, settle

__all__ = [
    "ConstantSchedule",
    "CosineSchedule",
    "LearningRate",
    "RsqrtSchedule",
    "Schedule",
    "as_schedule",
    "rate_for_run",
]


@dataclasses.dataclass(frozen=True)
class ConstantSchedule:
    """`rate`, reached linearly in `warmup_steps` updates (0 for none): 1/n of it in the first of n."""

    rate: Rate
    warmup_steps: Natural = 0

    def __post_init__(self) -> None:
        settle(self)

    def __call__(self, count: ArrayLike) -> ArrayLike:
        return self.rate * _warmup(count, self.warmup_steps)


@dataclasses.dataclass(frozen=True)
class RsqrtSchedule:
    """`rate / sqrt(max(count, warmup_steps))`: T5's and PaLM's for pretraining, with 1.0 and 10,000, which is 1e-2 for
    10,000 updates and then falls (Raffel et al. 2020, section 3.1.2; Chowdhery et al. 2022, section 5)."""

    rate: Rate = 1.0
    warmup_steps: Annotated[Count, "such as 10000"] = 10_000

    def __post_init__(self) -> None:
        settle(self)

    def __call__(self, count: ArrayLike) -> ArrayLike:
        # The maximum makes the constant start, and keeps update 0 from dividing by zero.
        return self.rate / jnp.sqrt(jnp.maximum(jnp.asarray(count, jnp.float32), float(self.warmup_steps)))


@dataclasses.dataclass(frozen=True)
class CosineSchedule:
    """Half a cosine from `peak` to `final` (Loshchilov and Hutter 2017), after a linear warm-up.

    Attributes:
      peak: the rate after the warm-up, before update 0 where there is none.
      final: the rate at `total_steps` updates and after: InstructGPT's is a tenth of its peak (Ouyang et al. 2022,
        appendix C), U-PaLM's 1e-6 after 1e-4 (Tay et al. 2022).
      total_steps: updates to the end, the warm-up's included; None takes the run's steps, which `for_run` puts in.
      warmup_steps: updates over which the rate grows linearly to its peak.
    """

    peak: Rate
    final: Annotated[float, AtLeast(0), SlipAbove(1000)]
    total_steps: Annotated[Count, "which is the run's steps"] | None = None
    warmup_steps: Natural = 0

    def __post_init__(self) -> None:
        settle(self)
        if self.final > self.peak:
            raise ConfigError(
                Setting("CosineSchedule.final"), f" is {self.final}: give a number in [0, peak = {self.peak}]"
            )
        if self.total_steps is not None and self.total_steps <= self.warmup_steps:
            raise ConfigError(
                Setting("CosineSchedule.total_steps"),
                f" is {self.total_steps}, of which {self.warmup_steps} warm up: give more steps, such as TRAIN_STEPS, "
                f"or a shorter warm-up",
            )

    def __call__(self, count: ArrayLike) -> ArrayLike:
        if self.total_steps is None:
            raise ConfigError("CosineSchedule.total_steps is None: give the number of updates, such as TRAIN_STEPS")
        count = jnp.asarray(count, jnp.float32)
        share = jnp.clip((count - self.warmup_steps) / (self.total_steps - self.warmup_steps), 0.0, 1.0)
        cosine = self.final + (self.peak - self.final) * 0.5 * (1.0 + jnp.cos(jnp.pi * share))
        return cosine * _warmup(count, self.warmup_steps)


Schedule: TypeAlias = Callable[[ArrayLike], ArrayLike]  # Optax's: updates made so far -> learning rate
LearningRate: TypeAlias = Annotated[Rate | Schedule, "such as 1e-3 or a CosineSchedule"]


def as_schedule(rate: LearningRate, warmup_steps: int = 0) -> Schedule:
    """A schedule as it is, a number as a constant one with a linear warm-up."""
    if callable(rate):
        return rate
    if warmup_steps == 0:
        return lambda count: rate
    # + 1: `count` is 0 at the first update, which a rate of 0 would waste.
    return lambda count: rate * jnp.minimum(1.0, (count + 1) / warmup_steps)


def rate_for_run(rate: LearningRate, train_steps: int) -> LearningRate:
    """The rate for a run of so many steps: a cosine that was given no end has it there. Raises `ConfigError` for one
    that is at 0 before the run ends."""
    if not isinstance(rate, CosineSchedule):
        return rate
    if rate.total_steps is None:
        return dataclasses.replace(rate, total_steps=train_steps)
    if rate.final == 0 and rate.total_steps < train_steps:
        raise ConfigError(
            Setting("CosineSchedule.total_steps"),
            f" is {rate.total_steps} in a run of {train_steps} steps, which would train nothing after it: give "
            f"{train_steps}, or a final rate above 0",
        )
    return rate


def _warmup(count: ArrayLike, warmup_steps: int) -> ArrayLike:
    return jnp.minimum(1.0, (jnp.asarray(count) + 1) / warmup_steps) if warmup_steps else 1.0
