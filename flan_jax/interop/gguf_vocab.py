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
_NORMAL, _CONTROL, _USER_DEFINED = 1, 3, 4
# `tokenizer.ggml.pre`: how text is cut before BPE. None is GPT-2's own pattern.
_DIGITS = "digits"
_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN2 = _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
_PRETOKENIZERS = {
    "gpt-2": None,
    "default": None,
    "smollm": _DIGITS,
    "llama-bpe": _LLAMA3,
    "llama3": _LLAMA3,
    "qwen2": _QWEN2,
}
_SPACE = "\u2581"  # SentencePiece's mark for a space

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
        ids = [fields.get(f"tokenizer.ggml.{name}_token_id", i) for i, name in enumerate(("unknown", "bos", "eos"))]
        if ids != [0, 1, 2]:  # Gemma's: SentencePiece's own files are read in T5's and Llama's conventions
            return _sentencepiece_as_json(path, fields)
        return {SENTENCEPIECE_FILE: _sentencepiece(fields)}, 1, None
    return {}, None, f"its tokenizer ({kind}) is not known here: give one with --vocab_path"


def _byte_level_bpe(path: pathlib.Path, fields: Fields) -> tuple[dict[str, bytes], int | None, str | None]:
    tokenizers = _tokenizers(path)
    decoders, models, pre_tokenizers = tokenizers.decoders, tokenizers.models, tokenizers.pre_tokenizers
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
    if cut == "qwen2":
        tokenizer.normalizer = tokenizers.normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    added = {_CONTROL: tokenizer.add_special_tokens, _USER_DEFINED: tokenizer.add_tokens}
    for kind, add in added.items():
        add([tokenizers.AddedToken(t, normalized=False) for t, k in zip(tokens, types, strict=True) if k == kind])
    settings, start_id = _settings(tokens, fields)
    files = {TOKENIZER_FILE: tokenizer.to_str().encode(), SETTINGS_FILE: json.dumps(settings, indent=2).encode()}
    return files, start_id, None


def _sentencepiece_as_json(path: pathlib.Path, fields: Fields) -> tuple[dict[str, bytes], int | None, str | None]:
    """SentencePiece's BPE as a tokenizer.json, which also knows the tokens of chats: the pair is merged whose joined
    piece has the largest score, so pieces in the order of their scores say which merges go first."""
    tokenizers = _tokenizers(path)
    types = fields.get("tokenizer.ggml.token_type")
    # llama.cpp's converter writes the spaces of user-defined pieces as spaces.
    tokens = [
        token.replace(" ", _SPACE) if kind == _USER_DEFINED else token
        for token, kind in zip(fields.get("tokenizer.ggml.tokens"), types, strict=True)
    ]
    scores = fields.get("tokenizer.ggml.scores")
    vocab = {token: i for i, token in enumerate(tokens)}
    joined = {token for token, kind in zip(tokens, types, strict=True) if kind == _NORMAL}
    merges = []
    for token in sorted(joined, key=lambda token: (-scores[vocab[token]], vocab[token])):
        pairs = [(token[:i], token[i:]) for i in range(1, len(token))]
        merges += [pair for pair in pairs if pair[0] in joined and pair[1] in joined]
    settings, start_id = _settings(tokens, fields)
    model = tokenizers.models.BPE(
        vocab=vocab, merges=merges, unk_token=settings.get("unk_token"), fuse_unk=True, byte_fallback=True
    )
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.normalizer = tokenizers.normalizers.Replace(" ", _SPACE)
    decoders = tokenizers.decoders
    tokenizer.decoder = decoders.Sequence([decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()])
    found = list(zip(tokens, types, strict=True))
    tokenizer.add_special_tokens([tokenizers.AddedToken(t, normalized=False) for t, k in found if k == _CONTROL])
    # Looked for where spaces have become marks.
    tokenizer.add_tokens([tokenizers.AddedToken(t, normalized=True) for t, k in found if k == _USER_DEFINED])
    files = {TOKENIZER_FILE: tokenizer.to_str().encode(), SETTINGS_FILE: json.dumps(settings, indent=2).encode()}
    return files, start_id, None


def _tokenizers(path: pathlib.Path) -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise ConfigError(f"{path} needs the tokenizers package: pip install flan_jax[hf]") from error
    return tokenizers


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
