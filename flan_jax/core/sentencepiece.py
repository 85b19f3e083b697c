"""Vocabularies of SentencePiece models: T5's convention, or Llama's."""

from __future__ import annotations

import hashlib
import pathlib
from collections.abc import Iterable, Sequence

import sentencepiece
from google.protobuf.message import DecodeError
from sentencepiece import sentencepiece_model_pb2

from flan_jax.core.errors import ConfigError
from flan_jax.core.vocabulary import EOS_ID, PAD_ID, UNK_ID, Vocabulary

__all__ = ["SentencePieceVocabulary"]


class SentencePieceVocabulary(Vocabulary):
    """A SentencePiece model: T5's convention (pad 0, eos 1, unk 2) with `num_sentinels` sentinel ids above its pieces,
    or Llama's (unk 0, bos 1, eos 2, no pad), which has none.

    Sentinel `<extra_id_k>` has id `size - 1 - k` (Raffel et al. 2020, section 3.1.4). The sentinels are added as
    user-defined pieces, so ids equal those of `seqio.SentencePieceVocabulary(path, extra_ids=num_sentinels)`. A file
    that ends in them already, as mT5's public one does, gets none added: those it has are its sentinels.
    """

    def __init__(self, path: str | pathlib.Path, num_sentinels: int = 100):
        self.path = pathlib.Path(path)
        if not self.path.is_file():
            raise ConfigError(
                f"vocabulary file {self.path} does not exist: give the path of a SentencePiece .model file or a "
                f"tokenizer.json (VOCAB_PATH), or leave it unset for the embedded vocabulary"
            )
        model_bytes = self.path.read_bytes()
        try:
            model = sentencepiece_model_pb2.ModelProto.FromString(model_bytes)
        except DecodeError as error:
            raise ConfigError(
                f"{self.path} is not a SentencePiece model: {error}. Copy it again, or give another"
            ) from error
        if not model.pieces:
            raise ConfigError(f"{self.path} is not a SentencePiece model: it holds no pieces. Copy it again")
        trainer = model.trainer_spec
        ids = (trainer.pad_id, trainer.bos_id, trainer.eos_id, trainer.unk_id)
        own_sentinels = _own_sentinels(model)
        self.num_pieces = len(model.pieces) - own_sentinels
        if ids == (-1, 1, 2, 0):
            num_sentinels, self.start_id = 0, 1
        elif (ids[0], *ids[2:]) != (PAD_ID, EOS_ID, UNK_ID):
            raise ConfigError(
                f"{self.path} has pad, eos, unk ids {(ids[0], *ids[2:])}; the T5 convention is (0, 1, 2): train the "
                f"model with --pad_id=0 --eos_id=1 --unk_id=2 --bos_id=-1 (Llama's, -1, 2, 0 with bos 1, is read too)"
            )
        self.eos_id, self.unknown_id = ids[2], ids[3]
        self._unknown: int = ids[3]
        num_sentinels = own_sentinels or num_sentinels
        # Downwards, so that <extra_id_0> has the last id; with the word mark in front, as seqio writes them.
        for k in reversed(range(0 if own_sentinels else num_sentinels)):
            model.pieces.add(
                piece=f"\u2581<extra_id_{k}>",
                score=0.0,
                type=sentencepiece_model_pb2.ModelProto.SentencePiece.USER_DEFINED,
            )
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
        except RuntimeError as error:  # of a damaged file: a piece that is there twice, none that is unknown
            raise ConfigError(
                f"{self.path} is no SentencePiece model that can be used ({error}): copy it again"
            ) from error
        self.num_sentinels = num_sentinels
        self.size = self.num_pieces + num_sentinels
        self.fingerprint = hashlib.sha256(model_bytes + f"|{num_sentinels}".encode()).hexdigest()

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._processor.encode(text)
        return ids

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        ids: list[list[int]] = self._processor.encode(list(texts))
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        # Llama's id 0 is the unknown piece and has text; what has none there is BOS.
        skipped = PAD_ID if self.start_id is None else self.start_id
        clean: list[int] = []
        for token in ids:
            token = int(token)
            if token == self.eos_id:
                break
            if token != skipped:
                # A model's table is padded to more rows than the vocabulary has, and weights in training may pick one.
                clean.append(token if token < self.size else self._unknown)
        text: str = self._processor.decode(clean)
        return text

    def decode_batch(self, encoded: Sequence[Sequence[int]]) -> list[str]:
        texts: list[str] = self._processor.decode([list(ids) for ids in encoded]) if encoded else []
        return texts

    def piece(self, token: int) -> str:
        return self._processor.id_to_piece(int(token))


def _own_sentinels(model: sentencepiece_model_pb2.ModelProto) -> int:
    """How many sentinels the file ends in: <extra_id_0> is its last piece, <extra_id_1> the one before."""
    count = 0
    for piece in reversed(model.pieces):
        if piece.piece.removeprefix("\u2581") != f"<extra_id_{count}>":
            break
        count += 1
    return count
