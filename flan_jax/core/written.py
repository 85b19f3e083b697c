"""What a vocabulary can write: a text that comes back from its tokens.

T5's pieces have no braces, no backslash and few letters beyond Western Europe's: what they lack becomes the unknown
piece, so that a model is trained to say that, and can never give such an answer.
"""

from __future__ import annotations

import functools
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
    found = [not vocabulary.count_unknown(ids) for ids in encoded]
    # It runs on every row that is cached, and nearly all texts need no decoding.
    is_ascii_kept = _keeps_ascii(vocabulary)
    left = [i for i, text in enumerate(texts) if found[i] and not (is_ascii_kept and text.isascii())]
    for i, back in zip(left, vocabulary.decode_batch([encoded[i] for i in left]), strict=True):
        found[i] = back == texts[i] or _folded(back) == _folded(texts[i])
    return found


@functools.lru_cache(maxsize=8)
def _keeps_ascii(vocabulary: Vocabulary) -> bool:
    """Whether each ASCII character, white space aside, comes back or is an unknown piece: no case is lost, say."""
    probes = [f"a{chr(code)}a" for code in range(33, 127)]
    encoded = vocabulary.encode_batch(probes)
    backs = vocabulary.decode_batch(encoded)
    return all(
        back == probe or vocabulary.count_unknown(ids) for probe, ids, back in zip(probes, encoded, backs, strict=True)
    )


def _folded(text: str) -> str:
    return " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).split())
