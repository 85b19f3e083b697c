"""What the rest of the project calls: any model as functions of (config, params, arrays).

`params` is a plain nested dict of float32 arrays, layers stacked along a leading axis. Nothing here keeps state.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any

import jax
from flax import linen as nn
from flax.core import meta

from flan_jax.core.errors import ConfigError
from flan_jax.models.dropout import row_seeds
from flan_jax.models.family import ModelConfig, network_of

Params = dict[str, Any]
Batch = Mapping[str, jax.Array]

__all__ = [
    "Batch",
    "Params",
    "count_params",
    "forward",
    "init_boxed",
    "init_params",
    "names_of",
    "param_logical_axes",
    "param_shapes",
    "unboxed",
]


def init_params(config: ModelConfig, key: jax.Array) -> Params:
    """Random parameters of T5's distributions (T5X's: embeddings N(0, 1), kernels scaled by fan-in); a decoder's
    embeddings have `embedding_init_std`."""
    return unboxed(init_boxed(config, key))


def param_shapes(config: ModelConfig) -> Params:
    """The tree of `init_params` as `jax.ShapeDtypeStruct`s; allocates nothing."""
    return unboxed(_abstract_boxed(config))


def param_logical_axes(config: ModelConfig) -> Params:
    """The tree of `init_params` with a tuple of logical axis names (`flan_jax.models.axes`) for each parameter."""
    return names_of(_abstract_boxed(config))


def count_params(config: ModelConfig) -> int:
    """Number of parameters."""
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(param_shapes(config)))


def forward(config: ModelConfig, params: Params, batch: Batch, dropout_key: jax.Array | None = None) -> jax.Array:
    """Logits of every decoder position, float32 [B, T, V].

    Args:
      config: the model's shape.
      params: from `init_params`, or of the same tree.
      batch: arrays named as in `docs/architecture.md`. Without segment ids every token of an encoder that is not
        padding (id 0) belongs to one segment, in a decoder every position does. T5 does not read positions: its bias
        is by distance, which is the same inside a segment wherever the segment lies. A decoder-only model counts them
        from the row's start where they are not given, and is causal without `decoder_causal_attention`.
      dropout_key: a `jax.random` key of this step; None turns dropout off. With it, `batch["row_ids"]` is required.
    """
    seeds_2B = None
    if dropout_key is not None and config.dropout_rate > 0.0:
        if "row_ids" not in batch:
            raise ConfigError(
                f"dropout at rate {config.dropout_rate} needs batch['row_ids'], the rows' numbers in the global batch: "
                f"add them, or pass dropout_key=None"
            )
        seeds_2B = row_seeds(dropout_key, batch["row_ids"])
    return network_of(config).logits(config, params, batch, seeds_2B)


# Kept, as the state, checkpoints and tables all ask for shapes and axes, and a trace takes a while.
@functools.lru_cache(maxsize=16)
def _abstract_boxed(config: ModelConfig) -> Params:
    boxed: Params = jax.eval_shape(lambda: init_boxed(config, jax.random.key(0)))
    return boxed


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
