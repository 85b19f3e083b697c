"""Adafactor as T5X runs it: factored second moment, no momentum, clipped updates, steps relative to a parameter's size;
and as PaLM was trained: not factored, with momentum and a weight decay of the squared learning rate.

The pieces are Optax's. What is added here is the layer: our parameters hold a stack's layers in one array, and
factoring, clipping and parameter scale must see each layer by itself, so they are mapped over the `layers` axis.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np
import optax
from optax import FactoredState

from flan_jax.core.errors import ConfigError, Setting
from flan_jax.core.settings import Above, AtLeast, AtMost, Below, Count, Natural, Positive, SlipAbove, settle
from flan_jax.optim.schedules import LearningRate, as_schedule, rate_for_run

_STACK_AXIS, _ADAPTER_AXIS = "layers", "lora_rank"

__all__ = ["AdafactorConfig", "AdafactorMomentumState", "AdafactorState", "adafactor_state_axes", "make_adafactor"]


@dataclasses.dataclass(frozen=True)
class AdafactorConfig:
    """Settings of Adafactor (Shazeer and Stern 2018); the defaults are T5X's for finetuning.

    Attributes:
      learning_rate: size of a step relative to the parameter's root mean square, or a schedule from the number of
        updates made so far to it.
      warmup_steps: updates over which a constant `learning_rate` grows linearly to its value; 0 for none.
      decay_rate: exponent c of the second moment's decay, 1 - t**-c at update t.
      step_offset: updates to subtract from t, for a moment that starts anew after pretraining.
      clipping_threshold: largest root mean square of an update before the learning rate; None for no clipping.
      multiply_by_parameter_scale: whether steps are relative to the parameter's root mean square; those of low-rank
        adapters never are, as half of them begin at zero and would stay there.
      min_dim_size_to_factor: a matrix is factored if both its dimensions are at least this; None factors none.
      epsilon: added to squared gradients.
      min_parameter_scale: smallest root mean square a step is relative to.
      momentum: decay of the mean of updates that is applied in place of the last one; None applies that.
      squared_rate_decay: fraction of a parameter, times the squared learning rate, that each update takes away.
      max_grad_norm: gradients of a larger global norm are scaled down to it; None for no such clipping.

    PaLM (Chowdhery et al. 2022, section 5) has momentum 0.9, no factoring, squared_rate_decay 1.0, max_grad_norm 1.0.
    """

    learning_rate: LearningRate = 1e-3
    warmup_steps: Natural = 0
    decay_rate: Annotated[float, Above(0), AtMost(1), "such as 0.8"] = 0.8
    step_offset: Natural = 0
    clipping_threshold: Positive | None = 1.0
    multiply_by_parameter_scale: bool = True
    min_dim_size_to_factor: Annotated[Count, "which factors none"] | None = 128
    # Against divisions by zero alone: a squared gradient may itself be tiny.
    epsilon: Positive = 1e-30
    # Lets a parameter that begins at zero leave it (Shazeer and Stern 2018, section 8).
    min_parameter_scale: Positive = 1e-3
    momentum: Annotated[float, Above(0), Below(1)] | None = None
    squared_rate_decay: Annotated[float, AtLeast(0), SlipAbove(1000)] = 0.0
    max_grad_norm: Positive | None = None

    def __post_init__(self) -> None:
        settle(self)
        if self.min_parameter_scale != 1e-3 and not self.multiply_by_parameter_scale:
            raise ConfigError(
                Setting("AdafactorConfig.min_parameter_scale"),
                f" is {self.min_parameter_scale}, and multiply_by_parameter_scale False: use True, or leave 0.001",
            )
        if callable(self.learning_rate) and self.warmup_steps:
            raise ConfigError(
                Setting("AdafactorConfig.warmup_steps"),
                f" is {self.warmup_steps} beside a learning rate schedule: put the warmup into the schedule, or give a "
                f"constant learning rate",
            )

    def schedule(self) -> optax.Schedule:
        """Learning rate as a function of the number of updates made so far."""
        return as_schedule(self.learning_rate, self.warmup_steps)

    def for_run(self, train_steps: int) -> Self:
        """With a schedule that knows its end; see `flan_jax.optim.for_run`. Raises `ConfigError` for a warmup that the
        run does not get through."""
        if self.warmup_steps and self.warmup_steps >= train_steps:
            raise ConfigError(
                Setting("AdafactorConfig.warmup_steps"),
                f" is {self.warmup_steps} in a run of {train_steps} steps, which never reaches its rate: give fewer",
            )
        return dataclasses.replace(self, learning_rate=rate_for_run(self.learning_rate, train_steps))

    def make(self, param_logical_axes: Any) -> optax.GradientTransformation:
        """The optimizer; see `flan_jax.optim.make_optimizer`."""
        return make_adafactor(self, param_logical_axes)

    def state_axes(self, param_shapes: Any, param_logical_axes: Any) -> Any:
        """The state's logical axes; see `flan_jax.optim.opt_state_logical_axes`."""
        return adafactor_state_axes(self, param_shapes, param_logical_axes)


class AdafactorState(NamedTuple):
    """Second moments, each a tree like the parameters'; where one is not used it holds one zero (a layer)."""

    count: Any  # int32 scalar: updates made
    v_row: Any  # factored: mean over the larger dimension
    v_col: Any  # factored: mean over the smaller dimension
    v: Any  # not factored


class AdafactorMomentumState(NamedTuple):
    """`AdafactorState` with `m`, the mean of updates. A state of its own, so that one without has no such arrays."""

    count: Any
    v_row: Any
    v_col: Any
    v: Any
    m: Any


def make_adafactor(config: AdafactorConfig, param_logical_axes: Any) -> optax.GradientTransformation:
    """The optimizer; its updates are to be added to the parameters.

    Args:
      config: see `AdafactorConfig`.
      param_logical_axes: the parameters' tree with a tuple of axis names for each; an axis called `layers` (the first
        one) marks a stack, one called `lora_rank` a low-rank adapter.
    """
    # The order is that of their algorithm 4: scale by the moment, clip, then make the step relative to the parameter;
    # the rate comes last, so that no schedule changes what is clipped.
    steps = [
        optax.scale_by_factored_rms(
            factored=config.min_dim_size_to_factor is not None,
            # 1 - t**-c is 0 at the first update: the moment needs no bias correction, as Adam's does.
            decay_rate=config.decay_rate,
            step_offset=config.step_offset,
            min_dim_size_to_factor=config.min_dim_size_to_factor or 0,
            epsilon=config.epsilon,
        )
    ]
    if config.clipping_threshold is not None:
        steps.append(optax.clip_by_block_rms(config.clipping_threshold))
    chain = optax.chain(*steps)
    schedule = config.schedule()
    is_stacked = _map_axes(lambda names: _STACK_AXIS in names, param_logical_axes)
    is_relative = _map_axes(
        lambda names: config.multiply_by_parameter_scale and _ADAPTER_AXIS not in names, param_logical_axes
    )

    def init_one(is_stacked: bool, param: jax.Array) -> FactoredState:
        def init(param: jax.Array) -> FactoredState:
            return steps[0].init(param)

        return jax.vmap(init)(param) if is_stacked else init(param)

    def update_one(
        count: jax.Array,
        is_stacked: bool,
        is_relative: bool,
        grad: jax.Array,
        v_row: jax.Array,
        v_col: jax.Array,
        v: jax.Array,
        param: jax.Array,
    ) -> _Result:
        def update(grad: jax.Array, v_row: jax.Array, v_col: jax.Array, v: jax.Array, param: jax.Array) -> Any:
            # `count` is not mapped: all layers have had as many updates. The other steps keep no state.
            state = (FactoredState(count, v_row, v_col, v), *([optax.EmptyState()] * (len(steps) - 1)))
            scaled, (moments, *_) = chain.update(grad, state, param)
            if is_relative:
                scaled = scaled * jnp.maximum(jnp.sqrt(jnp.mean(jnp.square(param))), config.min_parameter_scale)
            return -schedule(count) * scaled, moments.v_row, moments.v_col, moments.v

        return _Result(*(jax.vmap(update) if is_stacked else update)(grad, v_row, v_col, v, param))

    def init(params: Any) -> AdafactorState:
        moments = jax.tree.map(init_one, is_stacked, params)
        return AdafactorState(jnp.zeros((), jnp.int32), *(_pick(moments, name) for name in ("v_row", "v_col", "v")))

    def update(grads: Any, state: AdafactorState, params: Any = None) -> tuple[Any, AdafactorState]:
        # By the norm of all parameters together, before any moment sees the gradient.
        if config.max_grad_norm is not None:
            grads, _ = optax.clip_by_global_norm(config.max_grad_norm).update(grads, optax.EmptyState())
        results = jax.tree.map(
            lambda *leaves: update_one(state.count, *leaves),
            is_stacked,
            is_relative,
            grads,
            state.v_row,
            state.v_col,
            state.v,
            params,
        )
        moments = (_pick(results, name) for name in ("v_row", "v_col", "v"))
        return _pick(results, "update"), AdafactorState(optax.safe_increment(state.count), *moments)

    if config.momentum is None and not config.squared_rate_decay:
        return optax.GradientTransformation(init, update)
    return _with_momentum_and_decay(config, optax.GradientTransformation(init, update))


def _with_mean(state: AdafactorState, m: Any) -> AdafactorMomentumState:
    return AdafactorMomentumState(state.count, state.v_row, state.v_col, state.v, m)


def _with_momentum_and_decay(
    config: AdafactorConfig, inner: optax.GradientTransformation
) -> optax.GradientTransformation:
    """What PaLM adds: the mean of updates is applied, and the squared rate's share of a parameter taken away."""
    schedule, momentum = config.schedule(), config.momentum

    def init(params: Any) -> Any:
        state = inner.init(params)
        return state if momentum is None else _with_mean(state, jax.tree.map(jnp.zeros_like, params))

    def update(grads: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        updates, moments = inner.update(grads, AdafactorState(*state[:4]), params)
        if momentum is not None:
            updates = jax.tree.map(lambda m, u: momentum * m + (1.0 - momentum) * u, state.m, updates)
            moments = _with_mean(moments, updates)
        if config.squared_rate_decay:
            # Outside the mean: the decay is of the parameter as it is now, and does not linger in the momentum.
            share = config.squared_rate_decay * schedule(state.count) ** 2
            updates = jax.tree.map(lambda u, param: u - share * param, updates, params)
        return updates, moments

    return optax.GradientTransformation(init, update)


def adafactor_state_axes(config: AdafactorConfig, param_shapes: Any, param_logical_axes: Any) -> Any:
    """The optimizer state's tree with a tuple of logical axis names for each array, so that it is sharded as its
    parameters: a factored moment lacks the axis that it averages over, an unused one has no named axis.

    Args:
      config: see `AdafactorConfig`.
      param_shapes: the parameters' tree, of anything with a `shape`.
      param_logical_axes: as in `make_adafactor`.
    """

    def axes_of(names: tuple[str, ...], param: Any) -> _Result:
        stack = (_STACK_AXIS,) if _STACK_AXIS in names else ()
        own_names, shape = names[len(stack) :], param.shape[len(stack) :]
        # Optax keeps a zero of shape [1] in an unused moment's place, which a stack has for each layer.
        unused = (*stack, None)
        least = config.min_dim_size_to_factor
        if least is None or len(shape) < 2 or sorted(shape)[-2] < least:
            return _Result(None, unused, unused, names)
        # argsort as Optax has it, so that the sides of a square matrix are not taken the other way round.
        smaller, larger = (int(axis) for axis in np.argsort(shape)[-2:])
        return _Result(None, (*stack, *_without(own_names, larger)), (*stack, *_without(own_names, smaller)), unused)

    axes = _map_axes(axes_of, param_logical_axes, param_shapes)
    state = AdafactorState((), *(_pick(axes, name) for name in ("v_row", "v_col", "v")))
    return state if config.momentum is None else _with_mean(state, param_logical_axes)


@dataclasses.dataclass
class _Result:
    """One parameter's new update and moments; no pytree, so that a tree of it is mapped leaf by leaf."""

    update: Any
    v_row: Any
    v_col: Any
    v: Any


def _pick(tree: Any, name: str) -> Any:
    return jax.tree.map(
        lambda leaf: getattr(leaf, name), tree, is_leaf=lambda leaf: isinstance(leaf, (_Result, FactoredState))
    )


def _map_axes(function: Any, axes: Any, *trees: Any) -> Any:
    return jax.tree.map(function, axes, *trees, is_leaf=lambda leaf: isinstance(leaf, tuple))


def _without(names: tuple[str, ...], axis: int) -> tuple[str, ...]:
    return (*names[:axis], *names[axis + 1 :])
