"""What a vocabulary is, text to token ids and back, and the one that a file holds.

PAD_ID, EOS_ID and UNK_ID are T5's; other models' vocabularies have
their own `eos_id`, and rows are filled with PAD_ID whatever the vocabulary, as segment ids say what is a token.
"""

from __future__ import annotations

import abc
import functools
import importlib
import os
import pathlib
import shutil
from collections.abc import Iterable, Mapping, Sequence

from flan_jax.core.errors import ConfigError

PAD_ID = 0
EOS_ID = 1
UNK_ID = 2

# Read beside a tokenizer.json: `flan_jax.core.tokenizer_json` and `chat_template` know what is in them.
_BESIDE = ("tokenizer_config.json", "special_tokens_map.json", "generation_config.json", "chat_template.jinja")
# By a file's ending: where its kind is. Modules by name, so that a kind's libraries are imported when one is met.
_KINDS = {
    ".json": "flan_jax.core.tokenizer_json:TokenizerJsonVocabulary",
    "": "flan_jax.core.sentencepiece:SentencePieceVocabulary",
}

__all__ = ["EOS_ID", "PAD_ID", "UNK_ID", "Vocabulary", "load_vocabulary", "read_vocabulary"]


class Vocabulary(abc.ABC):
    """What every kind of vocabulary has.

    Attributes:
      path: its file; what belongs to it lies beside.
      size: ids it can give, sentinels included.
      num_sentinels: sentinel ids, at the top; 0 for a model that was not trained by span corruption.
      unknown_id: stands for what the vocabulary cannot write; None where it can write every text.
      eos_id: ends a text. start_id: BOS, None where texts begin with their own first token. bos_id: the token that the
        vocabulary calls so, whether or not texts begin with it.
      fingerprint: sha256 of what decides which ids a text has.
    """

    path: pathlib.Path
    size: int
    num_sentinels: int = 0
    unknown_id: int | None = None
    eos_id: int = EOS_ID
    start_id: int | None = None
    bos_id: int | None = None
    fingerprint: str

    @property
    def eos_ids(self) -> tuple[int, ...]:
        """Ids that each end a generation: `eos_id`, and what else the vocabulary's files name."""
        return (self.eos_id,)

    @abc.abstractmethod
    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, no BOS or EOS; one call is much faster than one call a text."""

    @abc.abstractmethod
    def decode(self, ids: Iterable[int]) -> str:
        """Text of `ids` up to the first EOS; pads are skipped, ids past the vocabulary become unknown."""

    @abc.abstractmethod
    def piece(self, token: int) -> str:
        """The piece of one id, for showing tokens one by one."""

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, no BOS or EOS."""
        return self.encode_batch([text])[0]

    def decode_batch(self, encoded: Sequence[Sequence[int]]) -> list[str]:
        """Text of each of some encoded texts; one call may be much faster than one call a text."""
        return [self.decode(ids) for ids in encoded]

    def count_unknown(self, ids: Sequence[int]) -> int:
        """How many of a text's token ids are the unknown one."""
        return 0 if self.unknown_id is None else ids.count(self.unknown_id)

    def written_inside(self, text: str) -> str:
        """`text` as the vocabulary writes it between other texts: T5's, which has no line breaks, writes "\\n\\nQ:" as
        " Q:". Empty where nothing but spaces is left of it, or a character is unknown, so that it is not told from
        others."""
        ids = self.encode(f"a{text}a")
        if self.count_unknown(ids):
            return ""
        written = self.decode(ids)
        if not (written.startswith("a") and written.endswith("a")):  # a vocabulary that changes this letter too
            return text if self.decode(self.encode(text)) == text else ""
        form = written[1:-1]
        return form if form == text or form.strip() else ""

    def sentinel_id(self, k: int) -> int:
        """Id of `<extra_id_k>`."""
        if not 0 <= k < self.num_sentinels:
            raise ConfigError(f"sentinel {k} is not in [0, {self.num_sentinels}): use fewer or longer noise spans")
        return self.size - 1 - k

    def chat_prompt(self, text: str) -> str:
        """`text` as what a user says to a chat model, up to where the answer begins."""
        return self.render_chat([{"role": "user", "content": text}])

    def render_chat(self, messages: Sequence[Mapping[str, str]], add_generation_prompt: bool = True) -> str:
        """A conversation as a chat model was tuned to read it; messages have a `role` and a `content`.

        Raises `ConfigError` for a vocabulary without a chat template.
        """
        del messages, add_generation_prompt
        raise ConfigError(f"{self.path} has no chat template: give the prompt as the model expects it")

    def copy_to(self, folder: pathlib.Path) -> None:
        """Copies the vocabulary's file, and what belongs to it, into `folder`."""
        shutil.copyfile(self.path, folder / self.path.name)


def load_vocabulary(path: str | os.PathLike[str], num_sentinels: int = 100) -> Vocabulary:
    """The vocabulary at `path`, read once a process as long as its files stay: a SentencePiece model, or a
    tokenizer.json.

    Args:
      path: its file.
      num_sentinels: ids that a SentencePiece model's vocabulary has after its pieces; a tokenizer.json has its own.
    """
    path = os.fspath(path)  # one entry, whether a path is text or not
    return _read_once(path, num_sentinels, tuple(_version(file) for file in _files_of(path)))


def read_vocabulary(path: str | os.PathLike[str], num_sentinels: int = 100) -> Vocabulary:
    """`load_vocabulary` of a file whose path may come back with another content: read at every call."""
    path = os.fspath(path)
    is_json = path.endswith(".json")
    module, _, name = _KINDS[".json" if is_json else ""].partition(":")
    kind = getattr(importlib.import_module(module), name)
    vocabulary: Vocabulary = kind(path) if is_json else kind(path, num_sentinels)
    return vocabulary


@functools.lru_cache(maxsize=8)
def _read_once(path: str, num_sentinels: int, versions: tuple[tuple[int, int] | None, ...]) -> Vocabulary:
    del versions  # in the key
    return read_vocabulary(path, num_sentinels)


def _files_of(path: str) -> list[pathlib.Path]:
    """What is read for a vocabulary; of a tokenizer.json also what lies beside it (end tokens, chat template)."""
    file = pathlib.Path(path)
    return [file, *(file.with_name(name) for name in _BESIDE)] if file.suffix == ".json" else [file]


def _version(file: pathlib.Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None  # `read_vocabulary` says so, where it is needed
    return status.st_mtime_ns, status.st_size
