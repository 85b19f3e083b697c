"""Logical axis names: the words that a run's rules map to mesh axes, and arrays that carry them, by Flax.

Parameters and activations have names of their own, so that one mesh axis may shard the width of every parameter
(`embed` on `fsdp`) and the batch of every activation (`batch` on `data` and `fsdp`) at once.
"""

from __future__ import annotations

from typing import Any

import jax
from flax import linen as nn
from flax.linen import spmd

BATCH_AXES = ("data", "fsdp")  # of the mesh: those that a batch's rows are split over
PARAMETER_AXES = (
    "layers",
    "vocab",
    "embed",
    "joined_kv",
    "mlp",
    "heads",
    "relpos_buckets",
    "kv",
    "position",
    "prompt",
    "lora_rank",
)
ACTIVATION_AXES = (
    "batch",
    "length",
    "activation_embed",
    "activation_heads",
    "activation_kv",
    "activation_mlp",
    "activation_vocab",
)

__all__ = ["ACTIVATION_AXES", "BATCH_AXES", "PARAMETER_AXES", "constrain", "with_axes"]


def with_axes(init: nn.initializers.Initializer, *names: str) -> Any:
    """`init` for `Module.param`, its result's axes named. Typed loosely: Flax types the box that `param` unpacks."""
    return nn.with_logical_partitioning(init, names)


def constrain(x: jax.Array, *names: str | None) -> jax.Array:
    """`x`, with its axes laid out over the mesh by the logical axis rules in force; `x` itself without a mesh."""
    placed: jax.Array = spmd.with_logical_constraint(x, names)
    return placed
