"""The tokenizer in a gguf's metadata, as the files that `core.vocabulary` and transformers read."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping
from typing import Any, Protocol

from sentencepiece import sentencepiece_model_pb2

from flan_jax.core.errors import ConfigError
from flan_jax.core.tokenizer_json import SETTINGS_FILE, TOKENIZER_FILE

SENTENCEPIECE_FILE = "tokenizer.model"
# `tokenizer.ggml.token_type`: llama.cpp's enumeration, the same numbers as SentencePiece's.
_CONTROL, _USER_DEFINED = 3, 4
# `tokenizer.ggml.pre`: how text is cut before BPE. None is GPT-2's own pattern.
_DIGITS = "digits"
_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_PRETOKENIZERS = {"gpt-2": None, "default": None, "smollm": _DIGITS, "llama-bpe": _LLAMA3, "llama3": _LLAMA3}

__all__ = ["vocabulary_files"]


class Fields(Protocol):
    """A gguf's metadata by name."""

    def get(self, name: str, default: Any = None) -> Any: ...


def vocabulary_files(path: pathlib.Path, fields: Fields) -> tuple[dict[str, bytes], int | None, str | None]:
    """(files by name, the main one first; the BOS id where texts begin with it; what to tell).

    A tokenizer that cannot be rebuilt gives no files, and says so.
    """
    kind = fields.get("tokenizer.ggml.model")
    if kind == "gpt2":
        return _byte_level_bpe(path, fields)
    if kind == "llama":
        return {SENTENCEPIECE_FILE: _sentencepiece(fields)}, 1, None
    return {}, None, f"its tokenizer ({kind}) is not known here: give one with --vocab_path"


def _byte_level_bpe(path: pathlib.Path, fields: Fields) -> tuple[dict[str, bytes], int | None, str | None]:
    try:
        import tokenizers
        from tokenizers import decoders, models, pre_tokenizers
    except ImportError as error:
        raise ConfigError(f"{path} needs the tokenizers package: pip install flan_jax[hf]") from error
    cut = fields.get("tokenizer.ggml.pre", "default")
    if cut not in _PRETOKENIZERS:
        return {}, None, f"its tokenizer cuts text as {cut}, which is not known here: give one with --vocab_path"
    tokens = fields.get("tokenizer.ggml.tokens")
    types = fields.get("tokenizer.ggml.token_type") or [1] * len(tokens)
    merges = [tuple(merge.split(" ")) for merge in fields.get("tokenizer.ggml.merges")]
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=merges))
    pattern = _PRETOKENIZERS[cut]
    steps: list[Any] = [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
    if pattern == _DIGITS:
        steps.insert(0, pre_tokenizers.Digits(individual_digits=True))
    elif pattern is not None:
        # Cut by a pattern of its own: GPT-2's, which ByteLevel has, must not cut again.
        split = pre_tokenizers.Split(tokenizers.Regex(pattern), behavior="isolated")
        steps = [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    added = {_CONTROL: tokenizer.add_special_tokens, _USER_DEFINED: tokenizer.add_tokens}
    for kind, add in added.items():
        add([tokenizers.AddedToken(t, normalized=False) for t, k in zip(tokens, types, strict=True) if k == kind])
    settings, start_id = _settings(tokens, fields)
    files = {TOKENIZER_FILE: tokenizer.to_str().encode(), SETTINGS_FILE: json.dumps(settings, indent=2).encode()}
    return files, start_id, None


def _settings(tokens: list[str], fields: Fields) -> tuple[Mapping[str, Any], int | None]:
    """(tokenizer_config.json, the BOS id where texts begin with it)."""
    adds_bos = bool(fields.get("tokenizer.ggml.add_bos_token", False))
    settings: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": adds_bos}
    ids = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
    for name, theirs in ids.items():
        number = fields.get(f"tokenizer.ggml.{theirs}_token_id")
        if number is not None:
            settings[name] = tokens[number]
    template = fields.get("tokenizer.chat_template")
    if template is not None:
        settings["chat_template"] = template
    return settings, fields.get("tokenizer.ggml.bos_token_id") if adds_bos else None


def _sentencepiece(fields: Fields) -> bytes:
    """Llama's SentencePiece BPE, out of its pieces, scores and types."""
    model = sentencepiece_model_pb2.ModelProto()
    tokens, scores = fields.get("tokenizer.ggml.tokens"), fields.get("tokenizer.ggml.scores")
    types = fields.get("tokenizer.ggml.token_type")
    for piece, score, kind in zip(tokens, scores, types, strict=True):
        model.pieces.add(piece=piece, score=score, type=kind)
    trainer, normaliser = model.trainer_spec, model.normalizer_spec
    trainer.model_type = sentencepiece_model_pb2.TrainerSpec.BPE
    trainer.vocab_size = len(tokens)
    trainer.byte_fallback = any(kind == sentencepiece_model_pb2.ModelProto.SentencePiece.BYTE for kind in types)
    trainer.unk_id, trainer.bos_id, trainer.eos_id, trainer.pad_id = 0, 1, 2, -1
    trainer.unk_piece, trainer.bos_piece, trainer.eos_piece = tokens[0], tokens[1], tokens[2]
    normaliser.name = "identity"
    normaliser.add_dummy_prefix = bool(fields.get("tokenizer.ggml.add_space_prefix", True))
    normaliser.remove_extra_whitespaces = False
    normaliser.escape_whitespaces = True
    serialised: bytes = model.SerializeToString()
    return serialised
