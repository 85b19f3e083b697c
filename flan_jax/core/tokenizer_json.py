"""Vocabularies of Hugging Face's `tokenizers`: byte-level BPE and what else a tokenizer.json describes.

    FOLDER/tokenizer.json          the tokenizer
           tokenizer_config.json   which tokens begin and end a text, and the chat template

Needs the packages of `pip install flan_jax[hf]`.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flan_jax.core.errors import ConfigError
from flan_jax.core.vocabulary import Vocabulary

TOKENIZER_FILE = "tokenizer.json"
SETTINGS_FILE = "tokenizer_config.json"

__all__ = ["SETTINGS_FILE", "TOKENIZER_FILE", "TokenizerJsonVocabulary"]


class TokenizerJsonVocabulary(Vocabulary):
    """A tokenizer.json with the tokenizer_config.json beside it, which must name the EOS token.

    Text is encoded as it stands: special tokens written in it (as a chat template writes them) become their ids, none
    is added.
    """

    def __init__(self, path: str | pathlib.Path):
        try:
            import tokenizers
        except ImportError as error:
            raise ConfigError(
                f"{path} needs the tokenizers package, which is not installed: pip install flan_jax[hf]"
            ) from error
        self.path = pathlib.Path(path)
        if not self.path.is_file():
            raise ConfigError(f"vocabulary file {self.path} does not exist: give the path of a tokenizer.json")
        content = self.path.read_bytes()
        try:
            self._tokenizer = tokenizers.Tokenizer.from_str(content.decode())
        except Exception as error:  # the library raises bare Exceptions
            raise ConfigError(f"{self.path} is no tokenizer.json that tokenizers reads: {error}") from error
        # A published tokenizer.json may have been saved while it cut and padded texts.
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        settings = _read_settings(self.path.with_name(SETTINGS_FILE))
        eos, bos = _token_text(settings, "eos_token"), _token_text(settings, "bos_token")
        if eos is None:
            raise ConfigError(
                f"{self.path.with_name(SETTINGS_FILE)} names no eos_token, so generations would not end: copy it from "
                f"where {self.path.name} comes from"
            )
        self.size = self._tokenizer.get_vocab_size(with_added_tokens=True)
        self.eos_id = self._id(eos)
        # Llama's and Gemma's tokenizers put BOS in front of texts, GPT-2's and SmolLM2's do not.
        adds_bos = settings.get("add_bos_token", self._template_adds(bos))
        self.start_id = self._id(bos) if bos is not None and adds_bos else None
        self.bos_id = None if bos is None else self._tokenizer.token_to_id(bos)
        self.chat_template: str | None = settings.get("chat_template")
        self._special = {"eos_token": eos, "bos_token": bos or ""}
        key = json.dumps({"eos": self.eos_id, "start": self.start_id}, sort_keys=True)
        self.fingerprint = hashlib.sha256(content + f"|{key}".encode()).hexdigest()

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def decode(self, ids: Iterable[int]) -> str:
        clean = []
        for token in ids:
            if int(token) == self.eos_id:
                break
            clean.append(int(token))
        return self._tokenizer.decode([token for token in clean if token < self.size], skip_special_tokens=True)

    def piece(self, token: int) -> str:
        return self._tokenizer.id_to_token(int(token)) or f"<{int(token)}>"

    def render_chat(self, messages: Sequence[Mapping[str, str]], add_generation_prompt: bool = True) -> str:
        if self.chat_template is None:
            return super().render_chat(messages, add_generation_prompt)
        try:
            import jinja2.sandbox
        except ImportError as error:
            raise ConfigError("chat templates need the jinja2 package: pip install flan_jax[hf]") from error
        # Sandboxed: a template is code of whoever published the model. Blocks are trimmed as transformers does.
        environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        template = environment.from_string(self.chat_template)
        return template.render(messages=messages, add_generation_prompt=add_generation_prompt, **self._special)

    def copy_to(self, folder: pathlib.Path) -> None:
        super().copy_to(folder)
        shutil.copyfile(self.path.with_name(SETTINGS_FILE), folder / SETTINGS_FILE)

    def _id(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        if number is None:
            raise ConfigError(f"{self.path} has no token {token!r}, which {SETTINGS_FILE} names: copy both again")
        return number

    def _template_adds(self, bos: str | None) -> bool:
        """Whether the tokenizer's own post-processing puts `bos` in front."""
        return bos is not None and self._tokenizer.encode("").ids[:1] == [self._tokenizer.token_to_id(bos)]


def _read_settings(file: pathlib.Path) -> dict[str, Any]:
    try:
        settings: dict[str, Any] = json.loads(file.read_text())
        return settings
    except FileNotFoundError as error:
        raise ConfigError(f"{file} does not exist: it names the token that ends a text; copy it too") from error
    except ValueError as error:
        raise ConfigError(f"{file} is not JSON ({error}): copy it again") from error


def _token_text(settings: dict[str, Any], name: str) -> str | None:
    token = settings.get(name)
    return token.get("content") if isinstance(token, dict) else token
