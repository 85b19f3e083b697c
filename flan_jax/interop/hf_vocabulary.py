"""The vocabulary of a Hugging Face folder: which of its files are read, and what would be lost of the others."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Mapping
from typing import Any

from google.protobuf.message import DecodeError
from sentencepiece import sentencepiece_model_pb2

from flan_jax.core.errors import CheckpointError, some_of
from flan_jax.core.tokenizer_json import CHAT_FILE, COMPANIONS, GENERATION_FILE, SETTINGS_FILE, TOKENIZER_FILE
from flan_jax.interop.gpt2_vocab import ADDED_FILE, MERGES_FILE, VOCAB_FILE, byte_level_bpe_files
from flan_jax.interop.hf_folder import CONFIG_FILE, read_json

T5_VOCAB_FILE = "spiece.model"
LLAMA_VOCAB_FILE = "tokenizer.model"

__all__ = ["LLAMA_VOCAB_FILE", "T5_VOCAB_FILE", "folder_vocabulary"]


def folder_vocabulary(path: pathlib.Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """`ForeignModel`'s fields of the vocabulary: SentencePiece's model before tokenizer.json, which is made of it; but
    not where the folder says of its tokenizer what that model does not hold.

    Args:
      path: the folder.
      settings: config.json's content, which may name the tokens that end a generation.
    """
    lost = left = ""
    for name in (T5_VOCAB_FILE, LLAMA_VOCAB_FILE):
        if (path / name).is_file():
            lost, left = _lost(path, name)
            if not lost and not left:
                return {"vocab_path": path / name}
            break
    if (path / TOKENIZER_FILE).is_file() and (path / SETTINGS_FILE).is_file():
        files = {name: _read(path / name) for name in (TOKENIZER_FILE, *COMPANIONS) if (path / name).is_file()}
        return {"vocab_files": _with_ends(path, files, settings)}
    if lost:
        return {"vocab_fault": lost}
    if left:
        return {"vocab_path": path / name, "vocab_notes": (left,)}
    if (path / VOCAB_FILE).is_file() and (path / MERGES_FILE).is_file():
        return {"vocab_files": _with_ends(path, byte_level_bpe_files(path), settings)}
    return {}


def _with_ends(path: pathlib.Path, files: dict[str, bytes], settings: Mapping[str, Any]) -> dict[str, bytes]:
    """`files` with the end tokens of config.json, where no generation_config.json says which they are."""
    generation = read_json(path / GENERATION_FILE) if GENERATION_FILE in files else {}
    ends = settings.get("eos_token_id")
    if generation.get("eos_token_id") is None and ends is not None:
        files[GENERATION_FILE] = json.dumps({**generation, "eos_token_id": ends}).encode()
    return files


def _lost(path: pathlib.Path, name: str) -> tuple[str, str]:
    """(an error that says what a SentencePiece model lacks of the folder's tokenizer: what changes a text's ids or ends
    answers; what to tell where it lacks the chat template alone). Each is "" where there is nothing."""
    try:
        model = sentencepiece_model_pb2.ModelProto.FromString(_read(path / name))
    except DecodeError as error:
        raise CheckpointError(f"{path / name} is not a SentencePiece model ({error}): copy it again") from error
    pieces = [piece.piece for piece in model.pieces]
    settings = read_json(path / SETTINGS_FILE) if (path / SETTINGS_FILE).is_file() else {}
    added = read_json(path / ADDED_FILE) if (path / ADDED_FILE).is_file() else {}
    known = {*pieces, *(f"<extra_id_{k}>" for k in range(1000))}
    decoder = settings.get("added_tokens_decoder")
    texts = [*added, *(_text(token) for token in decoder.values())] if isinstance(decoder, dict) else [*added]
    missing = [text for text in dict.fromkeys(texts) if text and text not in known]
    eos = _text(settings.get("eos_token"))
    spec = model.trainer_spec
    end = spec.eos_id
    reasons = []
    if missing:
        reasons.append(f"the added tokens {some_of(missing)}")
    if eos and 0 <= end < len(pieces) and eos != pieces[end]:
        reasons.append(f"the end token {eos} (its own is {pieces[end]})")
    others, source = _ends(path)
    others = [number for number in others if number != end]
    if others:
        ends = "the end token" if len(others) == 1 else "the end tokens"
        reasons.append(f"{ends} {', '.join(map(str, others))} of {source} (its own is {end})")
    ids = (spec.pad_id, spec.eos_id, spec.bos_id, spec.unk_id)
    if ids == (0, 1, 2, 3):  # Gemma's
        reasons.append("an order of pad, eos, bos and unk that is read here")
    # Read in Llama's convention, prompts begin with BOS; in T5's they do not.
    adds_bos = settings.get("add_bos_token", ids == (-1, 2, 1, 0))
    if ids == (-1, 2, 1, 0) and not adds_bos:
        reasons.append(f"add_bos_token {json.dumps(adds_bos)} of {SETTINGS_FILE} (its prompts begin with id 1)")
    if ids[0] == 0 and spec.bos_id >= 0 and adds_bos:
        reasons.append(f"add_bos_token {json.dumps(adds_bos)} of {SETTINGS_FILE} (its prompts have no BOS)")
    where = CHAT_FILE if (path / CHAT_FILE).is_file() else SETTINGS_FILE if settings.get("chat_template") else ""
    remedy = f"save the tokenizer with transformers as {TOKENIZER_FILE}, which holds all of it, into the folder"
    if reasons:
        chat = " and the chat template" if where else ""
        return f"{path / name} is a SentencePiece model without {', '.join(reasons)}{chat}: {remedy}", ""
    if where:
        return "", f"the chat template of {where} was left, which {name} cannot hold: to chat, {remedy}"
    return "", ""


def _ends(path: pathlib.Path) -> tuple[list[Any], str]:
    """(the end tokens that the folder names, the file that does): generation_config.json's, else config.json's."""
    for name in (GENERATION_FILE, CONFIG_FILE):
        found = read_json(path / name).get("eos_token_id") if (path / name).is_file() else None
        if found is not None:
            return found if isinstance(found, list) else [found], name
    return [], ""


def _text(token: Any) -> str:
    text = token.get("content") if isinstance(token, dict) else token
    return text if isinstance(text, str) and not re.fullmatch(r"<extra_id_\d+>", text) else ""


def _read(file: pathlib.Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read ({error.strerror or error}): make it readable") from error
