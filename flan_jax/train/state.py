"""The training state: what it holds, where it lies, and how it begins."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import optax
from flax import traverse_util
from jax.sharding import Mesh, NamedSharding

from flan_jax.models import T5Config, init_params, param_logical_axes, param_shapes
from flan_jax.optim import AdafactorConfig, make_adafactor, opt_state_logical_axes
from flan_jax.train.config import Rules
from flan_jax.train.mesh import replicated, shardings_by_rules
from flan_jax.train.step import TrainState

__all__ = ["abstract_state", "describe_params", "fresh_state", "init_state", "state_shardings"]


def state_shardings(mesh: Mesh, rules: Rules, model: T5Config, optimizer: AdafactorConfig) -> TrainState:
    """`TrainState` of `NamedSharding`: the optimizer's moments lie as the parameters that they belong to."""
    axes, shapes = param_logical_axes(model), param_shapes(model)
    opt_axes = opt_state_logical_axes(optimizer, shapes, axes)
    opt_shapes = jax.eval_shape(make_adafactor(optimizer, axes).init, shapes)
    return TrainState(
        replicated(mesh),
        shardings_by_rules(mesh, rules, shapes, axes),
        shardings_by_rules(mesh, rules, opt_shapes, opt_axes),
    )


def abstract_state(model: T5Config, tx: optax.GradientTransformation, shardings: TrainState) -> TrainState:
    """`TrainState` of `jax.ShapeDtypeStruct` with shardings: what a checkpoint is restored into."""
    params = param_shapes(model)
    shapes = TrainState(jax.ShapeDtypeStruct((), jnp.int32), params, jax.eval_shape(tx.init, params))
    return jax.tree.map(lambda s, at: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=at), shapes, shardings)


def init_state(model: T5Config, tx: optax.GradientTransformation, seed: int, shardings: TrainState) -> TrainState:
    """The state before step 1 with random parameters, made where it will lie; the same on any mesh."""

    def init(key: jax.Array) -> TrainState:
        params = init_params(model, key)
        return TrainState(jnp.zeros((), jnp.int32), params, tx.init(params))

    return jax.jit(init, out_shardings=shardings)(jax.random.key(seed))


def fresh_state(params: Any, tx: optax.GradientTransformation, shardings: TrainState) -> TrainState:
    """The state before step 1 with given parameters (already on the devices, which it takes over)."""
    opt_state = jax.jit(tx.init, out_shardings=shardings.opt_state)(params)
    return TrainState(jax.device_put(jnp.zeros((), jnp.int32), shardings.step), params, opt_state)


def describe_params(abstract: TrainState) -> list[str]:
    """A table for the log: each parameter's shape, how it is split, its size; then totals and bytes a device."""
    flat = traverse_util.flatten_dict(abstract.params, sep="/")
    width = max(len(name) for name in flat)
    lines = [f"{'parameter':<{width}}  {'shape':<20} {'split over':<24} {'count':>15}"]
    for name, leaf in flat.items():
        shape = " x ".join(map(str, leaf.shape))
        lines.append(f"{name:<{width}}  {shape:<20} {_describe_split(leaf.sharding):<24} {math.prod(leaf.shape):>15,}")
    total = sum(math.prod(leaf.shape) for leaf in flat.values())
    moments = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(abstract.opt_state))
    per_device = sum(
        math.prod(leaf.sharding.shard_shape(leaf.shape)) * leaf.dtype.itemsize for leaf in jax.tree.leaves(abstract)
    )
    lines.append(
        f"{total:,} parameters and {moments:,} optimizer values, {per_device / 2**20:,.1f} MiB of state a device"
    )
    return lines


def _describe_split(sharding: NamedSharding) -> str:
    if not any(sharding.spec):
        return "-"
    return ", ".join(
        "-" if axis is None else "+".join(axis) if isinstance(axis, tuple) else axis for axis in sharding.spec
    )
