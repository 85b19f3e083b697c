"""Writing a safetensors file piece by piece, in any order.

The library's writer wants every tensor in memory at once. The format is simple: 8 bytes with the header's length
(little endian), the header as JSON (`{name: {dtype, shape, data_offsets}}`, padded with blanks to 8 bytes), then the
tensors' bytes one after the other (https://github.com/huggingface/safetensors, "Format").
"""

from __future__ import annotations

import json
import math
import os
import pathlib
import shutil
from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np

from flan_jax.core.disk import naming
from flan_jax.core.errors import CheckpointError

DTYPES: Mapping[str, tuple[str, Any]] = {
    "float32": ("F32", np.dtype(np.float32)),
    "bfloat16": ("BF16", np.dtype(ml_dtypes.bfloat16)),
}

__all__ = ["DTYPES", "SafetensorsWriter", "check_room", "num_bytes"]


def num_bytes(shapes: Mapping[str, tuple[int, ...]], dtype: str) -> int:
    """Bytes of tensors of these shapes."""
    itemsize: int = DTYPES[dtype][1].itemsize
    return sum(math.prod(shape) for shape in shapes.values()) * itemsize


def check_room(folder: pathlib.Path, size_bytes: int) -> None:
    """Makes `folder`; raises `CheckpointError` if its disk has not `size_bytes` free."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < size_bytes:
        raise CheckpointError(
            f"{folder} needs {size_bytes / 2**20:,.1f} MiB, its disk has {free / 2**20:,.1f} MiB free: free some, or "
            f"write to another disk"
        )


class SafetensorsWriter:
    """A context manager; the file appears under its name when every tensor has been written and the block ends.

    Args:
      path: the file to make; its folder is made if missing.
      shapes: of all its tensors.
      dtype: "float32" or "bfloat16": what is stored, rounded to nearest even.
      metadata: strings for the header.

    Raises `CheckpointError` when the disk has no room for it.
    """

    def __init__(
        self,
        path: pathlib.Path,
        shapes: Mapping[str, tuple[int, ...]],
        dtype: str,
        metadata: Mapping[str, str] | None = None,
    ):
        code, self._dtype = DTYPES[dtype]
        self._path, self._partial = path, path.parent / f".{path.name}.{os.getpid()}.partial"
        self._shapes = dict(shapes)
        header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
        self._offsets, offset = {}, 0
        for name in sorted(shapes):
            size = math.prod(shapes[name]) * self._dtype.itemsize
            header[name] = {"dtype": code, "shape": list(shapes[name]), "data_offsets": [offset, offset + size]}
            self._offsets[name], offset = offset, offset + size
        text = json.dumps(header, separators=(",", ":")).encode()
        # So that tensors are aligned for readers that map the file.
        text += b" " * (-len(text) % 8)
        self._start, self._unwritten = 8 + len(text), offset
        check_room(path.parent, self._start + offset)
        self._file = open(self._partial, "wb")
        with naming(path):
            self._file.write(len(text).to_bytes(8, "little") + text)
            # Its whole length at once: tensors are written wherever they belong, in any order.
            self._file.truncate(self._start + offset)

    def write(
        self, name: str, array: np.ndarray, layer: int | None = None, part: tuple[int, int] | None = None
    ) -> None:
        """Stores a tensor or a part of it.

        Args:
          name: the tensor's.
          array: its values, or the part's; converted to the file's dtype.
          layer: entry of the leading axis that is given; None for all of them.
          part: (i, n): the i-th of n equal parts of the last axis is given; None for the whole of it.
        """
        if part is not None:
            self._write_part(name, array, *part)
            return
        shape = self._shapes[name] if layer is None else self._shapes[name][1:]
        if array.shape != shape:
            raise ValueError(f"{name} is declared {shape}, given {array.shape}")
        stored = np.ascontiguousarray(array, dtype=self._dtype)
        with naming(self._path):
            self._file.seek(self._start + self._offsets[name] + (layer or 0) * stored.nbytes)
            # As bytes, since Python's buffers know no bfloat16.
            self._file.write(stored.reshape(-1).view(np.uint8).data)
        self._unwritten -= stored.nbytes

    def _write_part(self, name: str, array: np.ndarray, number: int, num_parts: int) -> None:
        shape = self._shapes[name]
        size = shape[-1] // num_parts
        if array.shape != (*shape[:-1], size):
            raise ValueError(f"part {number} of {num_parts} of {name} {shape} is given {array.shape}")
        # The map opens the file a second time. It is a map because a part of the last axis lies in many stretches.
        self._file.flush()
        start = self._start + self._offsets[name]
        whole = np.memmap(self._partial, dtype=self._dtype, mode="r+", offset=start, shape=shape)
        whole[..., number * size : (number + 1) * size] = array
        whole.flush()
        self._unwritten -= array.size * self._dtype.itemsize

    def __enter__(self) -> SafetensorsWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        try:
            with naming(self._path):
                self._file.close()
            if kind is None:
                if self._unwritten:
                    raise ValueError(f"{self._unwritten} bytes of {self._path} were not written")
                os.replace(self._partial, self._path)
        finally:
            self._partial.unlink(missing_ok=True)
