"""Vocabularies of Hugging Face's `tokenizers`: byte-level BPE and what else a tokenizer.json describes.

    FOLDER/tokenizer.json          the tokenizer
           tokenizer_config.json   which tokens begin and end a text, and the chat template
           chat_template.jinja     the chat template, where it is a file of its own
           special_tokens_map.json the same tokens, for what tokenizer_config.json leaves out
           generation_config.json  further tokens that end a generation

Needs the packages of `pip install flan_jax[hf]`.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flan_jax.core.errors import ConfigError
from flan_jax.core.tokenizer_growth import why_too_much
from flan_jax.core.vocabulary import Vocabulary

if TYPE_CHECKING:
    from flan_jax.core.chat_template import ChatTemplate

TOKENIZER_FILE = "tokenizer.json"
SETTINGS_FILE = "tokenizer_config.json"
CHAT_FILE = "chat_template.jinja"
TOKENS_FILE = "special_tokens_map.json"
GENERATION_FILE = "generation_config.json"
# What may lie beside a tokenizer.json and belongs to it.
COMPANIONS = (SETTINGS_FILE, CHAT_FILE, TOKENS_FILE, GENERATION_FILE)
_SPECIAL = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")

__all__ = ["CHAT_FILE", "COMPANIONS", "GENERATION_FILE", "SETTINGS_FILE", "TOKENIZER_FILE", "TokenizerJsonVocabulary"]


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
        content = _read(self.path)
        parsed: Any = None
        try:
            parsed = json.loads(content)
            fault = why_too_much(parsed)
            if fault is None:
                self._tokenizer = tokenizers.Tokenizer.from_str(content.decode())
        except BaseException as error:  # the library raises bare Exceptions, and its panics are not even those
            fault = _fault(error)
        if fault is not None:
            raise ConfigError(
                f"{self.path} is no tokenizer.json that is read here: {fault}. Copy it again, or take another"
            )
        # A published tokenizer.json may have been saved while it cut and padded texts.
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        settings_file = self.path.with_name(SETTINGS_FILE)
        settings = _read_settings(settings_file, "it names the token that ends a text; copy it too")
        # transformers reads both, the former first.
        tokens_file = self.path.with_name(TOKENS_FILE)
        tokens = {**(_read_settings(tokens_file) if tokens_file.exists() else {}), **settings}
        self._special = {
            name: text for name in _SPECIAL if (text := _token_text(settings_file, tokens, name)) is not None
        }
        eos, bos = self._special.get("eos_token"), self._special.get("bos_token")
        if eos is None:
            raise ConfigError(
                f"{settings_file} names no eos_token, so generations would not end: copy it from where "
                f"{self.path.name} comes from"
            )
        self.size = self._tokenizer.get_vocab_size(with_added_tokens=True)
        self.eos_id = self._id(eos)
        self._eos_ids = self._end_ids()
        # Llama's and Gemma's tokenizers put BOS in front of texts, GPT-2's and SmolLM2's do not.
        adds_bos = settings.get("add_bos_token", self._template_adds(bos))
        self.start_id = self._id(bos) if bos is not None and adds_bos else None
        self.bos_id = None if bos is None else self._tokenizer.token_to_id(bos)
        # A token, or of a unigram model its number; byte-level models name none, or one that they never need.
        unknown = parsed["model"].get("unk_token")
        self.unknown_id = parsed["model"].get("unk_id") if unknown is None else self._tokenizer.token_to_id(unknown)
        self._settings = settings
        key = json.dumps({"eos": self.eos_id, "start": self.start_id}, sort_keys=True)
        self.fingerprint = hashlib.sha256(content + f"|{key}".encode()).hexdigest()

    @property
    def eos_ids(self) -> tuple[int, ...]:
        return self._eos_ids

    @property
    def chat_template(self) -> str | None:
        """The chat template's text; None where there is none."""
        found = self._chat()
        return None if found is None else found.text

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        try:
            encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        except BaseException as error:  # a file may name steps that fail on some texts only
            raise ConfigError(f"{self.path} fails on a text: {_fault(error)}. Take another tokenizer") from error
        return [encoding.ids for encoding in encodings]

    def decode(self, ids: Iterable[int]) -> str:
        clean = []
        for token in ids:
            if int(token) in self._eos_ids:
                break
            clean.append(int(token))
        return self._tokenizer.decode([token for token in clean if token < self.size], skip_special_tokens=True)

    def piece(self, token: int) -> str:
        return self._tokenizer.id_to_token(int(token)) or f"<{int(token)}>"

    def render_chat(self, messages: Sequence[Mapping[str, str]], add_generation_prompt: bool = True) -> str:
        template = self._chat()
        if template is None:
            return super().render_chat(messages, add_generation_prompt)
        return template.render(messages, add_generation_prompt, self._special)

    def copy_to(self, folder: pathlib.Path) -> None:
        super().copy_to(folder)
        for name in COMPANIONS:
            if self.path.with_name(name).is_file():
                shutil.copyfile(self.path.with_name(name), folder / name)

    def _chat(self) -> ChatTemplate | None:
        try:
            from flan_jax.core.chat_template import read_chat_template
        except ImportError as error:
            raise ConfigError("chat templates need the jinja2 package: pip install flan_jax[hf]") from error
        return read_chat_template(self.path.parent, self._settings, self.path.with_name(SETTINGS_FILE))

    def _end_ids(self) -> tuple[int, ...]:
        """The EOS token first, then those of generation_config.json, each of which ends a generation."""
        file = self.path.with_name(GENERATION_FILE)
        found = _read_settings(file).get("eos_token_id") if file.exists() else None
        others = found if isinstance(found, list) else [] if found is None else [found]
        for number in others:
            if type(number) is not int or not 0 <= number < self.size:
                raise ConfigError(
                    f"{file} has eos_token_id {number!r:.40}; a tokenizer of {self.size:,} tokens has 0 to "
                    f"{self.size - 1:,}: copy both again"
                )
        return tuple(dict.fromkeys([self.eos_id, *others]))

    def _id(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        if number is None:
            raise ConfigError(f"{self.path} has no token {token!r}, which {SETTINGS_FILE} names: copy both again")
        return number

    def _template_adds(self, bos: str | None) -> bool:
        """Whether the tokenizer's own post-processing puts `bos` in front."""
        return bos is not None and self._tokenizer.encode("").ids[:1] == [self._tokenizer.token_to_id(bos)]


def _read(file: pathlib.Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read ({error.strerror or error}): make it readable, or copy it again"
        ) from error


def _read_settings(file: pathlib.Path, remedy: str = "copy it again") -> dict[str, Any]:
    if not file.exists():
        raise ConfigError(f"{file} does not exist: {remedy}")
    try:
        settings = json.loads(_read(file))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{file} is not JSON ({error}): copy it again") from error
    if not isinstance(settings, dict):
        raise ConfigError(f"{file} holds {settings!r:.40}, no JSON object: copy it again")
    return settings


def _token_text(file: pathlib.Path, settings: Mapping[str, Any], name: str) -> str | None:
    token = settings.get(name)
    text = token.get("content") if isinstance(token, dict) else token
    if text is not None and not isinstance(text, str):
        raise ConfigError(f"{file} has {name} {token!r:.40}, no text: copy it again")
    return text


def _fault(error: BaseException) -> str:
    """What the tokenizers library says in a line; other errors that are no `Exception` go on."""
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
        raise error
    return " ".join(str(error).split())[:300]
