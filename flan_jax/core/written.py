"""What a vocabulary can write: a text that comes back from its tokens.

T5's pieces have no braces, no backslash and few letters beyond Western Europe's: what they lack becomes the unknown
piece, so that a model is trained to say that, and can never give such an answer.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from flan_jax.core.vocabulary import Vocabulary

__all__ = ["can_write"]


def can_write(
    vocabulary: Vocabulary, texts: Sequence[str], encoded: Sequence[Sequence[int]] | None = None
) -> list[bool]:
    """Whether each text has no unknown piece and comes back from its tokens: but for white space (a line break may come
    back as a space) and compatible forms (Unicode's NFKC).

    Args:
      vocabulary: what the texts are to be written with.
      texts: any.
      encoded: their token ids without EOS, where they are at hand.
    """
    encoded = vocabulary.encode_batch(texts) if encoded is None else encoded
    return [
        not vocabulary.count_unknown(ids) and (back == text or _folded(back) == _folded(text))
        for text, ids, back in zip(texts, encoded, vocabulary.decode_batch(encoded), strict=True)
    ]


def _folded(text: str) -> str:
    return " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).split())
