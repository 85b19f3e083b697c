"""T5's relative position bias: one learnt number for each head and bucket of distance."""

from __future__ import annotations

import math
from typing import Protocol

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from flan_jax.models.axes import with_axes

__all__ = ["RelativeBias", "expand_offsets", "relative_position_bucket"]


def relative_position_bucket(
    offsets: np.ndarray, bidirectional: bool, num_buckets: int, max_distance: int
) -> np.ndarray:
    """Bucket of each offset, int32.

    Half of a direction's buckets hold one distance each; the others grow logarithmically up to `max_distance`, and
    the last one holds all that is farther (Raffel et al. 2020, section 2.1). Computed in float32 as T5 does, for
    buckets whose edge is a whole number.

    Args:
      offsets: key position - query position.
      bidirectional: whether keys on the right have buckets of their own; without, they share the bucket of offset 0.
      num_buckets, max_distance: see `T5Config`.
    """
    distances = -np.asarray(offsets)
    buckets = np.zeros(distances.shape, np.int32)
    if bidirectional:
        num_buckets //= 2
        buckets += (distances < 0).astype(np.int32) * num_buckets
        distances = np.abs(distances)
    else:
        distances = np.maximum(distances, 0)
    num_exact = num_buckets // 2
    # The epsilon is for distance 0, which has no logarithm; its bucket is an exact one anyway.
    log_ratio = np.log(distances.astype(np.float32) / num_exact + np.finfo(np.float32).eps)
    log_ratio /= math.log(max_distance / num_exact)
    far = np.minimum(num_exact + (log_ratio * (num_buckets - num_exact)).astype(np.int32), num_buckets - 1)
    by_distance: np.ndarray = (buckets + np.where(distances < num_exact, distances, far)).astype(np.int32)
    return by_distance


def expand_offsets(bias_HR: jax.Array, num_queries: int, num_keys: int) -> jax.Array:
    """Spreads a bias by offset over all pairs: [H, L + S - 1] to [H, L, S], element [h, l, s] being offset s - l.

    Written as a broadcast and a reshape (each row is the one above, shifted by one), because the transpose of that is
    a sum, where the transpose of a gather is a scatter.
    """
    width = num_queries + num_keys
    rows_HLR = jnp.broadcast_to(jnp.pad(bias_HR, ((0, 0), (0, 1)))[:, None], (bias_HR.shape[0], num_queries, width))
    # L equal rows of W numbers, read as rows of W - 1: each begins one number earlier than the one above.
    flat = rows_HLR.reshape(-1, num_queries * width)[:, : num_queries * (width - 1)]
    return flat.reshape(-1, num_queries, width - 1)[:, :, num_queries - 1 :]


class HasRelativeBias(Protocol):
    """The settings that it reads of a model's configuration, T5's or a decoder's."""

    @property
    def num_heads(self) -> int: ...

    @property
    def relative_attention_num_buckets(self) -> int: ...

    @property
    def relative_attention_max_distance(self) -> int: ...


class RelativeBias(nn.Module):
    """The table of one stack, shared by its layers."""

    config: HasRelativeBias
    bidirectional: bool

    @nn.compact
    def __call__(self, num_queries: int, num_keys: int) -> jax.Array:
        """Bias by offset, float32 [H, L + S - 1]: entry r belongs to offset r - (L - 1)."""
        num_buckets = self.config.relative_attention_num_buckets
        table = self.param(
            "rel_embedding",
            with_axes(nn.initializers.variance_scaling(1.0, "fan_avg", "uniform"), "heads", "relpos_buckets"),
            (self.config.num_heads, num_buckets),
            jnp.float32,
        )
        offsets = np.arange(-(num_queries - 1), num_keys)
        buckets = relative_position_bucket(
            offsets, self.bidirectional, num_buckets, self.config.relative_attention_max_distance
        )
        # A product with a small constant one-hot matrix: its gradient is a product too.
        bias: jax.Array = table @ jax.nn.one_hot(buckets, num_buckets, axis=0, dtype=jnp.float32)
        return bias
