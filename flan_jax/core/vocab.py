"""SentencePiece vocabularies in the T5 convention: pad 0, eos 1, unk 2, sentinels above the pieces."""

from __future__ import annotations

import functools
import hashlib
import pathlib
from collections.abc import Iterable, Sequence

import sentencepiece
from google.protobuf.message import DecodeError
from sentencepiece import sentencepiece_model_pb2

from flan_jax.core.errors import ConfigError

PAD_ID = 0
EOS_ID = 1
UNK_ID = 2

__all__ = ["EOS_ID", "PAD_ID", "UNK_ID", "Vocabulary", "load_vocabulary"]


class Vocabulary:
    """A SentencePiece model plus `num_sentinels` sentinel ids above its pieces.

    Sentinel `<extra_id_k>` has id `size - 1 - k` (Raffel et al. 2020, section 3.1.4). The sentinels are added as
    user-defined pieces, so ids equal those of `seqio.SentencePieceVocabulary(path, extra_ids=num_sentinels)`.
    """

    def __init__(self, path: str | pathlib.Path, num_sentinels: int = 100):
        self.path = pathlib.Path(path)
        if not self.path.is_file():
            raise ConfigError(
                f"vocabulary file {self.path} does not exist: give the path of a SentencePiece .model file "
                f"(VOCAB_PATH), or leave it unset for the embedded vocabulary"
            )
        model_bytes = self.path.read_bytes()
        try:
            model = sentencepiece_model_pb2.ModelProto.FromString(model_bytes)
        except DecodeError as error:
            raise ConfigError(f"{self.path} is not a SentencePiece model: {error}") from error
        self.num_pieces = len(model.pieces)
        for k in reversed(range(num_sentinels)):
            model.pieces.add(
                piece=f"\u2581<extra_id_{k}>",
                score=0.0,
                type=sentencepiece_model_pb2.ModelProto.SentencePiece.USER_DEFINED,
            )
        self._processor = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
        ids = (self._processor.pad_id(), self._processor.eos_id(), self._processor.unk_id())
        if ids != (PAD_ID, EOS_ID, UNK_ID):
            raise ConfigError(
                f"{self.path} has pad, eos, unk ids {ids}; the T5 convention is (0, 1, 2): train the model with "
                f"--pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1"
            )
        self.num_sentinels = num_sentinels
        self.size = self.num_pieces + num_sentinels
        self.fingerprint = hashlib.sha256(model_bytes + f"|{num_sentinels}".encode()).hexdigest()

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, no EOS."""
        return self._processor.encode(text)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text; one call is much faster than one call a text."""
        return self._processor.encode(list(texts))

    def decode(self, ids: Iterable[int]) -> str:
        """Text of `ids` up to the first EOS; pads are skipped, ids past the vocabulary become unknown."""
        clean: list[int] = []
        for token in ids:
            token = int(token)
            if token == EOS_ID:
                break
            if token != PAD_ID:
                clean.append(token if token < self.size else UNK_ID)
        return self._processor.decode(clean)

    def piece(self, token: int) -> str:
        """The piece of one id, for showing tokens one by one."""
        return self._processor.id_to_piece(int(token))

    def sentinel_id(self, k: int) -> int:
        """Id of `<extra_id_k>`."""
        if not 0 <= k < self.num_sentinels:
            raise ConfigError(f"sentinel {k} is not in [0, {self.num_sentinels}): use fewer or longer noise spans")
        return self.size - 1 - k


@functools.lru_cache(maxsize=8)
def load_vocabulary(path: str, num_sentinels: int = 100) -> Vocabulary:
    """The vocabulary at `path`, read once a process."""
    return Vocabulary(path, num_sentinels)
