"""Arrays that carry their logical axes' names (`flan_jax.models.axes`), by Flax."""

from __future__ import annotations

from typing import Any

import jax
from flax import linen as nn
from flax.core import meta

from flan_jax.models.families import network_of
from flan_jax.models.family import ModelConfig

__all__ = ["constrain", "init_boxed", "names_of", "unboxed", "with_axes"]


def init_boxed(config: ModelConfig, key: jax.Array) -> dict[str, Any]:
    """Random parameters in boxes, whatever rules are in force where it is called."""
    with nn.logical_axis_rules(()):
        return network_of(config).init(config, key)


def unboxed(boxed: dict[str, Any]) -> dict[str, Any]:
    """The arrays in the boxes."""
    arrays: dict[str, Any] = meta.unbox(boxed)
    return arrays


def names_of(boxed: dict[str, Any]) -> dict[str, Any]:
    """The boxes' axis names, a tuple for each array."""
    names: dict[str, Any] = jax.tree.map(
        lambda box: tuple(box.names), boxed, is_leaf=lambda leaf: isinstance(leaf, meta.AxisMetadata)
    )
    return names


def with_axes(init: nn.initializers.Initializer, *names: str) -> Any:
    """`init` for `Module.param`, its result's axes named. Typed loosely: Flax types the box that `param` unpacks."""
    return nn.with_logical_partitioning(init, names)


def constrain(x: jax.Array, *names: str | None) -> jax.Array:
    """`x`, with its axes laid out over the mesh by the logical axis rules in force; `x` itself without a mesh."""
    return nn.with_logical_constraint(x, names)
