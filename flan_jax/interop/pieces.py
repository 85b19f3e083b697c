"""One tensor of theirs beside its place in ours: what every format comes down to."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from flax.traverse_util import flatten_dict

from flan_jax.core.errors import CheckpointError
from flan_jax.interop.safetensors_writer import SafetensorsWriter
from flan_jax.interop.tensors import TensorInfo, Tensors
from flan_jax.models import ModelConfig, param_shapes
from flan_jax.models.family import Dtype

STACKED = "/layers/"
_VOCAB_AXIS = {"token_embedder/embedding": 0, "encoder_token_embedder/embedding": 0, "decoder/logits_dense/kernel": 1}

__all__ = [
    "STACKED",
    "ForeignModel",
    "Piece",
    "check_depth",
    "our_shapes",
    "resize_vocabulary",
    "stored_dtype",
    "their_shapes",
]


@dataclasses.dataclass(frozen=True)
class Piece:
    """Tensor `theirs` is parameter `ours`, or entry `layer` of it, possibly `transposed`.

    part: (i, n) where `ours` is the i-th of n equal parts of `theirs` along its last axis.
    """

    ours: str
    layer: int | None
    theirs: str
    transposed: bool = False
    part: tuple[int, int] | None = None

    def turn(self, array: np.ndarray) -> np.ndarray:
        """Their array as ours, or ours as theirs."""
        return array.T if self.transposed else array


@dataclasses.dataclass(frozen=True)
class ForeignModel:
    """Another program's checkpoint of a model that ours can be: found and checked, not yet read.

    Attributes:
      config: the model.
      tensors: the parameters, under their names.
      pieces: what goes where; all of ours, layers in a row.
      step: optimizer steps behind it; None where the format does not say.
      vocab_path: its SentencePiece model, None where there is none.
      vocab_fault: why its vocabulary cannot be used; "" where it can, or there is none.
      vocab_notes: what a user should know of its vocabulary, where that is the one that is kept.
      vocab_files: a vocabulary of several files, or one made from what the source holds: content by name, the file to
        open it with first.
      moments: Adafactor's state by our names (`v_row/encoder/…`, `v_col/…`, `v/…`, `count`); None where there is none.
      notes: what a user should know: tensors left out, defaults assumed.
      origin: JSON values that say where it came from.
    """

    config: ModelConfig
    tensors: Tensors
    pieces: tuple[Piece, ...]
    step: int | None = None
    vocab_path: pathlib.Path | None = None
    vocab_fault: str = ""
    vocab_notes: tuple[str, ...] = ()
    vocab_files: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    moments: Mapping[str, np.ndarray] | None = None
    notes: tuple[str, ...] = ()
    origin: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def write(self, file: pathlib.Path, dtype: str) -> dict[str, int]:
        """Writes our parameters as safetensors, one of their tensors in memory at a time; returns the number of values
        that are not finite, of their tensors that have any."""
        shapes = our_shapes(self.config)
        not_finite = {}
        with SafetensorsWriter(file, shapes, dtype) as out:
            for piece in self.pieces:
                array = self.tensors.read(piece.theirs)
                # In float32, as numpy's own dtypes do not know bfloat16.
                num_bad = array.size - int(np.count_nonzero(np.isfinite(array.astype(np.float32, copy=False))))
                if num_bad:
                    not_finite[piece.theirs] = num_bad
                if piece.part is not None:
                    array = np.split(array, piece.part[1], axis=-1)[piece.part[0]]
                array = piece.turn(array)
                if piece.ours in _VOCAB_AXIS:
                    array = _fit(array, _VOCAB_AXIS[piece.ours], self.config.vocab_size)
                out.write(piece.ours, array, piece.layer)
        return not_finite


def resize_vocabulary(model: ForeignModel, vocab_size: int) -> ForeignModel:
    """`model` with `vocab_size` tokens: the last ones are cut off, new ones are the mean of all (Hewitt 2021), which
    keeps their logits as large as an average token's."""
    old = model.config.vocab_size
    if vocab_size == old:
        return model
    if vocab_size < 1:
        raise CheckpointError(f"a vocabulary of {vocab_size} tokens: give at least 1")
    change = (
        f"{vocab_size - old:,} tokens added as the mean of all" if vocab_size > old else f"{old - vocab_size:,} cut"
    )
    return dataclasses.replace(
        model,
        config=model.config.replace(vocab_size=vocab_size),
        moments=None,
        notes=(
            *model.notes,
            f"vocabulary of {old:,} resized to {vocab_size:,}: {change}; no optimizer state goes with it",
        ),
    )


def _fit(array: np.ndarray, axis: int, size: int) -> np.ndarray:
    have = array.shape[axis]
    if have >= size:
        return array if have == size else array.take(range(size), axis)
    # In float32: tens of thousands of rows summed in bfloat16 would lose most of them.
    mean = array.astype(np.float32).mean(axis, keepdims=True)
    return np.concatenate([array, np.repeat(mean, size - have, axis).astype(array.dtype)], axis)


def check_depth(path: pathlib.Path, config: ModelConfig, num_tensors: int) -> None:
    """Raises `CheckpointError` for a model of more layers than there are tensors: to list what a billion layers lack
    would take the machine's memory.

    Args:
      path: the file that describes the model.
      config: the model.
      num_tensors: how many tensors there are.
    """
    depths = [getattr(config, name, 0) for name in ("num_layers", "num_encoder_layers", "num_decoder_layers")]
    if max(depths) > num_tensors:
        raise CheckpointError(
            f"{path} describes a model of {max(depths):,} layers, and there are {num_tensors:,} tensors in all: copy "
            f"the folder again, or is it another model's description?"
        )


def our_shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Flat name -> shape of our parameters, layers stacked."""
    return {name: tuple(leaf.shape) for name, leaf in flatten_dict(param_shapes(config), sep="/").items()}


def their_shapes(config: ModelConfig, pieces: Iterable[Piece]) -> dict[str, tuple[int, ...]]:
    """Name -> shape of their tensors."""
    ours, shapes = our_shapes(config), {}
    for piece in pieces:
        shape = ours[piece.ours] if piece.layer is None else ours[piece.ours][1:]
        shape = shape[::-1] if piece.transposed else shape
        shapes[piece.theirs] = shape if piece.part is None else (*shape[:-1], shape[-1] * piece.part[1])
    return shapes


def stored_dtype(infos: Mapping[str, TensorInfo]) -> Dtype:
    """The dtype that keeps every value: bfloat16 if all tensors are, else float32."""
    return "bfloat16" if {info.dtype for info in infos.values()} == {"bfloat16"} else "float32"
