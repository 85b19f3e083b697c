"""T5X checkpoints as its train.py writes them today: an Orbax tree in an OCDBT store, made array by array.

    checkpoint_<step>/_CHECKPOINT_METADATA      whose handlers wrote the items
                      state/_METADATA           names of all arrays: target/…, state/param_states/…/{m,v,v_row,v_col},
                                                state/step
                            manifest.ocdbt, d/  the arrays, zarr inside a B-tree
                      dataset/                  the data's position, which is not T5X's here: empty

Orbax's own writer wants the whole tree in memory; the store is TensorStore's either way. `interop.t5x_checkpoint` reads
it, and so does Orbax (a test does). Format read off a checkpoint that T5X wrote (commit cc342d4, Orbax 0.11).
"""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorstore as ts

from flan_jax.core.errors import CheckpointError
from flan_jax.interop.pieces import Piece, our_shapes
from flan_jax.interop.safetensors_writer import check_room, num_bytes
from flan_jax.interop.t5x_checkpoint import KINDS, MAX_CHUNK_BYTES, STATES, STEP, TARGET
from flan_jax.interop.t5x_names import t5x_pieces
from flan_jax.interop.tensors import Tensors
from flan_jax.models import T5Config

# What Orbax asks of the store and of its arrays.
_STORE = {
    "compression": {"id": "zstd"},
    "max_decoded_node_bytes": 100_000_000,
    "max_inline_value_bytes": 1024,
    "version_tree_arity_log2": 4,
}
_COMPRESSOR = {"id": "zstd", "level": 1}
_DICT_KEY = 2  # Orbax's key type of a dictionary's key

__all__ = ["write_t5x_orbax"]


def write_t5x_orbax(
    folder: pathlib.Path,
    config: T5Config,
    params: Tensors,
    step: int,
    dtype: str,
    moments: Tensors | None = None,
) -> pathlib.Path:
    """Writes `folder/checkpoint_<step>`; returns its path. Limits are `write_t5x`'s.

    The step and the optimizer's state are float32 whatever `dtype` is, as T5X stores them by default.

    Args:
      folder: where checkpoints lie; it is made where it is not there.
      config: the model.
      params: our tensors.
      step: the number in the name, and the state's.
      dtype: "float32" or "bfloat16", of the parameters.
      moments: the optimizer's state by T5X's names; None writes parameters alone.
    """
    final = folder.absolute() / f"checkpoint_{step}"
    if final.exists():
        raise CheckpointError(f"{final} exists: delete it, or give another folder")
    check_room(folder, num_bytes(our_shapes(config), dtype))
    partial = final.parent / f".{final.name}.{os.getpid()}.partial"
    started = time.time_ns()
    try:
        state = partial / "state"
        state.mkdir(parents=True)
        entries = {}
        for name, array, stored in _arrays(config, params, step, dtype, moments):
            _write_array(state, name, array, stored)
            keys = tuple(name.split("/"))
            entries[str(keys)] = {
                "key_metadata": [{"key": key, "key_type": _DICT_KEY} for key in keys],
                "value_metadata": {
                    "value_type": "jax.Array",
                    "skip_deserialize": False,
                    "write_shape": list(array.shape),
                },
            }
        tree = {
            "tree_metadata": dict(sorted(entries.items())),
            "use_ocdbt": True,
            "use_zarr3": False,
            "store_array_data_equal_to_fill_value": True,
            "custom_metadata": None,
        }
        (state / "_METADATA").write_text(json.dumps(tree))
        (partial / "dataset").mkdir()
        (partial / "_CHECKPOINT_METADATA").write_text(json.dumps(_checkpoint_metadata(started)))
        for place in (state, partial / "dataset", partial):
            # On stores without renames this file, and not the folder's name, says that a checkpoint is whole.
            (place / "commit_success.txt").write_text(f"Checkpoint commit was successful to {final.name}")
        os.replace(partial, final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return final


def _arrays(
    config: T5Config, params: Tensors, step: int, dtype: str, moments: Tensors | None
) -> Iterator[tuple[str, np.ndarray, str]]:
    """(name, values, dtype to store), one at a time."""
    for piece in t5x_pieces(config):
        yield TARGET + piece.theirs, params.read(piece.ours, piece.layer), dtype
        if moments is not None:
            yield from _moments(piece, moments)
    yield STEP, np.asarray(step, np.float32), "float32"


def _moments(piece: Piece, moments: Tensors) -> Iterator[tuple[str, np.ndarray, str]]:
    prefix = f"{STATES}{piece.theirs}"
    yield f"{prefix}/m", np.zeros(1, np.float32), "float32"
    for kind in KINDS:
        yield f"{prefix}/{kind}", moments.read(f"{kind}/{piece.ours}", piece.layer), "float32"


def _write_array(state: pathlib.Path, name: str, array: np.ndarray, dtype: str) -> None:
    num_chunks = -(-max(array.nbytes, 1) // MAX_CHUNK_BYTES)
    chunks = [-(-array.shape[0] // num_chunks), *array.shape[1:]] if array.ndim else []
    spec: dict[str, Any] = {
        "driver": "zarr",
        "dtype": dtype,
        "kvstore": {
            "driver": "ocdbt",
            "base": f"file://{state}/",
            "path": name.replace("/", ".") + "/",
            "config": _STORE,
        },
        "metadata": {"chunks": chunks, "compressor": _COMPRESSOR, "shape": list(array.shape)},
        "store_data_equal_to_fill_value": True,
    }
    try:
        store = ts.open(spec, create=True).result()
        store.write(np.asarray(array).astype(store.dtype.numpy_dtype)).result()
    except (ValueError, OSError) as error:
        raise CheckpointError(
            f"{state}: {name} could not be written ({str(error)[:300]}): is the disk full?"
        ) from error


def _checkpoint_metadata(started: int) -> dict[str, Any]:
    return {
        "item_handlers": {
            "dataset": "t5x.checkpoints.DatasetCheckpointHandler",
            "state": "orbax.checkpoint._src.handlers.pytree_checkpoint_handler.PyTreeCheckpointHandler",
        },
        "metadata": {},
        "performance_metrics": {},
        "init_timestamp_nsecs": started,
        "commit_timestamp_nsecs": time.time_ns(),
        "custom_metadata": {},
    }
