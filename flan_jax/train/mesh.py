"""Devices as a mesh of three named axes, and which array lies where on it.

`data` splits the batch, `fsdp` splits the batch and the parameters, `model` splits the parameters' inner dimensions
(tensor parallelism). Rules map the *logical* axis names that every parameter carries to mesh axes; the same rules
serve one CPU device and a pod.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.experimental import mesh_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from flan_jax.core.errors import ConfigError
from flan_jax.models.axes import BATCH_AXES
from flan_jax.train.config import MeshConfig, Rules

MESH_AXES = ("data", "fsdp", "model")

__all__ = [
    "BATCH_AXES",
    "MESH_AXES",
    "batch_sharding",
    "check_model",
    "check_rows",
    "local_rows",
    "make_mesh",
    "on_mesh",
    "replicated",
    "shardings_by_rules",
    "to_global",
]


def make_mesh(config: MeshConfig, devices: Sequence[jax.Device] | None = None) -> Mesh:
    """A mesh over `devices` (all of them by default) with the axes `data`, `fsdp`, `model`.

    One size may be -1: it takes the devices that the others leave. Raises `ConfigError` when the product is not the
    number of devices.
    """
    devices = jax.devices() if devices is None else list(devices)
    sizes = [config.data, config.fsdp, config.model]
    known = math.prod(size for size in sizes if size != -1)
    text = "x".join(str(size) for size in sizes)
    if -1 in sizes:
        if len(devices) % known:
            raise ConfigError(
                f"mesh {text} (data x fsdp x model) needs a multiple of {known} devices, there are {len(devices)}: "
                f"choose fsdp and model sizes whose product divides {len(devices)}"
            )
        sizes[sizes.index(-1)] = len(devices) // known
    if math.prod(sizes) != len(devices):
        raise ConfigError(
            f"mesh {text} (data x fsdp x model) has {math.prod(sizes)} places, there are {len(devices)} devices: "
            f"set the sizes to a product of {len(devices)}, or data to -1"
        )
    # A TPU slice is a torus: without splitting its axes, only sizes that are products of whole axes would do.
    grid = mesh_utils.create_device_mesh(sizes, devices=devices, allow_split_physical_axes=True)
    # Auto: XLA spreads layouts from our constraints; with Explicit, ambiguous operations must each name theirs.
    return Mesh(grid, MESH_AXES, axis_types=(AxisType.Auto,) * len(MESH_AXES))


def check_rows(batch_size: int, microbatches: int, mesh: Mesh) -> None:
    """Raises `ConfigError` unless the batch splits evenly over data x fsdp devices and microbatches."""
    num_shards = math.prod(mesh.shape[axis] for axis in BATCH_AXES)
    limit = num_shards * microbatches
    if batch_size % limit:
        below, above = batch_size // limit * limit, (batch_size // limit + 1) * limit
        nearest = f"use {below} or {above}" if below else f"use {above}"
        by = f"the data axis {mesh.shape['data']}"
        if mesh.shape["fsdp"] > 1:
            by += f" x the fsdp axis {mesh.shape['fsdp']}"
        if microbatches > 1:
            by += f" x {microbatches} microbatches"
        raise ConfigError(
            f"batch {batch_size} is not divisible by {by}{f' = {limit}' if ' x ' in by else ''}: {nearest}"
        )


def check_model(mesh: Mesh, **sizes: int) -> None:
    """Raises `ConfigError` unless a model's `sizes` (heads, vocabulary, mlp) split evenly over the model axis."""
    axis = mesh.shape["model"]
    for name, size in sizes.items():
        if size % axis:
            fitting = [n for n in range(1, min(size, axis) + 1) if math.gcd(*sizes.values()) % n == 0]
            raise ConfigError(
                f"{name} {size} does not split over the model axis {axis}: use a model axis of {fitting[-1]} (all of "
                f"the model's sizes allow {', '.join(map(str, fitting))}) and give the other devices to data or fsdp"
            )


def replicated(mesh: Mesh) -> NamedSharding:
    """The same value on every device."""
    return NamedSharding(mesh, PartitionSpec())


def batch_sharding(mesh: Mesh) -> NamedSharding:
    """Rows (axis 0) split over data and fsdp."""
    return NamedSharding(mesh, PartitionSpec(BATCH_AXES))


def shardings_by_rules(mesh: Mesh, rules: Rules, arrays: Any, logical_axes: Any) -> Any:
    """A tree of `NamedSharding` for parameters or optimizer state.

    Args:
      mesh: from `make_mesh`.
      rules: (logical axis, mesh axis or axes or None) pairs; the first rule for a name wins.
      arrays: a tree of arrays or `jax.ShapeDtypeStruct`.
      logical_axes: the same tree with a tuple of logical names (or None) for each array's dimensions.

    A mesh axis is used once an array, and only where it divides the dimension: other dimensions stay whole. A name
    without a rule is a `ConfigError`.
    """
    table: dict[str, Any] = {}
    for name, target in rules:
        table.setdefault(name, target)

    def leaf(array: Any, axes: Sequence[str | None]) -> NamedSharding:
        return NamedSharding(mesh, _spec(mesh, table, array.shape, axes))

    return jax.tree.map(leaf, arrays, logical_axes)


@contextlib.contextmanager
def on_mesh(mesh: Mesh, rules: Rules) -> Iterator[None]:
    """Inside, the model's activations are laid out over `mesh` by `rules` when they are traced."""
    from flax import linen as nn  # which the model that is traced inside has imported

    # The abstract mesh, since this is entered while a jitted function is traced, where `jax.set_mesh` is an error.
    with jax.sharding.use_abstract_mesh(mesh.abstract_mesh), nn.logical_axis_rules(tuple(rules)):
        yield


def _spec(mesh: Mesh, table: Mapping[str, Any], shape: Sequence[int], axes: Sequence[str | None]) -> PartitionSpec:
    if len(shape) != len(axes):
        raise ConfigError(f"an array of shape {tuple(shape)} has {len(axes)} logical axes {tuple(axes)}: give one each")
    used: set[str] = set()
    entries: list[Any] = []
    for size, name in zip(shape, axes, strict=True):
        if name is not None and name not in table:
            raise ConfigError(
                f"logical axis {name!r} has no rule; the rules know {', '.join(table)}: "
                f"add ({name!r}, mesh axis or None)"
            )
        target = table[name] if name is not None else None
        wanted = (target,) if isinstance(target, str) else tuple(target or ())
        for axis in wanted:
            if axis not in mesh.shape:
                raise ConfigError(
                    f"the rule for {name!r} names mesh axis {axis!r}; the mesh has {', '.join(mesh.shape)}"
                )
        wanted = tuple(axis for axis in wanted if axis not in used and mesh.shape[axis] > 1)
        if wanted and size % math.prod(mesh.shape[axis] for axis in wanted) == 0:
            used.update(wanted)
            entries.append(wanted[0] if len(wanted) == 1 else wanted)
        else:
            entries.append(None)
    # P('fsdp') and P('fsdp', None) are one layout but not equal: one spelling for each.
    while entries and entries[-1] is None:
        entries.pop()
    return PartitionSpec(*entries)


def local_rows(mesh: Mesh, batch_size: int) -> np.ndarray:
    """Numbers of the global batch's rows that this process's devices hold, ascending, int64."""
    # A set: devices along the `model` axis hold the same rows.
    rows: set[int] = set()
    for index in batch_sharding(mesh).addressable_devices_indices_map((batch_size,)).values():
        if index is not None:
            rows.update(range(*index[0].indices(batch_size)))
    return np.array(sorted(rows), np.int64)


def to_global(mesh: Mesh, batch_size: int, local_batch: Mapping[str, np.ndarray]) -> dict[str, jax.Array]:
    """Global arrays [batch_size, ...] from this process's rows, which are `local_rows(mesh, batch_size)` in order."""
    sharding = batch_sharding(mesh)
    return {
        name: jax.make_array_from_process_local_data(sharding, rows, (batch_size, *rows.shape[1:]))
        for name, rows in local_batch.items()
    }
