"""Hugging Face `transformers` folders, both ways: the family is chosen by config.json's `model_type`, or by our model.

A family is a file: `hf_t5`, `hf_llama`, `hf_qwen`, `hf_gemma`, `hf_gpt2`, `hf_t5gemma`. `hf_folder` has what they
share.
"""

from __future__ import annotations

import json
import pathlib
import shutil
from collections.abc import Collection, Mapping
from typing import Any

from sentencepiece import sentencepiece_model_pb2

from flan_jax.core.disk import write_json_atomically
from flan_jax.core.errors import CheckpointError, did_you_mean
from flan_jax.core.tokenizer_json import COMPANIONS, SETTINGS_FILE, TOKENIZER_FILE
from flan_jax.core.vocabulary import Vocabulary, load_vocabulary
from flan_jax.interop import hf_gemma, hf_gpt2, hf_llama, hf_qwen, hf_t5, hf_t5gemma
from flan_jax.interop.hf_folder import (
    CONFIG_FILE,
    INDEX_FILE,
    MAX_SHARD_BYTES,
    WEIGHTS_FILE,
    Family,
    read_json,
    weight_files,
    write_weights,
)
from flan_jax.interop.hf_vocabulary import LLAMA_VOCAB_FILE, T5_VOCAB_FILE, folder_vocabulary
from flan_jax.interop.pieces import ForeignModel, Piece, check_depth, their_shapes
from flan_jax.interop.tensors import SafetensorsTensors, Tensors, check_tensors
from flan_jax.models import DecoderConfig, EncoderDecoderConfig, ModelConfig, T5Config

_COMPILED = "_orig_mod."
# A name by which transformers does not look for one.
PLAIN_VOCAB_FILE = "sentencepiece.model"
# What transformers looks for in a folder beside the weights.
_TOKENIZER_FILES = (
    TOKENIZER_FILE,
    SETTINGS_FILE,
    T5_VOCAB_FILE,
    LLAMA_VOCAB_FILE,
    PLAIN_VOCAB_FILE,
    "chat_template.jinja",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
)
_OTHER_WEIGHTS = ("*.bin", "*.gguf", "*.h5", "*.msgpack")
_FAMILIES: tuple[Family, ...] = (hf_t5, hf_llama, hf_qwen, hf_gemma, hf_gpt2, hf_t5gemma)
_MODEL_TYPES = {name: family for family in _FAMILIES for name in family.MODEL_TYPES}
_OTHER_FAMILIES = {
    "longt5": "LongT5's encoder has local attention, our model's is full",
    "switch_transformers": "Switch Transformers have experts, our model has one MLP a layer",
    "mixtral": "Mixtral has experts, our model has one MLP a layer",
    "gemma": "of Gemmas, 2 and 3 are read",
    "t5gemma2": "T5Gemma 2 merges cross-attention with self-attention, our model's are apart",
    "gemma3n": "Gemma 3n has embeddings of its own in every layer, our model one table",
    "qwen2_moe": "Qwen 2's mixtures have experts, our model has one MLP a layer",
    "qwen3_moe": "Qwen 3's mixtures have experts, our model has one MLP a layer",
}

__all__ = [
    "MAX_SHARD_BYTES",
    "PLAIN_VOCAB_FILE",
    "hugging_face_pieces",
    "is_unigram",
    "open_hugging_face",
    "write_hugging_face",
]


def open_hugging_face(path: pathlib.Path) -> ForeignModel:
    """The model in a folder that `save_pretrained` wrote.

    Raises `CheckpointError` for a model that ours cannot be, a folder without safetensors, and tensors that are
    missing, unknown, of another shape, not floating point, or in a damaged file.
    """
    settings = read_json(path / CONFIG_FILE)
    name = settings.get("model_type")
    if not isinstance(name, str) or name not in _MODEL_TYPES:
        reason = _OTHER_FAMILIES.get(str(name), f"its model_type is {name!r}{did_you_mean(str(name), _MODEL_TYPES)}")
        raise CheckpointError(
            f"{path} is no model that ours can be: {reason}. The families read are {', '.join(_MODEL_TYPES)}"
        )
    family = _MODEL_TYPES[name]
    files = weight_files(path)
    tensors = SafetensorsTensors(path, files)
    notes = _ignored(path, files) + _without_compiled_prefix(tensors)
    try:
        config = family.model_config(path, settings, tensors.infos)
        check_depth(path / CONFIG_FILE, config, len(tensors.infos))
        notes += family.clean(tensors, settings)
        pieces = family.pieces(config)
        expected = their_shapes(config, pieces)
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        # Sizes of other types, or past all bounds.
        raise CheckpointError(
            f"{path / CONFIG_FILE} is not a model that ours can be ({type(error).__name__}, {_first_line(error)}): "
            f"copy it again from where it was made"
        ) from error
    check_tensors(path, expected, tensors.infos, f"the model in {CONFIG_FILE}")
    return ForeignModel(
        config,
        tensors,
        pieces,
        **folder_vocabulary(path, settings),
        notes=notes,
        origin={"format": "hugging_face", "model_type": name},
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _ignored(path: pathlib.Path, files: list[pathlib.Path]) -> tuple[str, ...]:
    if (path / INDEX_FILE).exists() and files == [path / WEIGHTS_FILE]:
        return (f"{INDEX_FILE} was not read: {WEIGHTS_FILE} beside it holds all weights",)
    return ()


def _without_compiled_prefix(tensors: SafetensorsTensors) -> tuple[str, ...]:
    """Takes off what torch.compile puts before every name."""
    prefixed = [name for name in tensors.infos if name.startswith(_COMPILED)]
    if not prefixed or len(prefixed) < len(tensors.infos):
        return ()
    tensors.rename({name: name.removeprefix(_COMPILED) for name in prefixed})
    return (f"names begin with {_COMPILED}: it was saved compiled, and is read without",)


def hugging_face_pieces(config: ModelConfig) -> tuple[Piece, ...]:
    """Every parameter of ours beside its tensor in the folder that `write_hugging_face` makes."""
    return _family_of(config).pieces(config)


def write_hugging_face(
    folder: pathlib.Path,
    config: ModelConfig,
    params: Tensors,
    dtype: str,
    vocab_path: pathlib.Path | None = None,
    max_shard_bytes: int = MAX_SHARD_BYTES,
) -> list[pathlib.Path]:
    """Writes our parameters as a folder that transformers 4 and 5 load; returns its weight files.

    Args:
      folder: made if missing; config.json is written last.
      config: the model.
      params: ours by flat name, layers stacked; at most one stack is in memory at a time.
      dtype: "float32" or "bfloat16", what is stored.
      vocab_path: the vocabulary to put beside it. Of SentencePiece models only Unigram ones become a tokenizer of
        transformers' T5, and only those of Llama's convention one of its Llama.
      max_shard_bytes: a file larger than this is split, an index names the parts.

    Raises `CheckpointError` for a model that no family of transformers is, and for a folder that holds another model or
    tokenizer, which transformers would read beside these weights.
    """
    family = _family_of(config)
    vocabulary = None if vocab_path is None else load_vocabulary(str(vocab_path))
    _check_is_free(folder, family.settings_of(config, dtype), _vocabulary_files(config, vocabulary))
    files = write_weights(folder, family.pieces(config), config, params, dtype, max_shard_bytes)
    if vocabulary is not None:
        _put_vocabulary(folder, config, vocabulary)
    if isinstance(config, EncoderDecoderConfig):
        ids = _decoder_tokens(config, vocabulary) | hf_t5gemma.tokens(config)
    else:
        ids = _decoder_tokens(config, vocabulary) if isinstance(config, DecoderConfig) else dict(hf_t5.TOKENS)
    write_json_atomically(folder / "generation_config.json", ids)
    write_json_atomically(folder / CONFIG_FILE, {**family.settings_of(config, dtype), **ids})
    return files


def _family_of(config: ModelConfig) -> Family:
    reasons = {family.MODEL_TYPES[0]: family.why_not(config) for family in _FAMILIES}
    for family in _FAMILIES:
        if reasons[family.MODEL_TYPES[0]] is None:
            return family
    lines = "\n".join(f"  {name}: {reason}" for name, reason in reasons.items())
    raise CheckpointError(f"transformers has no family here that this model could be written as:\n{lines}")


def _decoder_tokens(config: DecoderConfig, vocabulary: Vocabulary | None) -> dict[str, Any]:
    """Ids of config.json and generation_config.json that are known."""
    ids: dict[str, Any] = {"bos_token_id": config.start_id}
    if vocabulary is not None:
        ends = list(vocabulary.eos_ids)
        ids |= {"eos_token_id": ends if len(ends) > 1 else ends[0], "pad_token_id": vocabulary.eos_id}
    return {name: value for name, value in ids.items() if value is not None}


def is_unigram(vocab_path: pathlib.Path) -> bool:
    """Whether transformers' T5Tokenizer reads this SentencePiece model: it takes scores for Unigram's, whatever the
    file says, and would silently cut a BPE model's text into other pieces."""
    model = sentencepiece_model_pb2.ModelProto.FromString(vocab_path.read_bytes())
    return bool(model.trainer_spec.model_type == sentencepiece_model_pb2.TrainerSpec.UNIGRAM)


def _check_is_free(folder: pathlib.Path, settings: Mapping[str, Any], vocabulary_files: Collection[str]) -> None:
    """Raises `CheckpointError` for a folder in which something else than an earlier export of this model is."""
    remedy = "give another folder, or delete it"
    if (folder / CONFIG_FILE).exists():
        there = read_json(folder / CONFIG_FILE)
        for name, value in settings.items():
            # As JSON has them: a tuple is a list there.
            if "dtype" not in name and isinstance(there, dict) and there.get(name) != json.loads(json.dumps(value)):
                raise CheckpointError(
                    f"{folder} holds another model: its {CONFIG_FILE} has {name} {there.get(name)!r}, this one "
                    f"{value!r}: {remedy}"
                )
    kept = [name for name in _TOKENIZER_FILES if name not in vocabulary_files and (folder / name).exists()]
    kept += sorted(path.name for pattern in _OTHER_WEIGHTS for path in folder.glob(pattern))
    if kept:
        raise CheckpointError(
            f"{folder} holds {', '.join(kept)}, which this export would leave beside its own and transformers might "
            f"read: {remedy}"
        )


def _vocabulary_files(config: ModelConfig, vocabulary: Vocabulary | None) -> set[str]:
    """Names of what `_put_vocabulary` writes, or may."""
    if vocabulary is None:
        return set()
    if vocabulary.path.name == TOKENIZER_FILE:
        return {TOKENIZER_FILE, *COMPANIONS}
    if isinstance(config, T5Config) and is_unigram(vocabulary.path):
        return {T5_VOCAB_FILE, SETTINGS_FILE}
    if isinstance(config, DecoderConfig) and vocabulary.start_id is not None:
        return {LLAMA_VOCAB_FILE, SETTINGS_FILE}
    return {PLAIN_VOCAB_FILE}


def _put_vocabulary(folder: pathlib.Path, config: ModelConfig, vocabulary: Vocabulary) -> None:
    if vocabulary.path.name == TOKENIZER_FILE:
        vocabulary.copy_to(folder)
    elif isinstance(config, T5Config) and is_unigram(vocabulary.path):
        shutil.copyfile(vocabulary.path, folder / T5_VOCAB_FILE)
        write_json_atomically(folder / SETTINGS_FILE, _T5_TOKENIZER)
    elif isinstance(config, DecoderConfig) and vocabulary.start_id is not None:
        shutil.copyfile(vocabulary.path, folder / LLAMA_VOCAB_FILE)
        write_json_atomically(folder / SETTINGS_FILE, _LLAMA_TOKENIZER)
    else:
        shutil.copyfile(vocabulary.path, folder / PLAIN_VOCAB_FILE)


_T5_TOKENIZER = {
    "tokenizer_class": "T5Tokenizer",
    "extra_ids": 100,
    "eos_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "model_max_length": 512,
}
_LLAMA_TOKENIZER = {
    "tokenizer_class": "LlamaTokenizer",
    "add_bos_token": True,
    "bos_token": "<s>",
    "eos_token": "</s>",
    "unk_token": "<unk>",
}
