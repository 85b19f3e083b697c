"""How large a model is, from the head of its weights' file: no array is read."""

from __future__ import annotations

import math
import os
import pathlib

from safetensors import SafetensorError, safe_open

from flan_jax.checkpoints.weights import WEIGHTS_FILE
from flan_jax.core.errors import CheckpointError

__all__ = ["count_parameters"]


def count_parameters(path: str | os.PathLike[str]) -> int:
    """Numbers in the arrays of a weights folder. Raises `CheckpointError` for a file that is no such weights."""
    file = pathlib.Path(path) / WEIGHTS_FILE
    try:
        with safe_open(file, "numpy") as arrays:
            return sum(math.prod(arrays.get_slice(name).get_shape()) for name in arrays.keys())
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file} cannot be read ({error}): copy it again from where it was made") from error
