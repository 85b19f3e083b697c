"""Dropout whose mask is a function of (key, site, layer, row, element) and of nothing else.

A mask drawn by `jax.random` depends on the shape of the batch it is drawn for, and threefry costs more than the layer
it regularises. Here each element's mask is an integer hash of its place in its row, keyed by the row's number in the
global batch. The same row gets the same mask on any mesh, in any microbatch, and again in the backward pass, where it
is computed anew instead of being kept.

The hash is two rounds of xor-shift and multiply (constants: Chris Wellons' search for low-bias 32-bit hashes, 2018),
with one 32-bit word of key before each round, so that two rows' masks are no shifted copies of each other.
"""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["dropout", "fold_in", "row_seeds"]

_GOLDEN = np.uint32(0x9E3779B9)
_ROUND_1 = np.uint32(0x7FEB352D)
_ROUND_2 = np.uint32(0x846CA68B)


def row_seeds(key: jax.Array, row_ids_B: jax.Array) -> jax.Array:
    """Two words of key for each row, uint32 [2, B].

    Args:
      key: a `jax.random` key, one a step.
      row_ids_B: the rows' numbers in the global batch.
    """
    words = jax.random.key_data(key).astype(jnp.uint32).reshape(-1)
    rows_B = row_ids_B.astype(jnp.uint32)
    # Spread and mixed first: rows are numbered 0, 1, 2, and neighbours must share no pattern.
    seed_B = _mix(rows_B * _GOLDEN + words[0])
    return jnp.stack([_mix(seed_B ^ words[-1]), _mix(seed_B + _GOLDEN * (words[-1] | np.uint32(1)))])


def fold_in(seeds_2B: jax.Array | None, salt: jax.Array | int) -> jax.Array | None:
    """Seeds for one site or layer out of the seeds of what contains it; None stays None (no dropout)."""
    if seeds_2B is None:
        return None
    salt = _mix(jnp.asarray(salt, jnp.uint32) * _GOLDEN + _ROUND_1)
    return jnp.stack([_mix(seeds_2B[0] ^ salt), _mix(seeds_2B[1] + salt)])


def dropout(x: jax.Array, rate: float, seeds_2B: jax.Array | None) -> jax.Array:
    """Zeroes elements of `x` with probability `rate` and scales the others by 1 / (1 - rate).

    Args:
      x: [B, ...]; a row has fewer than 2**32 elements.
      rate: in [0, 1).
      seeds_2B: from `row_seeds` and `fold_in`; None leaves `x` as it is.
    """
    if seeds_2B is None or rate == 0.0:
        return x
    return _dropout(x, seeds_2B, rate)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _dropout(x: jax.Array, seeds_2B: jax.Array, rate: float) -> jax.Array:
    # A product, for `where` would take an array of zeros, which a scan keeps in memory and reads in every layer.
    scale = np.asarray(1.0 / (1.0 - rate), np.float32).astype(x.dtype)
    return x * (keep_mask(x.shape, rate, seeds_2B).astype(x.dtype) * scale)


def _dropout_forward(x: jax.Array, seeds_2B: jax.Array, rate: float) -> tuple[jax.Array, jax.Array]:
    return _dropout(x, seeds_2B, rate), seeds_2B


def _dropout_backward(rate: float, seeds_2B: jax.Array, g: jax.Array) -> tuple[jax.Array, np.ndarray]:
    # Dropout is linear in x: its transpose is the same mask again, so nothing the size of x is kept.
    return _dropout(g, seeds_2B, rate), np.zeros(seeds_2B.shape, jax.dtypes.float0)


_dropout.defvjp(_dropout_forward, _dropout_backward)


def keep_mask(shape: tuple[int, ...], rate: float, seeds_2B: jax.Array) -> jax.Array:
    """Bool [B, ...] of `shape`: which elements dropout keeps."""
    per_row = (shape[0],) + (1,) * (len(shape) - 1)
    # Element number x _GOLDEN + the row's first word, summed axis by axis from small arrays that broadcast. One array
    # of element numbers would be the same in every layer, so that XLA would keep it in memory beside each scan.
    bits = seeds_2B[0].reshape(per_row)
    stride = 1
    for axis in reversed(range(1, len(shape))):
        along = jnp.arange(shape[axis], dtype=jnp.uint32) * np.uint32(stride * int(_GOLDEN) % 2**32)
        bits = bits + jnp.expand_dims(along, [other for other in range(len(shape)) if other != axis])
        stride *= shape[axis]
    bits = (bits ^ (bits >> np.uint32(16))) * _ROUND_1
    bits = bits + seeds_2B[1].reshape(per_row)
    bits = (bits ^ (bits >> np.uint32(15))) * _ROUND_2
    # A comparison reads the high bits, which the last product has mixed: no closing xor-shift is needed.
    return bits >= np.uint32(min(round(rate * 2**32), 2**32 - 1))


def _mix(x: jax.Array) -> jax.Array:
    """A full avalanche of each 32-bit element."""
    x = (x ^ (x >> np.uint32(16))) * _ROUND_1
    x = (x ^ (x >> np.uint32(15))) * _ROUND_2
    return x ^ (x >> np.uint32(16))
