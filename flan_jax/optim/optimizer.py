"""What the trainer and `flan-jax plan` ask of any optimizer. Its configuration answers: a new one is a new module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    import optax

    from flan_jax.optim.schedules import LearningRate, Schedule

__all__ = ["OptimizerConfig", "for_run", "make_optimizer", "opt_state_logical_axes"]


@runtime_checkable
class OptimizerConfig(Protocol):
    """Settings of an optimizer, a frozen dataclass."""

    @property
    def learning_rate(self) -> LearningRate:
        """Size of a step, or a schedule."""

    def schedule(self) -> Schedule:
        """Learning rate as a function of the number of updates made so far."""

    def for_run(self, train_steps: int) -> Self:
        """See `for_run`."""

    def make(self, param_logical_axes: Any) -> optax.GradientTransformation:
        """See `make_optimizer`."""

    def state_axes(self, param_shapes: Any, param_logical_axes: Any) -> Any:
        """See `opt_state_logical_axes`."""


def for_run(config: OptimizerConfig, train_steps: int) -> OptimizerConfig:
    """The configuration for a run of so many steps: a cosine that was given no end has it there."""
    return config.for_run(train_steps)


def make_optimizer(config: OptimizerConfig, param_logical_axes: Any) -> optax.GradientTransformation:
    """The optimizer; its updates are to be added to the parameters.

    Args:
      config: which one, and its settings.
      param_logical_axes: the parameters' tree with a tuple of axis names for each; an axis called `layers` (the first
        one) marks a stack, whose layers Adafactor treats one by one.
    """
    return config.make(param_logical_axes)


def opt_state_logical_axes(config: OptimizerConfig, param_shapes: Any, param_logical_axes: Any) -> Any:
    """The optimizer state's tree with a tuple of logical axis names for each array, so that it is sharded as the
    parameters that it belongs to; shapes are anything with a `shape`."""
    return config.state_axes(param_shapes, param_logical_axes)
