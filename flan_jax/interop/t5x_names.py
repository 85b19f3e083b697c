"""T5X's parameter names: `decoder/layers_0/self_attention/query/kernel`, one array a layer.

In memory a stack's layers are one array with a leading axis (`decoder/layers/self_attention/query/kernel`). Names are
split and joined here, at the edge.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from jax.typing import ArrayLike

from flan_jax.core.errors import CheckpointError
from flan_jax.interop.pieces import STACKED, Piece, our_shapes
from flan_jax.models import Params, T5Config, param_shapes

__all__ = ["from_t5x", "t5x_names", "t5x_pieces", "to_t5x"]


def t5x_names(config: T5Config) -> dict[str, tuple[int, ...]]:
    """Name and shape of every parameter of a T5X checkpoint of this model, sorted."""
    names = {}
    for name, leaf in flatten_dict(param_shapes(config), sep="/").items():
        if STACKED in name:
            names.update({_layer_name(name, i): leaf.shape[1:] for i in range(leaf.shape[0])})
        else:
            names[name] = leaf.shape
    return dict(sorted(names.items()))


def t5x_pieces(config: T5Config) -> tuple[Piece, ...]:
    """Every parameter of ours beside its T5X name, a stack's layers in a row."""
    pieces = []
    for name, shape in sorted(our_shapes(config).items()):
        layers = range(shape[0]) if STACKED in name else ()
        pieces += [Piece(name, i, _layer_name(name, i)) for i in layers] or [Piece(name, None, name)]
    return tuple(pieces)


def from_t5x(flat: Mapping[str, ArrayLike], config: T5Config) -> Params:
    """Our tree out of T5X's named arrays, as float32 NumPy arrays.

    Args:
      flat: names with `/` or `.` between parts, with or without the leading `target`.
      config: the model the arrays are of.

    Raises:
      CheckpointError: a parameter is missing, has another shape, or is not the model's.
    """
    arrays = {_normalised(name): np.asarray(array) for name, array in flat.items()}
    expected = t5x_names(config)
    missing, unknown = sorted(expected.keys() - arrays.keys()), sorted(arrays.keys() - expected.keys())
    if missing or unknown:
        raise CheckpointError(
            f"these are not the parameters of {config}: {len(missing)} are missing{_first(missing)}, "
            f"{len(unknown)} unknown{_first(unknown)}; give the model that the checkpoint is of"
        )
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise CheckpointError(
                f"{name} has shape {arrays[name].shape}, the model's is {shape}: give the model that the checkpoint "
                f"is of"
            )
    tree = {}
    for name, leaf in flatten_dict(param_shapes(config), sep="/").items():
        if STACKED in name:
            tree[name] = np.stack([arrays[_layer_name(name, i)] for i in range(leaf.shape[0])]).astype(np.float32)
        else:
            tree[name] = arrays[name].astype(np.float32)
    params: Params = unflatten_dict(tree, sep="/")
    return params


def to_t5x(params: Params, config: T5Config) -> dict[str, np.ndarray]:
    """T5X's named arrays (parts joined by `/`, sorted) out of our tree."""
    flat = {}
    for name, leaf in flatten_dict(params, sep="/").items():
        array = np.asarray(leaf)
        if STACKED in name:
            flat.update({_layer_name(name, i): array[i] for i in range(array.shape[0])})
        else:
            flat[name] = array
    if flat.keys() != t5x_names(config).keys():
        raise CheckpointError(f"these parameters are not those of {config}")
    return dict(sorted(flat.items()))


def _layer_name(stacked_name: str, layer: int) -> str:
    return stacked_name.replace(STACKED, f"/layers_{layer}/", 1)


def _normalised(name: str) -> str:
    return name.replace(".", "/").removeprefix("target/")


def _first(names: list[str]) -> str:
    return f" (the first is {names[0]})" if names else ""
