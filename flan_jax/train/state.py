"""The training state: what it holds, where it lies, and how it begins."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
from flax.traverse_util import flatten_dict
from jax.sharding import Mesh, NamedSharding

from flan_jax.checkpoints.checkpoint import TrainState
from flan_jax.models.family import ModelConfig
from flan_jax.models.model import init_params
from flan_jax.models.tuning import (
    FULL,
    TuningConfig,
    adapt,
    base_model,
    part_axes,
    part_shapes,
)
from flan_jax.optim.optimizer import OptimizerConfig, make_optimizer, opt_state_logical_axes
from flan_jax.train.config import Rules
from flan_jax.train.mesh import replicated, shardings_by_rules
from flan_jax.train.run import Run

if TYPE_CHECKING:
    import optax

__all__ = [
    "StateLayout",
    "abstract_base",
    "abstract_state",
    "bytes_per_device",
    "describe_params",
    "fresh_state",
    "init_state",
    "layout_of",
    "make_tx",
    "resumed_state",
    "state_shardings",
]


def make_tx(
    model: ModelConfig, optimizer: OptimizerConfig, tuning: TuningConfig = FULL
) -> optax.GradientTransformation:
    """The optimizer of what `tuning` trains; what it freezes takes no memory of it."""
    return make_optimizer(optimizer, part_axes(model, tuning).trained)


def state_shardings(
    mesh: Mesh, rules: Rules, model: ModelConfig, optimizer: OptimizerConfig, tuning: TuningConfig = FULL
) -> TrainState:
    """`TrainState` of `NamedSharding`: the optimizer's moments lie as the parameters that they belong to.

    Args:
      mesh: the devices.
      rules: logical axis -> mesh axis, in order of precedence.
      model: the model's configuration.
      tuning: what is trained.
    """
    axes, shapes = part_axes(model, tuning), part_shapes(model, tuning)
    opt_axes = opt_state_logical_axes(optimizer, shapes.trained, axes.trained)
    opt_shapes = jax.eval_shape(make_optimizer(optimizer, axes.trained).init, shapes.trained)
    return TrainState(
        replicated(mesh),
        shardings_by_rules(mesh, rules, shapes.trained, axes.trained),
        shardings_by_rules(mesh, rules, opt_shapes, opt_axes),
        None if axes.frozen is None else shardings_by_rules(mesh, rules, shapes.frozen, axes.frozen),
    )


def abstract_state(
    model: ModelConfig, tx: optax.GradientTransformation, shardings: TrainState, tuning: TuningConfig = FULL
) -> TrainState:
    """`TrainState` of `jax.ShapeDtypeStruct` with shardings: what a checkpoint is restored into.

    Args:
      model: the model's configuration.
      tx: the optimizer.
      tuning: what is trained.
    """
    parts = part_shapes(model, tuning)
    step = jax.ShapeDtypeStruct((), jnp.int32)
    shapes = TrainState(step, parts.trained, jax.eval_shape(tx.init, parts.trained), parts.frozen)
    abstract: TrainState = jax.tree.map(
        lambda s, at: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=at), shapes, shardings
    )
    return abstract


def abstract_base(
    mesh: Mesh, rules: Rules, model: ModelConfig, optimizer: OptimizerConfig, tuning: TuningConfig
) -> Any:
    """`jax.ShapeDtypeStruct`s with shardings of the parameters that a run of `tuning` starts from.

    Args:
      mesh: the devices.
      rules: logical axis -> mesh axis, in order of precedence.
      model: the model's configuration.
      optimizer: the optimizer's configuration.
    """
    base = base_model(model, tuning)
    shardings = state_shardings(mesh, rules, base, optimizer).params
    return jax.tree.map(
        lambda s, at: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=at), part_shapes(base, FULL).trained, shardings
    )


class StateLayout(NamedTuple):
    """How a run's state lies on its devices, before there is one.

    tx: the optimizer. shardings, abstract: of the state, `abstract` with shapes too. base: of the parameters that the
    run starts from, which `tuning` may add to.
    """

    tx: optax.GradientTransformation
    shardings: TrainState
    abstract: TrainState
    base: Any


def layout_of(run: Run) -> StateLayout:
    """The `StateLayout` of a run; allocates nothing."""
    rules = run.config.axis_rules
    tx = make_tx(run.model, run.optimizer, run.tuning)
    shardings = state_shardings(run.mesh, rules, run.model, run.optimizer, run.tuning)
    abstract = abstract_state(run.model, tx, shardings, run.tuning)
    base = abstract_base(run.mesh, rules, run.model, run.optimizer, run.tuning)
    return StateLayout(tx, shardings, abstract, base)


def init_state(model: ModelConfig, tx: optax.GradientTransformation, seed: int, shardings: TrainState) -> TrainState:
    """The state before step 1 with random parameters, all of them trained, made where it will lie; the same on any
    mesh.

    Args:
      model: the model's configuration.
      tx: the optimizer.
      seed: of the parameters that are drawn.
      shardings: where the state lies (`state_shardings`).
    """

    def init(key: jax.Array) -> TrainState:
        params = init_params(model, key)
        return TrainState(jnp.zeros((), jnp.int32), params, tx.init(params))

    # Partitionable threefry, JAX's default, draws the same bits however the result is split.
    state: TrainState = jax.jit(init, out_shardings=shardings)(jax.random.key(seed))
    return state


def fresh_state(
    params: Any,
    tx: optax.GradientTransformation,
    shardings: TrainState,
    tuning: TuningConfig = FULL,
    seed: int = 0,
) -> TrainState:
    """The state before step 1 with given parameters (already on the devices, which it takes over): those of
    `base_model`, to which what `tuning` adds is drawn from `seed`.

    Args:
      params: the parameters.
      tx: the optimizer.
      shardings: where the state lies (`state_shardings`).
    """
    step = jax.device_put(jnp.zeros((), jnp.int32), shardings.step)
    if not tuning.is_partial:
        return TrainState(step, params, jax.jit(tx.init, out_shardings=shardings.opt_state)(params))

    def add(params: Any) -> tuple[Any, Any, Any]:
        trained, frozen = adapt(tuning, params, jax.random.key(seed))
        return trained, tx.init(trained), frozen

    out_shardings = (shardings.params, shardings.opt_state, shardings.frozen)
    return TrainState(step, *jax.jit(add, out_shardings=out_shardings, donate_argnums=0)(params))


def resumed_state(saved: TrainState, params: Any, shardings: TrainState, tuning: TuningConfig, seed: int) -> TrainState:
    """A state that was saved without its frozen part, with that part made anew from the parameters it began with.

    Args:
      saved: what the checkpoint holds.
      params: those of `base_model`.
      shardings: where the state lies (`state_shardings`).
      tuning: what is trained.
      seed: the run's, of which the frozen part's draws follow.
    """
    frozen = jax.jit(
        lambda params: adapt(tuning, params, jax.random.key(seed))[1], out_shardings=shardings.frozen, donate_argnums=0
    )(params)
    return saved._replace(frozen=frozen)


def bytes_per_device(abstract: TrainState) -> int:
    """What a state of these shapes and shardings takes of one device's memory."""
    return sum(
        math.prod(leaf.sharding.shard_shape(leaf.shape)) * leaf.dtype.itemsize for leaf in jax.tree.leaves(abstract)
    )


def describe_params(abstract: TrainState) -> list[str]:
    """A table for the log: each parameter's size, its shape, and how it is split where any is; then totals and bytes a
    device."""
    flat = flatten_dict(abstract.params, sep="/")
    is_split = any(any(leaf.sharding.spec) for leaf in flat.values())
    cells = [("parameter", "count", "shape", *(["split over"] if is_split else []))]
    for name, leaf in flat.items():
        split = [_describe_split(leaf.sharding)] if is_split else []
        cells.append((name, f"{math.prod(leaf.shape):,}", " x ".join(map(str, leaf.shape)), *split))
    name_width, count_width, shape_width, *_ = (max(map(len, column)) for column in zip(*cells, strict=True))
    lines = [
        "  ".join([f"{name:<{name_width}}", f"{count:>{count_width}}", f"{shape:<{shape_width}}", *split]).rstrip()
        for name, count, shape, *split in cells
    ]
    total = sum(math.prod(leaf.shape) for leaf in flat.values())
    num_frozen = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(abstract.frozen))
    moments = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(abstract.opt_state))
    per_device = bytes_per_device(abstract)
    lines.append(
        f"{total:,} parameters{f', {num_frozen:,} frozen' if num_frozen else ''} and {moments:,} optimizer values, "
        f"{per_device / 2**20:,.1f} MiB of state a device"
    )
    return lines


def _describe_split(sharding: NamedSharding) -> str:
    if not any(sharding.spec):
        return "-"
    return ", ".join(
        "-" if axis is None else "+".join(axis) if isinstance(axis, tuple) else axis for axis in sharding.spec
    )
