"""From a file to its vocabulary, whichever kind it is."""

from __future__ import annotations

import functools

from flan_jax.core.vocabulary import Vocabulary

__all__ = ["load_vocabulary"]


@functools.lru_cache(maxsize=8)
def load_vocabulary(path: str, num_sentinels: int = 100) -> Vocabulary:
    """The vocabulary at `path`, read once a process: a SentencePiece model, or a tokenizer.json."""
    if str(path).endswith(".json"):
        from flan_jax.core.tokenizer_json import TokenizerJsonVocabulary

        return TokenizerJsonVocabulary(path)
    from flan_jax.core.sentencepiece import SentencePieceVocabulary

    return SentencePieceVocabulary(path, num_sentinels)
