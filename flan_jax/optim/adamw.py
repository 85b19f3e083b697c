"""Adam with decoupled weight decay (Kingma and Ba 2015; Loshchilov and Hutter 2019): Optax's, with a flat state."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, NamedTuple, Self

import jax
import optax

from flan_jax.core.settings import AtLeast, Below, Positive, SlipAbove, settle
from flan_jax.optim.schedules import LearningRate, as_schedule, rate_for_run

Decay = Annotated[float, AtLeast(0), Below(1), "such as 0.9"]

__all__ = ["AdamWConfig", "AdamWState", "adamw_state_axes", "make_adamw"]


@dataclasses.dataclass(frozen=True)
class AdamWConfig:
    """Settings of Adam; the defaults are Optax's without weight decay.

    Attributes:
      learning_rate: size of a step, or a schedule from the number of updates made so far to it.
      b1, b2: decay of the first and second moment; GPT-3 and InstructGPT use 0.9 and 0.95.
      epsilon: added to the root of the second moment.
      weight_decay: fraction of a parameter, times the learning rate, that each update takes away.
      max_grad_norm: gradients of a larger global norm are scaled down to it; None for no clipping.
    """

    learning_rate: LearningRate = 1e-3
    b1: Decay = 0.9
    b2: Decay = 0.999
    epsilon: Annotated[Positive, "such as 1e-8"] = 1e-8
    weight_decay: Annotated[float, AtLeast(0), SlipAbove(1000)] = 0.0
    max_grad_norm: Positive | None = None

    def __post_init__(self) -> None:
        settle(self)

    def schedule(self) -> optax.Schedule:
        """Learning rate as a function of the number of updates made so far."""
        return as_schedule(self.learning_rate)

    def for_run(self, train_steps: int) -> Self:
        """With a schedule that knows its end; see `flan_jax.optim.for_run`."""
        return dataclasses.replace(self, learning_rate=rate_for_run(self.learning_rate, train_steps))

    def make(self, param_logical_axes: Any) -> optax.GradientTransformation:
        """The optimizer; see `flan_jax.optim.make_optimizer`."""
        return make_adamw(self)

    def state_axes(self, param_shapes: Any, param_logical_axes: Any) -> Any:
        """The state's logical axes; see `flan_jax.optim.opt_state_logical_axes`."""
        return adamw_state_axes(param_logical_axes)


class AdamWState(NamedTuple):
    """The moments, each a tree like the parameters'."""

    count: Any  # int32 scalar: updates made
    mu: Any
    nu: Any


def make_adamw(config: AdamWConfig) -> optax.GradientTransformation:
    """The optimizer; its updates are to be added to the parameters."""
    adam = optax.scale_by_adam(config.b1, config.b2, config.epsilon)
    schedule = config.schedule()

    def init(params: Any) -> AdamWState:
        return AdamWState(*adam.init(params))

    def update(grads: Any, state: AdamWState, params: Any = None) -> tuple[Any, AdamWState]:
        rate = schedule(state.count)
        if config.max_grad_norm is not None:
            # Before the moments: a spike in one gradient must not stay in them for 1 / (1 - b2) updates.
            grads, _ = optax.clip_by_global_norm(config.max_grad_norm).update(grads, optax.EmptyState())
        steps, moments = adam.update(grads, optax.ScaleByAdamState(*state))
        # Decoupled: the decay is of the parameter itself and not divided by the root of the second moment.
        updates = jax.tree.map(lambda step, param: -rate * (step + config.weight_decay * param), steps, params)
        return updates, AdamWState(*moments)

    return optax.GradientTransformation(init, update)


def adamw_state_axes(param_logical_axes: Any) -> AdamWState:
    """The state's logical axes: both moments lie as their parameters."""
    return AdamWState((), param_logical_axes, param_logical_axes)
