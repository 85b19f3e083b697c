"""A 64-bit digest of an array, by which a checkpoint's loader sees that one bit of it has changed.

The digest is a sum over elements, each mixed with its place, modulo 2^32, twice. A sum of integers is the same in any
order, so each device adds up what it holds and a run may go on on another mesh; mixing is one to one, so any change of
one element changes the sum. It costs one pass over the arrays where they lie and finds accidents, not forgers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict

# Up to so many elements NumPy is quicker than a program compiled for the array's shape.
_FEW = 1 << 18
_WORDS = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint32}

__all__ = ["array_digests", "differing"]


def array_digests(tree: Mapping[str, Any]) -> dict[str, str]:
    """Flat name -> 16 hex digits, of a nested dict of arrays. All processes call it together, and get the same.

    Args:
      tree: arrays of any shape, of integers, booleans or floats of up to 8 bytes, split over devices in any way.
    """
    sums = {name: _sums(leaf) for name, leaf in flatten_dict(tree, sep="/").items()}
    return {name: "".join(f"{int(part):08x}" for part in parts) for name, parts in jax.device_get(sums).items()}


def differing(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Names of arrays that one side lacks or has other values of, sorted."""
    return sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))


def _sums(array: Any) -> tuple[Any, Any]:
    is_here = not isinstance(array, jax.Array) or array.is_fully_addressable
    if is_here and array.size <= _FEW:
        array = np.ascontiguousarray(array)
        words = array.reshape(*array.shape, 1).view(_WORDS[array.dtype.itemsize])
        return _sums_of_words(words.astype(np.uint32), np)
    sums: tuple[Any, Any] = _sums_on_devices(array)
    return sums


@jax.jit
def _sums_on_devices(array: jax.Array) -> tuple[jax.Array, jax.Array]:
    whole = array.astype(jnp.uint8) if array.dtype == jnp.bool_ else array
    words = jax.lax.bitcast_convert_type(whole, _WORDS[whole.dtype.itemsize])
    return _sums_of_words(words.astype(jnp.uint32), jnp)


def _sums_of_words(words: Any, xp: Any) -> tuple[Any, Any]:
    """Both sums of uint32 `words`, by the functions of `xp` (NumPy or jax.numpy)."""
    place = xp.zeros((1,) * words.ndim, xp.uint32)
    for axis, size in enumerate(words.shape):
        # Row-major number of the element, modulo 2^32: no array of 8-byte numbers is made.
        along = xp.arange(size, dtype=xp.uint32).reshape([-1 if axis == other else 1 for other in range(words.ndim)])
        place = place * xp.uint32(size % 2**32) + along
    place = _mixed(place, xp)
    first = xp.sum(_mixed(words ^ place, xp), dtype=xp.uint32)
    second = xp.sum(_mixed(words + place * xp.uint32(0x9E3779B1) + xp.uint32(1), xp), dtype=xp.uint32)
    return first, second


def _mixed(words: Any, xp: Any) -> Any:
    """A permutation of the 2^32 words in which every bit depends on every other: MurmurHash3's last steps (Appleby
    2011)."""
    words = (words ^ (words >> xp.uint32(16))) * xp.uint32(0x85EBCA6B)
    words = (words ^ (words >> xp.uint32(13))) * xp.uint32(0xC2B2AE35)
    return words ^ (words >> xp.uint32(16))
