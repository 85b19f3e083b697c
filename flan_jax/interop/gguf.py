"""gguf files (llama.cpp's), read and dequantised by the `gguf` package, with their tokenizer.

Of a Llama, llama.cpp turns neighbouring elements of a head where Hugging Face turns its halves, so its converter
permutes the rows of the query and key matrices; and of a Gemma, it adds 1 to the norms. Both are undone here. The file
also holds the tokenizer, which `gguf_vocab` rebuilds.
"""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

from flan_jax.core.errors import CheckpointError, ConfigError, did_you_mean
from flan_jax.interop.gguf_header import check_header
from flan_jax.interop.gguf_layouts import FREQUENCIES, LAYOUTS, SOME_TAKE, Layout, decimal, llama3_fields, their_name
from flan_jax.interop.gguf_vocab import vocabulary_files
from flan_jax.interop.pieces import STACKED, ForeignModel, Piece, check_depth, our_shapes, their_shapes
from flan_jax.interop.tensors import TensorInfo, check_tensors
from flan_jax.models import DecoderConfig

ARCHITECTURES = tuple(LAYOUTS)
# What reading the metadata of a damaged or made-up file runs into.
_DAMAGE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

__all__ = ["ARCHITECTURES", "GgufTensors", "gguf_pieces", "open_gguf"]


class GgufTensors:
    """A file's tensors as Hugging Face would lay them out, float32; mapped into memory, dequantised when read.

    Args:
      path: the file, for messages.
      reader: gguf's reader of it.
      layout: the architecture's.
      num_heads: heads of queries.
      num_kv_heads: heads of keys and values.
    """

    def __init__(self, path: pathlib.Path, reader: Any, layout: Layout, num_heads: int, num_kv_heads: int):
        self.path = path
        self._tensors = {tensor.name: tensor for tensor in reader.tensors}
        # gguf counts axes from the innermost.
        self.infos = {
            name: TensorInfo(tuple(int(n) for n in reversed(tensor.shape)), "float32")
            for name, tensor in self._tensors.items()
        }
        self._num_heads = {"attn_q": num_heads, "attn_k": num_kv_heads} if layout.are_rows_permuted else {}
        self._are_norms_above_one = layout.are_norms_above_one

    def read(self, name: str, layer: int | None = None) -> np.ndarray:
        import gguf

        tensor = self._tensors[name]
        try:
            array = gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
        except (NotImplementedError, ValueError) as error:
            raise CheckpointError(
                f"{self.path}: tensor {name} is quantised as {tensor.tensor_type.name}, which the gguf package does "
                f"not dequantise ({error}): take a file of another quantisation, such as F16, Q8_0 or Q4_K_M"
            ) from error
        array = array.reshape(self.infos[name].shape)
        num_heads = self._num_heads.get(name.split(".")[-2]) if array.ndim == 2 else None
        if num_heads is not None:
            array = _halves_from_neighbours(array, num_heads)
        if self._are_norms_above_one and name.endswith("norm.weight"):
            array = array - np.float32(1)  # exact, where 1 was added to a bfloat16
        return array if layer is None else array[layer]


def open_gguf(path: pathlib.Path) -> ForeignModel:
    """The model in a gguf file, found and checked, not yet dequantised.

    Raises `CheckpointError` for a file that is damaged, of another architecture, or whose tensors are not its model's,
    and `ConfigError` where the gguf package is missing.
    """
    reader = _open(path)
    try:
        return _model(path, reader, _Fields(path, reader))
    except _DAMAGE as error:
        raise CheckpointError(
            f"{path} has metadata of other kinds than llama.cpp writes ({type(error).__name__}, {error}): convert the "
            f"model again"
        ) from error


def _model(path: pathlib.Path, reader: Any, fields: _Fields) -> ForeignModel:
    architecture = fields.get("general.architecture")
    if architecture not in ARCHITECTURES:
        raise CheckpointError(
            f"{path} is a gguf of architecture {architecture!r}{did_you_mean(str(architecture), ARCHITECTURES)}; read "
            f"are {', '.join(ARCHITECTURES)}: convert a Llama-style model, or import its Hugging Face folder (hf:…)"
        )
    names = {tensor.name for tensor in reader.tensors}
    layout, prefix = LAYOUTS[architecture], f"{architecture}."
    for name in SOME_TAKE:
        if name not in layout.takes and fields.get(prefix + name):
            raise CheckpointError(
                f"{path} has {prefix}{name} {fields.get(prefix + name)}, which our {architecture} has not: take "
                f"another model, or import its Hugging Face folder (hf:…)"
            )
    num_heads = fields.required(f"{prefix}attention.head_count")
    if fields.get(f"{prefix}expert_count", 0):
        raise CheckpointError(f"{path} is a mixture of experts, our model has one MLP a layer: take a dense model")
    vocab_files, start_id, vocab_notes = vocabulary_files(path, fields)
    emb_dim = fields.required(f"{prefix}embedding_length")
    head_dim = fields.get(f"{prefix}attention.key_length", emb_dim // num_heads)
    if fields.get(f"{prefix}rope.dimension_count", head_dim) != head_dim:
        raise CheckpointError(f"{path} turns a part of each head only, our model all of it: take another model")
    common = {
        "vocab_size": fields.get(f"{prefix}vocab_size") or len(fields.required("tokenizer.ggml.tokens")),
        "emb_dim": emb_dim,
        "num_layers": fields.required(f"{prefix}block_count"),
        "num_heads": num_heads,
        "num_kv_heads": fields.get(f"{prefix}attention.head_count_kv", num_heads),
        "head_dim": head_dim,
        "mlp_dim": fields.required(f"{prefix}feed_forward_length"),
        "norm_epsilon": decimal(fields.required(f"{prefix}attention.layer_norm_rms_epsilon")),
        "rope_theta": float(fields.get(f"{prefix}rope.freq_base", 10000.0)),
        "max_positions": fields.get(f"{prefix}context_length", 2048),
        "embeddings": "untied" if "output.weight" in names else "tied",
        "attention": "causal",
        "prompt_end": "nothing",
        "start_id": start_id,
        "dtype": "float32",
    }
    tensors = GgufTensors(path, reader, layout, num_heads, common["num_kv_heads"])
    try:
        config = DecoderConfig(**{**common, **layout.settings(architecture, fields)})
        if FREQUENCIES in names:
            config = llama3_fields(path, config, tensors.read(FREQUENCIES))
            del tensors.infos[FREQUENCIES]
    except (ConfigError, TypeError) as error:
        raise CheckpointError(f"{path} is not a model that ours can be: {error}") from error
    check_depth(path, config, len(names))
    pieces = gguf_pieces(config)
    check_tensors(path, their_shapes(config, pieces), tensors.infos, "the model its metadata describes")
    kinds = sorted({tensor.tensor_type.name for tensor in reader.tensors})
    return ForeignModel(
        config,
        tensors,
        pieces,
        vocab_files=vocab_files,
        vocab_notes=vocab_notes,
        notes=(f"dequantised from {', '.join(kinds)}",),
        origin={"format": "gguf", "name": str(fields.get("general.name", path.stem)), "quantisation": kinds},
    )


def gguf_pieces(config: DecoderConfig) -> tuple[Piece, ...]:
    """Every parameter of ours beside its tensor in a gguf."""
    found = []
    for ours in sorted(our_shapes(config)):
        layers = range(config.num_layers) if STACKED in ours else (None,)
        found += [Piece(ours, i, their_name(ours, i), ours.endswith("/kernel")) for i in layers]
    return tuple(found)


class _Fields:
    """A file's metadata by name."""

    def __init__(self, path: pathlib.Path, reader: Any):
        self._path, self._fields = path, reader.fields

    def get(self, name: str, default: Any = None) -> Any:
        return self._fields[name].contents() if name in self._fields else default

    def required(self, name: str) -> Any:
        if name not in self._fields:
            raise CheckpointError(f"{self._path} has no {name} in its metadata: convert the model again")
        return self.get(name)


def _open(path: pathlib.Path) -> Any:
    try:
        import gguf
    except ImportError as error:
        raise ConfigError(f"{path} needs the gguf package, which is not installed: pip install flan_jax[hf]") from error
    if not path.is_file():
        raise CheckpointError(f"{path} is no file: give a .gguf file")
    check_header(path)
    try:
        return gguf.GGUFReader(path)
    except Exception as error:  # the reader raises whatever its parsing runs into: ValueError, IndexError, KeyError, …
        raise CheckpointError(
            f"{path} ({path.stat().st_size:,} bytes) is no whole gguf file that the gguf package reads ({error}): copy "
            f"it again"
        ) from error


def _halves_from_neighbours(array: np.ndarray, num_heads: int) -> np.ndarray:
    """Rows of each head from (pair, member), llama.cpp's order, to (member, pair), Hugging Face's and ours."""
    rows, columns = array.shape
    pairs = array.reshape(num_heads, rows // num_heads // 2, 2, columns)
    return pairs.swapaxes(1, 2).reshape(rows, columns)
