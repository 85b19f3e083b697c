"""What all families of Hugging Face folders share: their files, and the weights written in shards.

FOLDER/config.json
       model.safetensors, or model.safetensors.index.json and the shards that it names
       spiece.model, tokenizer.model, tokenizer.json and what belongs to it, or GPT-2's vocab.json and merges.txt
"""

from __future__ import annotations

import contextlib
import json
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from flan_jax.core.disk import file_of_folder, write_json_atomically
from flan_jax.core.errors import CheckpointError
from flan_jax.interop.pieces import Piece, their_shapes
from flan_jax.interop.safetensors_writer import SafetensorsWriter, check_room, num_bytes
from flan_jax.interop.tensors import SafetensorsTensors, TensorInfo, Tensors
from flan_jax.models import ModelConfig

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
# What Hugging Face's own writer cuts at.
MAX_SHARD_BYTES = 5 * 10**9

__all__ = [
    "CONFIG_FILE",
    "INDEX_FILE",
    "MAX_SHARD_BYTES",
    "WEIGHTS_FILE",
    "Family",
    "read_json",
    "weight_files",
    "write_weights",
]


class Family(Protocol):
    """What a module of a family (`hf_t5`, `hf_llama`, `hf_gpt2`) has."""

    @property
    def MODEL_TYPES(self) -> Sequence[str]:
        """Values of config.json's `model_type`."""

    def model_config(
        self, path: pathlib.Path, settings: Mapping[str, Any], infos: Mapping[str, TensorInfo]
    ) -> ModelConfig:
        """The model of config.json. Raises `CheckpointError` for one that ours cannot be, with the reason."""

    def clean(self, tensors: SafetensorsTensors, settings: Mapping[str, Any]) -> tuple[str, ...]:
        """Gives tensors the names that `pieces` uses, and forgets those that say nothing; returns what to tell."""

    def pieces(self, config: Any) -> tuple[Piece, ...]:
        """Every parameter of ours beside its tensor in the folder."""

    def why_not(self, config: ModelConfig) -> str | None:
        """None where a folder of this family can hold the model, else the settings in which it cannot."""

    def settings_of(self, config: Any, dtype: str) -> dict[str, Any]:
        """config.json for transformers 4 and 5, without token ids."""


def weight_files(path: pathlib.Path) -> list[pathlib.Path]:
    """The files that hold a folder's weights: the single one where there is one, as transformers does, since an index
    beside it is what an earlier save left; else the shards that the index names.

    Raises `CheckpointError` for a folder without either, and for an index that names what is no file of the folder.
    """
    if (path / WEIGHTS_FILE).is_file():
        return [path / WEIGHTS_FILE]
    if (path / INDEX_FILE).is_file():
        names = read_json(path / INDEX_FILE).get("weight_map")
        if not isinstance(names, dict) or not names:
            raise CheckpointError(f"{path / INDEX_FILE} has no weight_map: copy it again")
        return [file_of_folder(path, name, path / INDEX_FILE) for name in sorted(set(map(str, names.values())))]
    pickled = sorted(p.name for p in path.glob("*.bin"))
    remedy = (
        f"it has {pickled[0]}, which can run code when read: load it with transformers and save it again with "
        f"save_pretrained"
        if pickled
        else "give a folder that save_pretrained wrote"
    )
    raise CheckpointError(f"{path} holds neither {WEIGHTS_FILE} nor {INDEX_FILE}: {remedy}")


def write_weights(
    folder: pathlib.Path,
    pieces: Sequence[Piece],
    config: ModelConfig,
    params: Tensors,
    dtype: str,
    max_shard_bytes: int,
) -> list[pathlib.Path]:
    """Writes our parameters under their names, at most one stack in memory at a time; returns the files.

    Args:
      folder: where they go; it exists.
      pieces: which part of our tensors is which tensor of theirs.
      config: the model, of which their shapes follow.
      params: our tensors, read one by one.
      dtype: "float32", "bfloat16" or "float16", as stored.
      max_shard_bytes: the most that one file holds; with several, an index is written.
    """
    shapes = their_shapes(config, pieces)
    shards = _shards(shapes, dtype, max_shard_bytes)
    files = [folder / WEIGHTS_FILE]
    if len(shards) > 1:
        files = [folder / f"model-{i + 1:05}-of-{len(shards):05}.safetensors" for i in range(len(shards))]
    check_room(folder, num_bytes(shapes, dtype))
    with contextlib.ExitStack() as stack:
        writer_of = {}
        for shard, file in zip(shards, files, strict=True):
            # transformers 4 refuses a file whose metadata names no framework.
            out = SafetensorsWriter(file, {name: shapes[name] for name in shard}, dtype, {"format": "pt"})
            writer_of.update(dict.fromkeys(shard, stack.enter_context(out)))
        for piece in pieces:
            array = piece.turn(params.read(piece.ours, piece.layer))
            writer_of[piece.theirs].write(piece.theirs, array, part=piece.part)
    if len(shards) > 1:
        weight_map = {name: file.name for shard, file in zip(shards, files, strict=True) for name in shard}
        index = {"metadata": {"total_size": num_bytes(shapes, dtype)}, "weight_map": dict(sorted(weight_map.items()))}
        write_json_atomically(folder / INDEX_FILE, index)
    _forget_other_layout(folder, files)
    return files


def _forget_other_layout(folder: pathlib.Path, files: Iterable[pathlib.Path]) -> None:
    """Removes what an earlier export left: transformers prefers one file to an index, whichever is newer."""
    kept = {file.name for file in files}
    for old in [*folder.glob("model-*-of-*.safetensors"), folder / WEIGHTS_FILE]:
        if old.name not in kept:
            old.unlink(missing_ok=True)
    if kept == {WEIGHTS_FILE}:
        (folder / INDEX_FILE).unlink(missing_ok=True)


def _shards(shapes: Mapping[str, tuple[int, ...]], dtype: str, max_bytes: int) -> list[list[str]]:
    """Names for each file; the tensors of a block stay together where they can."""
    shards: list[list[str]] = [[]]
    used = 0
    for name in sorted(shapes, key=_reading_order):
        size = num_bytes({name: shapes[name]}, dtype)
        if shards[-1] and used + size > max_bytes:
            shards.append([])
            used = 0
        shards[-1].append(name)
        used += size
    return shards


def _reading_order(name: str) -> tuple[Any, ...]:
    return tuple(int(part) if part.isdigit() else -1 for part in name.split(".")), name


def read_json(file: pathlib.Path) -> dict[str, Any]:
    """The object in a JSON file of the folder. Raises `CheckpointError` for what is none."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CheckpointError(f"{file} does not exist: give a folder that save_pretrained wrote") from error
    except OSError as error:
        raise CheckpointError(
            f"{file} cannot be read ({error.strerror or error}): make it readable, or copy it again"
        ) from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{file} is not JSON ({error}): copy it again from where it was made") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{file} holds no JSON object: copy it again from where it was made")
    return content
