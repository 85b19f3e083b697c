"""Named arrays on disk, read one at a time, and the check that they are a model's."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import tensorstore as ts
from safetensors import SafetensorError, safe_open

from flan_jax.core.disk import file_of_folder
from flan_jax.core.errors import CheckpointError

SAFETENSORS_DTYPES = {"F32": "float32", "BF16": "bfloat16", "F16": "float16"}
_MAX_LISTED = 12

__all__ = [
    "OrbaxTensors",
    "SafetensorsTensors",
    "TensorInfo",
    "Tensors",
    "check_tensors",
    "open_arrays",
    "read_array",
]


@dataclasses.dataclass(frozen=True)
class TensorInfo:
    """Shape and dtype ("float32", …) of an array not yet read."""

    shape: tuple[int, ...]
    dtype: str


class Tensors(Protocol):
    """A folder's arrays. `infos` is known at once, `read` touches one array."""

    path: pathlib.Path

    @property
    def infos(self) -> Mapping[str, TensorInfo]:
        """Name -> shape and dtype."""
        ...

    def read(self, name: str, layer: int | None = None) -> np.ndarray:
        """The array, or entry `layer` of its leading axis. Raises `CheckpointError` for a damaged file."""
        ...


class SafetensorsTensors:
    """One or several safetensors files, mapped into memory.

    Args:
      path: the folder to name in errors.
      files: disjoint in their tensors.
    """

    def __init__(self, path: pathlib.Path, files: Sequence[pathlib.Path]):
        self.path = path
        self.infos: dict[str, TensorInfo] = {}
        self._files: dict[str, Any] = {}
        self._stored_names: dict[str, str] = {}
        for file in files:
            opened = _open_safetensors(file)
            for name in opened.keys():
                tensor = opened.get_slice(name)
                if name in self.infos:
                    raise CheckpointError(f"{file} holds {name}, which another file of {path} holds too: keep one")
                dtype = SAFETENSORS_DTYPES.get(tensor.get_dtype(), tensor.get_dtype())
                self.infos[name] = TensorInfo(tuple(tensor.get_shape()), dtype)
                self._files[name] = opened

    def rename(self, names: Mapping[str, str]) -> None:
        """Gives tensors other names: the one they have -> the one they have from now on."""
        for old, name in names.items():
            self.infos[name] = self.infos.pop(old)
            self._stored_names[name] = self._stored_names.pop(old, old)

    def read(self, name: str, layer: int | None = None) -> np.ndarray:
        stored = self._stored_names.get(name, name)
        file = self._files[stored]
        array: np.ndarray = file.get_tensor(stored) if layer is None else file.get_slice(stored)[layer : layer + 1][0]
        return array


def _open_safetensors(file: pathlib.Path) -> Any:
    try:
        return safe_open(file, framework="numpy")
    except FileNotFoundError as error:
        raise CheckpointError(f"{file} does not exist: copy all files of the folder") from error
    except PermissionError as error:
        raise CheckpointError(f"{file} cannot be read ({error.strerror}): make it readable") from error
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{file} ({file.stat().st_size:,} bytes) is no whole safetensors file ({error}): copy it again"
        ) from error


class OrbaxTensors:
    """What Orbax wrote for one tree of arrays; names are joined by `/`.

    Opening needs no Orbax and no template: the tree's names are in `_METADATA`, the arrays are TensorStore's.

    Args:
      path: folder with `_METADATA`.
      prefix: only names below it, with it cut off; such as "target/".
    """

    def __init__(self, path: pathlib.Path, prefix: str = ""):
        self.path = path
        try:
            metadata = json.loads((path / "_METADATA").read_text())
            keys = [[str(key["key"]) for key in leaf["key_metadata"]] for leaf in metadata["tree_metadata"].values()]
        except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(
                f"{path / '_METADATA'} cannot be read ({error}): copy the checkpoint again"
            ) from error
        driver = "zarr3" if metadata.get("use_zarr3") else "zarr"
        specs = {}
        for key in keys:
            if (name := "/".join(key)).startswith(prefix):
                # Names come from the checkpoint, which anybody may have written.
                own = file_of_folder(path.absolute(), ".".join(key), path / "_METADATA")
                store = {"driver": "file", "path": f"{own}/"}
                if metadata.get("use_ocdbt", True):
                    store = {"driver": "ocdbt", "base": f"file://{path.absolute()}/", "path": ".".join(key) + "/"}
                specs[name.removeprefix(prefix)] = {"driver": driver, "kvstore": store}
        self._arrays = open_arrays(path, specs)
        self.infos = {name: _info(array) for name, array in self._arrays.items()}
        self._stack: tuple[str, np.ndarray] | None = None

    def read(self, name: str, layer: int | None = None) -> np.ndarray:
        if layer is None:
            return read_array(self.path, name, self._arrays[name])
        # A stack is one compressed chunk: it is read once for all its layers, which are asked for in a row.
        if self._stack is None or self._stack[0] != name:
            self._stack = None
            self._stack = (name, read_array(self.path, name, self._arrays[name]))
        array: np.ndarray = self._stack[1][layer]
        return array


def open_arrays(path: pathlib.Path, specs: Mapping[str, Mapping[str, Any]]) -> dict[str, ts.TensorStore]:
    """TensorStore's handles, opened side by side. Raises `CheckpointError` naming the array that is not there."""
    # Without the last setting a chunk file that is missing reads as zeros.
    options = {"open": True, "recheck_cached_data": False, "fill_missing_data_reads": False}
    # All begun before any is waited for: a checkpoint may hold hundreds, on a slow store.
    futures = {name: ts.open({**spec, **options}) for name, spec in specs.items()}
    opened = {}
    for name, future in futures.items():
        try:
            opened[name] = future.result()
        except (ValueError, OSError) as error:
            raise _damaged(path, name, error) from error
    return opened


def read_array(path: pathlib.Path, name: str, array: ts.TensorStore) -> np.ndarray:
    """The array behind a handle."""
    try:
        return array.read().result()
    except (ValueError, OSError) as error:
        raise _damaged(path, name, error) from error


def _info(array: ts.TensorStore) -> TensorInfo:
    return TensorInfo(tuple(array.shape), array.dtype.name)


def _damaged(path: pathlib.Path, name: str, error: Exception) -> CheckpointError:
    reason = str(error).partition(" [")[0][:300]
    return CheckpointError(f"array {name} of {path} is missing or damaged ({reason}): copy the checkpoint again")


def check_tensors(
    path: pathlib.Path, expected: Mapping[str, tuple[int, ...]], found: Mapping[str, TensorInfo], whose: str
) -> None:
    """Raises `CheckpointError` listing missing, unknown, misshapen and non-floating tensors.

    Args:
      path: the file or folder that they lie in, for the message.
      expected: name -> shape.
      found: name -> what is stored.
      whose: what the expected shapes were taken from, for the message.
    """
    lines = []
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            lines.append(f"  {name}: expected {list(expected[name])}, missing")
        elif name not in expected:
            lines.append(f"  {name}: not in this model, found {list(found[name].shape)}")
        elif found[name].shape != expected[name]:
            lines.append(f"  {name}: expected {list(expected[name])}, found {list(found[name].shape)}")
        elif found[name].dtype not in SAFETENSORS_DTYPES.values():
            lines.append(f"  {name}: expected float32, bfloat16 or float16, found {found[name].dtype}")
    if lines:
        more = f"\n  … and {len(lines) - _MAX_LISTED} more" if len(lines) > _MAX_LISTED else ""
        raise CheckpointError(
            f"{path}: {len(lines)} of {len(expected.keys() | found.keys())} tensors are not those of {whose}; nothing "
            f"was written. Is it another model, or are files missing?\n" + "\n".join(lines[:_MAX_LISTED]) + more
        )
