"""GPT-2's tokenizer as its first folders hold it, vocab.json and merges.txt, as files `core.vocabulary` reads."""

from __future__ import annotations

import json
import pathlib

from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.core.tokenizer_json import CHAT_FILE, GENERATION_FILE, SETTINGS_FILE, TOKENIZER_FILE
from flan_jax.interop.hf_folder import read_json

VOCAB_FILE, MERGES_FILE, ADDED_FILE = "vocab.json", "merges.txt", "added_tokens.json"
_END = "<|endoftext|>"

__all__ = ["MERGES_FILE", "VOCAB_FILE", "byte_level_bpe_files"]


def byte_level_bpe_files(folder: pathlib.Path) -> dict[str, bytes]:
    """tokenizer.json and tokenizer_config.json of byte-level BPE cut as GPT-2's (Radford et al. 2019, section 2.2).

    Tokens of added_tokens.json keep their ids. Texts end with the eos_token of a tokenizer_config.json in the folder,
    else with GPT-2's own.
    """
    try:
        import tokenizers
        from tokenizers import decoders, models, pre_tokenizers
    except ImportError as error:
        raise ConfigError(f"{folder / VOCAB_FILE} needs the tokenizers package: pip install flan_jax[hf]") from error
    try:
        model = models.BPE.from_file(str(folder / VOCAB_FILE), str(folder / MERGES_FILE))
    except Exception as error:  # the library raises bare Exceptions
        raise CheckpointError(f"{folder} holds no vocab.json and merges.txt that go together: {error}") from error
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    added = read_json(folder / ADDED_FILE) if (folder / ADDED_FILE).is_file() else {}
    if any(type(number) is not int for number in added.values()):
        raise CheckpointError(f"{folder / ADDED_FILE} has ids that are no integers: copy it again")
    for token in sorted(added, key=lambda name: added[name]):
        tokenizer.add_tokens([tokenizers.AddedToken(token, normalized=False)])
        if tokenizer.token_to_id(token) != added[token]:
            raise CheckpointError(
                f"{folder / ADDED_FILE} gives {token!r} the id {added[token]}, {VOCAB_FILE} has room for it at "
                f"{tokenizer.token_to_id(token)}: copy both files again"
            )
    settings = read_json(folder / SETTINGS_FILE) if (folder / SETTINGS_FILE).is_file() else {}
    settings = {"tokenizer_class": "GPT2Tokenizer", "bos_token": _END, "eos_token": _END, **settings}
    names = [settings[kind] for kind in ("bos_token", "eos_token") if settings[kind] is not None]
    texts = [name.get("content") if isinstance(name, dict) else name for name in names]
    known = [text for text in texts if isinstance(text, str)]
    if len(known) < len(texts):
        raise CheckpointError(f"{folder / SETTINGS_FILE} has a bos_token or eos_token that is no text: copy it again")
    tokenizer.add_special_tokens([text for text in dict.fromkeys(known) if tokenizer.token_to_id(text) is not None])
    beside = {name: (folder / name).read_bytes() for name in (CHAT_FILE, GENERATION_FILE) if (folder / name).is_file()}
    files = {TOKENIZER_FILE: tokenizer.to_str().encode(), SETTINGS_FILE: json.dumps(settings, indent=2).encode()}
    return {**files, **beside}
