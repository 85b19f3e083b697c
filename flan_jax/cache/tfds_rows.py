"""Reads the rows of a prepared TFDS data set; found by name from `flan_jax.sources.tfds`."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from flan_jax.core.errors import TaskError
from flan_jax.sources.source import Row

__all__ = ["plain", "read_rows"]


def read_rows(folder: pathlib.Path, split: str, features: Iterable[str], max_examples: int | None) -> list[Row]:
    """The first `max_examples` rows of `split` (TFDS's slice notation) of the data set prepared in `folder`, in file
    order; only `features` are decoded (all where empty, and of translations). The folder's own metadata is enough: no
    builder code, no network. Raises `TaskError` for a split or a feature that is not there, and for files that cannot
    be read."""
    try:
        builder = tfds.builder_from_directory(folder)
        dataset = builder.as_dataset(
            split=split,
            shuffle_files=False,
            decoders=_partial(features, builder.info.features),
            # One file after the other: interleaved, a row's number would depend on how many are read at once.
            read_config=tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False),
        )
        if max_examples is not None:
            dataset = dataset.take(max_examples)
        return [plain(row) for row in tfds.as_numpy(dataset)]
    except Exception as error:  # TFDS and TensorFlow raise whatever they like; all of it is about the files
        raise TaskError(
            f"{folder}, split {split}: {type(error).__name__}: {str(error).strip()[:400]}: prepare the data set again, "
            f"or name a split and fields that it has"
        ) from error


def plain(value: Any) -> Any:
    """NumPy values as Python's: bytes become text, arrays lists, of dictionaries the values."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _partial(names: Iterable[str], features: tfds.features.FeaturesDict) -> tfds.decode.PartialDecoding | None:
    if isinstance(features, tfds.features.Translation):  # TFDS cannot decode a part of those, which is small anyway
        return None
    spec: dict[str, Any] = {}
    for name in names:
        *outer, last = name.split("/")
        inner = spec
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = True
    return tfds.decode.PartialDecoding(spec) if spec else None
