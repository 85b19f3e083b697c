"""Weights without optimizer state, as a folder that any safetensors reader opens.

    FOLDER/weights.safetensors   tensors by flat name ("encoder/layers/mlp/wo"), layers stacked as in memory
           model.json            {"format_version", "model": the model's configuration, "sha256": of the files, …}

`flan_jax.interop` writes other programs' formats from the same trees.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import ml_dtypes
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from flan_jax.core.disk import check_fields, file_sha256, fsync_path, read_json_object, write_sealed
from flan_jax.core.errors import CheckpointError

FORMAT_VERSION = 1
WEIGHTS_FILE = "weights.safetensors"
MODEL_FILE = "model.json"
MOMENTS_FILE = "adafactor.safetensors"  # of an imported T5X checkpoint: the optimizer's state beside its weights
_REMEDY = "copy it again from where it was made"
DTYPES: Mapping[str, Any] = {"float32": np.float32, "bfloat16": ml_dtypes.bfloat16}

__all__ = [
    "FORMAT_VERSION",
    "MODEL_FILE",
    "MOMENTS_FILE",
    "WEIGHTS_FILE",
    "check_files",
    "is_weights_folder",
    "load_weights",
    "read_model_info",
    "save_weights",
    "write_model_info",
]


def is_weights_folder(path: str | os.PathLike[str]) -> bool:
    """Whether `path` is a folder that `load_weights` reads. Raises `CheckpointError` for one whose weights are
    missing, or a folder: others would be taken for them."""
    file = pathlib.Path(path) / WEIGHTS_FILE
    if file.is_dir():
        raise CheckpointError(
            f"{file} is a folder, where a file of weights belongs: move it away, or copy the file again"
        )
    if not file.exists() and (file.parent / MODEL_FILE).exists():
        raise CheckpointError(f"{file} is missing beside {MODEL_FILE}: copy it again, or move the folder away")
    return file.is_file()


def save_weights(
    path: str | os.PathLike[str], params: Any, model: Mapping[str, Any], *, dtype: str = "float32", **extra: Any
) -> None:
    """Writes `params` (a nested dict of arrays this process can read whole) to folder `path`.

    Args:
      path: the folder; made if missing. `model.json` is written last, each file by one rename.
      params: nested dict of arrays.
      model: the model's configuration as JSON values.
      dtype: "float32" or "bfloat16"; what is stored, rounded to nearest even.
      **extra: further JSON values for model.json, such as `vocab_fingerprint`, `step`.
    """
    folder = pathlib.Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    flat = flatten_dict(params, sep="/")
    tensors = {
        name: np.ascontiguousarray(np.asarray(jax.device_get(flat[name])).astype(DTYPES[dtype])) for name in flat
    }
    partial = folder / f".{WEIGHTS_FILE}.{os.getpid()}.partial"
    try:
        save_file(tensors, partial)
        fsync_path(partial)
        os.replace(partial, folder / WEIGHTS_FILE)
    finally:
        partial.unlink(missing_ok=True)
    write_model_info(folder, {"model": dict(model), **extra})


def write_model_info(folder: pathlib.Path, info: Mapping[str, Any]) -> None:
    """Writes model.json, which makes a weights folder whole, with the sha256 of the files of arrays beside it.

    Args:
      folder: where those files are.
      info: its `model` and what else is known.
    """
    files = [folder / name for name in (WEIGHTS_FILE, MOMENTS_FILE) if (folder / name).is_file()]
    sha256 = {file.name: file_sha256(file) for file in files}
    write_sealed(folder / MODEL_FILE, {"format_version": FORMAT_VERSION, "sha256": sha256, **info})


def load_weights(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Reads what `save_weights` wrote: (nested dict of float32 arrays, model.json's content).

    Raises `CheckpointError` for a folder that lacks a file, holds something else, or other bytes than were written.
    """
    folder = pathlib.Path(path)
    info = read_model_info(folder)
    check_files(folder, info, [WEIGHTS_FILE])
    try:
        flat = load_file(folder / WEIGHTS_FILE)
    except FileNotFoundError as error:
        raise _missing(folder / WEIGHTS_FILE) from error
    except SafetensorError as error:
        raise CheckpointError(f"{folder / WEIGHTS_FILE} cannot be read ({error}): {_REMEDY}") from error
    tree = unflatten_dict({name: value.astype(np.float32) for name, value in flat.items()}, sep="/")
    return tree, info


def check_files(folder: pathlib.Path, info: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raises `CheckpointError` for a file of arrays that has other bytes than were written: one pass over it.

    Args:
      folder: of weights.
      info: its model.json; one of before says nothing of its files, which are taken as they are.
      names: of the files to look at.
    """
    for name in names:
        expected = info.get("sha256", {}).get(name)
        try:
            if expected is not None and file_sha256(folder / name) != expected:
                raise CheckpointError(
                    f"{folder / name} is damaged or of other weights: its sha256 is not the one that {MODEL_FILE} "
                    f"states; {_REMEDY}"
                )
        except FileNotFoundError as error:
            raise _missing(folder / name) from error


def read_model_info(path: str | os.PathLike[str]) -> dict[str, Any]:
    """model.json of a weights folder: its `model` and what else `save_weights` was given."""
    file = pathlib.Path(path) / MODEL_FILE
    try:
        info = read_json_object(file, _REMEDY)
    except FileNotFoundError as error:
        raise _missing(file) from error
    if info.get("format_version") != FORMAT_VERSION:
        raise CheckpointError(
            f"{file} has format version {info.get('format_version')}, this program reads {FORMAT_VERSION}: export the "
            f"weights again with this version"
        )
    kinds = {"step": int, "vocab_fingerprint": str, "vocab_file": str}  # null, or not there, where it is not known
    known = {name: kind for name, kind in kinds.items() if info.get(name) is not None}
    known |= {"sha256": dict} if "sha256" in info else {}
    check_fields(file, info, {"model": dict, **known}, _REMEDY)
    return info


def _missing(file: pathlib.Path) -> CheckpointError:
    return CheckpointError(f"{file} does not exist: a weights folder holds {WEIGHTS_FILE} and {MODEL_FILE}")
