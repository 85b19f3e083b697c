"""T5X checkpoints of T5 1.0, 1.1, mT5 and UL2, parameters and Adafactor's state: both of T5X's formats read, the older
one written (`interop.t5x_orbax` writes the other).

The older one, in which T5, mT5 and Flan-T5 were published:

    checkpoint_<step>/checkpoint                  msgpack index: small arrays themselves, the others' TensorStore specs
                      target.<name>/              one zarr array a parameter
                      state.param_states.<name>.v the optimizer's, where it is large

The one that T5X's train.py writes today is Orbax's: `checkpoint_<step>/state/_METADATA` and an OCDBT store. T5X's own
loader for the older format fails on it, and reads what is written here.

No T5X checkpoint says what model it is of: every size follows from the arrays' shapes.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import msgpack
import numpy as np
import tensorstore as ts
from flax import serialization
from flax.traverse_util import flatten_dict, unflatten_dict

from flan_jax.core.disk import file_of_folder
from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.interop.pieces import STACKED, ForeignModel, Piece, our_shapes, their_shapes
from flan_jax.interop.safetensors_writer import check_room, num_bytes
from flan_jax.interop.t5x_names import t5x_pieces
from flan_jax.interop.tensors import OrbaxTensors, TensorInfo, Tensors, check_tensors, open_arrays, read_array
from flan_jax.models import T5Config
from flan_jax.models.t5_config import Activation

INDEX_FILE = "checkpoint"
INDEX_VERSION = 3
TARGET, STATES, STEP = "target/", "state/param_states/", "state/step"
KINDS = ("v_row", "v_col", "v")
_DRIVERS = ("zarr", "zarr3")
_FOLDER = re.compile(r"checkpoint_(\d+)")
# T5X compresses its arrays so.
_COMPRESSOR = {"id": "gzip", "level": 1}
MAX_CHUNK_BYTES = 64 * 2**20

__all__ = ["T5xTensors", "are_adafactors", "open_t5x", "write_t5x"]


class T5xTensors:
    """A `checkpoint_<step>` folder's arrays, named `target/…`, `state/param_states/…` and `state/step`."""

    def __init__(self, path: pathlib.Path):
        self.path = path
        self._arrays: dict[str, Any]
        if (path / INDEX_FILE).is_file():
            self._read_index()
        else:
            store = next((p for p in (path / "state", path) if (p / "_METADATA").is_file()), None)
            if store is None:
                raise CheckpointError(
                    f"{path} is no T5X checkpoint: neither a file `{INDEX_FILE}` nor `state/_METADATA` is in it. Give "
                    f"a checkpoint_<step> folder, or the folder of several"
                )
            self._orbax: OrbaxTensors | None = OrbaxTensors(store)
            self.infos: Mapping[str, TensorInfo] = self._orbax.infos

    def _read_index(self) -> None:
        self._orbax = None
        file = self.path / INDEX_FILE
        try:
            index = serialization.msgpack_restore(file.read_bytes())["optimizer"]
        except (ValueError, KeyError, TypeError, msgpack.exceptions.UnpackException) as error:
            raise CheckpointError(
                f"{file} is no T5X index ({type(error).__name__}: {error}): copy it again from where it was made"
            ) from error
        specs, self._arrays = {}, {}
        for name, leaf in flatten_dict(index, is_leaf=lambda _, value: _is_spec(value), sep="/").items():
            if _is_spec(leaf):
                # The path is relative to where the checkpoint was first written; the folder's name is what lasts.
                own = pathlib.PurePosixPath(str(dict(leaf["kvstore"]).get("path", ""))).name
                folder = file_of_folder(self.path.absolute(), own, file)
                if leaf["driver"] not in _DRIVERS:
                    raise CheckpointError(
                        f"{file} has array {name} of driver {leaf['driver']!r:.40}; read are {', '.join(_DRIVERS)}: "
                        f"copy the checkpoint again"
                    )
                specs[name] = {"driver": leaf["driver"], "kvstore": {"driver": "file", "path": f"{folder}/"}}
            else:
                self._arrays[name] = np.asarray(leaf)
        self._arrays |= open_arrays(self.path, specs)
        self.infos = {name: TensorInfo(tuple(a.shape), a.dtype.name) for name, a in self._arrays.items()}

    def read(self, name: str, layer: int | None = None) -> np.ndarray:
        if self._orbax is not None:
            return self._orbax.read(name, layer)
        array = self._arrays[name]
        array = array if isinstance(array, np.ndarray) else read_array(self.path, name, array)
        return array if layer is None else array[layer]

    def below(self, prefix: str) -> _Below:
        """The arrays whose names begin with `prefix`, which is cut off."""
        return _Below(self, prefix)


class _Below:
    def __init__(self, whole: T5xTensors, prefix: str):
        self.path, self._whole, self._prefix = whole.path, whole, prefix
        self.infos = {n.removeprefix(prefix): info for n, info in whole.infos.items() if n.startswith(prefix)}

    def read(self, name: str, layer: int | None = None) -> np.ndarray:
        return self._whole.read(self._prefix + name, layer)


def _is_spec(value: Any) -> bool:
    return isinstance(value, dict) and {"driver", "kvstore"} <= value.keys()


def open_t5x(path: pathlib.Path, mlp_activations: tuple[Activation, ...] | None = None) -> ForeignModel:
    """The model in a T5X checkpoint of either format, or the newest of a folder of them.

    mlp_activations: of its MLP, which T5X does not store; None takes relu for one matrix (T5 1.0) and gated gelu for
    two (T5 1.1, mT5), while UL2 needs ("silu", "linear").

    Raises `CheckpointError` for a folder without one, arrays missing or damaged, and models that ours cannot be.
    """
    if not path.is_dir():
        raise CheckpointError(f"{path} is no folder: give a checkpoint_<step> folder, or the folder of several")
    folder = _newest(path)
    arrays = T5xTensors(folder)
    target = arrays.below(TARGET)
    config = _model_config(folder, target.infos, mlp_activations)
    pieces = t5x_pieces(config)
    check_tensors(folder, their_shapes(config, pieces), target.infos, "the T5 model that its sizes say")
    step = int(arrays.read(STEP)) if STEP in arrays.infos else None
    moments, why_not = _read_moments(config, pieces, arrays.below(STATES))
    what = "relative positions up to 128"
    if mlp_activations is None:
        what = f"an MLP of {' and '.join(config.mlp_activations)}, {what}"
    notes = [f"assumed, since T5X does not store it: {what}"]
    notes += [f"{folder} is the newest of {path}"] if folder != path else []
    notes += [f"the optimizer's state was left: {why_not}"] if why_not else []
    if moments is not None:
        moments["count"] = np.asarray(step or 0, np.int32)
    origin = {"format": "t5x", "folder": folder.name}
    return ForeignModel(config, target, pieces, step, moments=moments, notes=tuple(notes), origin=origin)


def _newest(path: pathlib.Path) -> pathlib.Path:
    if (path / INDEX_FILE).is_file() or (path / "state").is_dir():
        return path
    steps = {int(match[1]): p for p in path.iterdir() if p.is_dir() and (match := _FOLDER.fullmatch(p.name))}
    return steps[max(steps)] if steps else path


def _model_config(
    path: pathlib.Path, infos: Mapping[str, TensorInfo], mlp_activations: tuple[Activation, ...] | None
) -> T5Config:
    """Every size from the shapes: the position bias is [heads, buckets], so the heads are known too."""
    is_gated = "encoder/layers_0/mlp/wi_0/kernel" in infos
    wi = f"encoder/layers_0/mlp/{'wi_0' if is_gated else 'wi'}/kernel"
    reasons = {
        wi: "its MLP has neither a matrix wi nor wi_0 and wi_1, or layers are scanned",
        "encoder/relpos_bias/rel_embedding": "each layer has a position bias of its own, or none is relative",
        "encoder/layers_0/attention/query/kernel": "it has no such layer",
        "token_embedder/embedding": "it has no token table",
    }
    if is_gated:  # T5 1.0 alone ties its outputs: elsewhere a matrix that is missing was lost
        reasons["decoder/logits_dense/kernel"] = "a gated MLP (T5 1.1) comes with an output matrix of its own"
    lines = [f"  {name}: absent: {reason}" for name, reason in reasons.items() if len(_shape(infos, name)) != 2]
    if lines:
        raise CheckpointError(f"{path} is no T5 model; nothing was written.\n" + "\n".join(lines))
    (vocab_size, emb_dim), (num_heads, num_buckets), (_, joined_kv), (_, mlp_dim) = (
        _shape(infos, name)
        for name in (
            "token_embedder/embedding",
            "encoder/relpos_bias/rel_embedding",
            "encoder/layers_0/attention/query/kernel",
            wi,
        )
    )
    if joined_kv % num_heads:
        raise CheckpointError(f"{path}: attention of width {joined_kv} does not divide among {num_heads} heads")
    try:
        return T5Config(
            vocab_size=vocab_size,
            emb_dim=emb_dim,
            num_heads=num_heads,
            num_encoder_layers=_depth(infos, "encoder"),
            num_decoder_layers=_depth(infos, "decoder"),
            head_dim=joined_kv // num_heads,
            mlp_dim=mlp_dim,
            dtype="float32",
            relative_attention_num_buckets=num_buckets,
            mlp_activations=mlp_activations or (("gelu", "linear") if is_gated else ("relu",)),
            logits_via_embedding="decoder/logits_dense/kernel" not in infos,
        )
    except ConfigError as error:
        raise CheckpointError(f"{path} is not a model that ours can be: {error}") from error


def _shape(infos: Mapping[str, TensorInfo], name: str) -> tuple[int, ...]:
    return infos[name].shape if name in infos else ()


def _depth(infos: Mapping[str, TensorInfo], stack: str) -> int:
    numbers = (re.match(rf"{stack}/layers_(\d+)/", name) for name in infos)
    return 1 + max((int(match[1]) for match in numbers if match), default=-1)


def _read_moments(
    config: T5Config, pieces: tuple[Piece, ...], states: Tensors
) -> tuple[dict[str, np.ndarray] | None, str]:
    """Adafactor's moments by our names, or None and the reason."""
    if not states.infos:
        return None, "the checkpoint has none"
    shapes = their_shapes(config, pieces)
    parts: dict[str, list[np.ndarray]] = {}
    for piece in pieces:
        found = {kind: _shape(states.infos, f"{piece.theirs}/{kind}") for kind in KINDS}
        if not any(found == layout for layout in _layouts(shapes[piece.theirs])):
            return None, f"{piece.theirs} has moments of shapes {found}, which are not Adafactor's as ours"
        if _shape(states.infos, f"{piece.theirs}/m") not in ((), (1,)):
            return None, "it has momentum, ours has none"
        for kind in found:
            array = states.read(f"{piece.theirs}/{kind}").astype(np.float32)
            parts.setdefault(f"{kind}/{piece.ours}", []).append(array)
    stacked = {piece.ours for piece in pieces if piece.layer is not None}
    return {n: np.stack(p) if n.partition("/")[2] in stacked else p[0] for n, p in parts.items()}, ""


def are_adafactors(config: T5Config, moments: Tensors) -> bool:
    """Whether `moments` (ours by name) hold a state of Adafactor without momentum for every parameter."""
    if any(name.startswith("m/") for name in moments.infos):
        return False
    for name, shape in our_shapes(config).items():
        stack, shape = (shape[:1], shape[1:]) if STACKED in name else ((), shape)
        found = {kind: _shape(moments.infos, f"{kind}/{name}") for kind in KINDS}
        if not any(found == {k: stack + s for k, s in layout.items()} for layout in _layouts(shape)):
            return False
    return True


def _layouts(shape: tuple[int, ...]) -> Iterator[dict[str, tuple[int, ...]]]:
    """Shapes of a parameter's moments: not factored, and factored over its two largest dimensions."""
    yield {"v_row": (1,), "v_col": (1,), "v": shape}
    if len(shape) > 1:
        # argsort as T5X and Optax have it, so that the sides of a square matrix are told apart alike.
        smaller, larger = (int(axis) for axis in np.argsort(shape)[-2:])
        without = {axis: (*shape[:axis], *shape[axis + 1 :]) for axis in (smaller, larger)}
        yield {"v_row": without[larger], "v_col": without[smaller], "v": (1,)}


def write_t5x(
    folder: pathlib.Path,
    config: T5Config,
    params: Tensors,
    step: int,
    dtype: str,
    moments: Tensors | None = None,
) -> pathlib.Path:
    """Writes `folder/checkpoint_<step>` in T5X's older format, which every version of T5X reads; returns its path.

    Args:
      folder: made if missing; the checkpoint appears in it by one rename.
      config: the model.
      params: ours by flat name, layers stacked.
      step: optimizer steps done.
      dtype: "float32" or "bfloat16", what parameters are stored as.
      moments: Adafactor's `v_row/…`, `v_col/…`, `v/…` by our names; None leaves the optimizer's state out, and T5X can
        then only infer from it or finetune with a fresh one.
    """
    final = folder.absolute() / f"checkpoint_{step}"
    if final.exists():
        raise CheckpointError(f"{final} exists: delete it, or give another folder")
    pieces = t5x_pieces(config)
    check_room(folder, num_bytes(our_shapes(config), dtype))
    partial = final.parent / f".{final.name}.{os.getpid()}.partial"
    index: dict[str, Any] = {STEP: np.asarray(step, np.int32)}
    try:
        partial.mkdir()
        for piece in pieces:
            name = TARGET + piece.theirs
            index[name] = _write_array(partial, name, params.read(piece.ours, piece.layer), dtype)
            if moments is not None:
                index |= _moment_entries(partial, piece, moments)
        tree = {"version": INDEX_VERSION, "optimizer": unflatten_dict(index, sep="/")}
        (partial / INDEX_FILE).write_bytes(serialization.msgpack_serialize(tree))
        os.replace(partial, final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return final


def _moment_entries(folder: pathlib.Path, piece: Piece, moments: Tensors) -> dict[str, Any]:
    prefix = f"{STATES}{piece.theirs}"
    # T5X keeps a zero where there is no momentum.
    entries: dict[str, Any] = {f"{prefix}/m": np.zeros(1, np.float32)}
    for kind in KINDS:
        array = np.asarray(moments.read(f"{kind}/{piece.ours}", piece.layer), np.float32)
        # As T5X does: what is laid out like its parameter is an array on disk, the rest is in the index.
        large = kind == "v" and array.shape != (1,)
        entries[f"{prefix}/{kind}"] = (
            _write_array(folder, f"{prefix}/{kind}", array, "float32") if large else array.copy()
        )
    return entries


def _write_array(folder: pathlib.Path, name: str, array: np.ndarray, dtype: str) -> dict[str, Any]:
    """Stores one zarr array; returns its entry in the index."""
    path = name.replace("/", ".") + "/"
    num_chunks = -(-array.nbytes // MAX_CHUNK_BYTES)
    spec = {
        "driver": "zarr",
        "dtype": dtype,
        "kvstore": {"driver": "file", "path": path},
        "metadata": {
            "chunks": [-(-array.shape[0] // num_chunks), *array.shape[1:]],
            "compressor": _COMPRESSOR,
            "shape": list(array.shape),
        },
    }
    on_disk = {
        **spec,
        "kvstore": {"driver": "file", "path": f"{folder}/{path}"},
        # Without it chunks of zeros are left out, and readers could not tell them from lost ones.
        "store_data_equal_to_fill_value": True,
    }
    try:
        store = ts.open(on_disk, create=True).result()
        store.write(array.astype(store.dtype.numpy_dtype)).result()
    except (ValueError, OSError) as error:
        raise CheckpointError(
            f"{folder / path} could not be written ({str(error)[:300]}): is the disk full?"
        ) from error
    return spec
