"""The tokenizer in a gguf's metadata, as the files that `core.vocabulary` and transformers read.

What a file leaves out is as llama.cpp reads it (its src/llama-vocab.cpp): texts of SentencePiece's and Llama 3's
tokenizers begin with BOS, SentencePiece's with a space too, and a token that is known to end a turn does so.
"""

from __future__ import annotations

import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sentencepiece import sentencepiece_model_pb2

from flan_jax.core.errors import ConfigError
from flan_jax.core.tokenizer_json import GENERATION_FILE, SETTINGS_FILE, TOKENIZER_FILE

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
# Cuts after which llama.cpp takes a whole word that is a token as that token, whatever the merges make of it, and puts
# BOS in front of texts.
_AS_LLAMA3 = ("llama-bpe", "llama3")
# Of `tokenizer.ggml.…_token_id`, what llama.cpp takes for SentencePiece's where a file names none.
_SENTENCEPIECE_IDS = {"unknown": 0, "bos": 1, "eos": 2}
# What ends a generation; the end of a turn has one of these texts where no id says which it is.
_ENDS = ("eos", "eot", "eom")
_TURN_ENDS = ("<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>")
_SPACE = "\u2581"  # SentencePiece's mark for a space

_Made = tuple[dict[str, bytes], int | None, tuple[str, ...]]

__all__ = ["vocabulary_files"]


class Fields(Protocol):
    """A gguf's metadata by name."""

    def get(self, name: str, default: Any = None) -> Any: ...


def vocabulary_files(path: pathlib.Path, fields: Fields) -> _Made:
    """(files by name, the main one first; the BOS id where texts begin with it; what to tell).

    A tokenizer that cannot be rebuilt gives no files, and says so.
    """
    kind = fields.get("tokenizer.ggml.model")
    if kind == "gpt2":
        return _byte_level_bpe(path, fields)
    if kind == "llama":
        ids = {name: fields.get(f"tokenizer.ggml.{name}_token_id", i) for name, i in _SENTENCEPIECE_IDS.items()}
        # SentencePiece's own files are read in T5's and Llama's conventions, unlike Gemma's; and they hold neither that
        # texts begin without BOS, nor further end tokens, nor a chat template.
        is_plain = ids == _SENTENCEPIECE_IDS and fields.get("tokenizer.ggml.add_bos_token", True)
        if not is_plain or len(_end_ids(fields, ids)) > 1 or fields.get("tokenizer.chat_template") is not None:
            return _sentencepiece_as_json(path, fields, ids)
        return {SENTENCEPIECE_FILE: _sentencepiece(fields)}, 1, ()
    return {}, None, (f"its tokenizer ({kind}) is not known here: give one with --vocab_path",)


def _byte_level_bpe(path: pathlib.Path, fields: Fields) -> _Made:
    tokenizers = _tokenizers(path)
    decoders, models, pre_tokenizers = tokenizers.decoders, tokenizers.models, tokenizers.pre_tokenizers
    cut = fields.get("tokenizer.ggml.pre", "default")
    if cut not in _PRETOKENIZERS:
        return {}, None, (f"its tokenizer cuts text as {cut}, which is not known here: give one with --vocab_path",)
    tokens = fields.get("tokenizer.ggml.tokens")
    types = fields.get("tokenizer.ggml.token_type") or [1] * len(tokens)
    merges = [tuple(merge.split(" ")) for merge in fields.get("tokenizer.ggml.merges")]
    vocab = {t: i for i, t in enumerate(tokens)}
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab=vocab, merges=merges, ignore_merges=cut in _AS_LLAMA3))
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
    return _files(tokenizer, tokens, fields, {}, cut in _AS_LLAMA3)


def _sentencepiece_as_json(path: pathlib.Path, fields: Fields, ids: Mapping[str, int]) -> _Made:
    """SentencePiece's BPE as a tokenizer.json, which also knows the tokens of chats: the pair is merged whose joined
    piece has the largest score, so pieces in the order of their scores say which merges go first.

    Args:
      path: the file, for messages.
      fields: its metadata.
      ids: of the unknown token, BOS and EOS.
    """
    tokenizers = _tokenizers(path)
    tokens, types = fields.get("tokenizer.ggml.tokens"), fields.get("tokenizer.ggml.token_type")
    has_prefix = bool(fields.get("tokenizer.ggml.add_space_prefix", True))
    # llama.cpp's converter writes the spaces of user-defined pieces as spaces, and llama.cpp looks for them before
    # spaces become marks. Without a prefix it may be after that, with pieces as SentencePiece writes them.
    if not has_prefix:
        is_defined = [kind == _USER_DEFINED for kind in types]
        tokens = [t.replace(" ", _SPACE) if is_own else t for t, is_own in zip(tokens, is_defined, strict=True)]
    scores = fields.get("tokenizer.ggml.scores")
    vocab = {token: i for i, token in enumerate(tokens)}
    joined = {token for token, kind in zip(tokens, types, strict=True) if kind == _NORMAL}
    merges = []
    for token in sorted(joined, key=lambda token: (-scores[vocab[token]], vocab[token])):
        pairs = [(token[:i], token[i:]) for i in range(1, len(token))]
        merges += [pair for pair in pairs if pair[0] in joined and pair[1] in joined]
    model = tokenizers.models.BPE(
        vocab=vocab, merges=merges, unk_token=tokens[ids["unknown"]], fuse_unk=True, byte_fallback=True
    )
    tokenizer = tokenizers.Tokenizer(model)
    normalizers, decoders = tokenizers.normalizers, tokenizers.decoders
    marks = normalizers.Replace(" ", _SPACE)
    written = [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(_SPACE), marks]) if has_prefix else marks
    tokenizer.decoder = decoders.Sequence([*written, decoders.Strip(" ", 1, 0)] if has_prefix else written)
    found = list(zip(tokens, types, strict=True))
    tokenizer.add_special_tokens([tokenizers.AddedToken(t, normalized=False) for t, k in found if k == _CONTROL])
    defined = [tokenizers.AddedToken(t, normalized=not has_prefix) for t, k in found if k == _USER_DEFINED]
    tokenizer.add_tokens(defined)
    return _files(tokenizer, tokens, fields, ids, True)


def _tokenizers(path: pathlib.Path) -> Any:
    try:
        import tokenizers
    except ImportError as error:
        raise ConfigError(f"{path} needs the tokenizers package: pip install flan_jax[hf]") from error
    return tokenizers


def _files(tokenizer: Any, tokens: Sequence[str], fields: Fields, ids: Mapping[str, int], adds_bos: bool) -> _Made:
    """What `vocabulary_files` gives of a tokenizer.

    Args:
      tokenizer: the library's.
      tokens: by id.
      fields: the file's metadata.
      ids: of special tokens, where the metadata names none.
      adds_bos: whether BOS goes in front of texts, where the metadata does not say.
    """
    adds_bos = bool(fields.get("tokenizer.ggml.add_bos_token", adds_bos))
    settings: dict[str, Any] = {"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": adds_bos}
    found = {"bos_token": "bos", "eos_token": "eos", "unk_token": "unknown", "pad_token": "padding"}
    numbers = {name: fields.get(f"tokenizer.ggml.{it}_token_id", ids.get(it)) for name, it in found.items()}
    settings |= {name: tokens[number] for name, number in numbers.items() if number is not None}
    template = fields.get("tokenizer.chat_template")
    if template is not None:
        settings["chat_template"] = template
    files = {TOKENIZER_FILE: tokenizer.to_str().encode(), SETTINGS_FILE: json.dumps(settings, indent=2).encode()}
    notes = []
    if adds_bos and numbers["bos_token"] is None:
        notes.append("its texts begin with BOS, and it does not say which token that is: none is put in front of them")
    ends = _end_ids(fields, ids)
    if len(ends) > 1:
        files[GENERATION_FILE] = json.dumps({"eos_token_id": ends}).encode()
        notes.append(f"each of {', '.join(tokens[number] for number in ends)} ends an answer, as in llama.cpp")
    return files, numbers["bos_token"] if adds_bos else None, tuple(notes)


def _end_ids(fields: Fields, ids: Mapping[str, int]) -> list[int]:
    """The tokens that each end a generation, EOS first; without EOS there are none.

    As llama.cpp does, the end of a turn is found by its text where the metadata does not name it.
    """
    named = [fields.get(f"tokenizer.ggml.{name}_token_id", ids.get(name)) for name in _ENDS]
    if named[0] is None:
        return []
    if named[1] is None:
        tokens = fields.get("tokenizer.ggml.tokens")
        types = fields.get("tokenizer.ggml.token_type") or []
        named += [i for i, k in enumerate(types) if k in (_CONTROL, _USER_DEFINED) and tokens[i] in _TURN_ENDS]
    return list(dict.fromkeys(number for number in named if number is not None))


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
