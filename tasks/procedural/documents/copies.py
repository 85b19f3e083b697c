"""Words said again: the first stage of pretraining. A model that copies long lists has learnt to find a word in its
inputs and to say what follows it; other look-ups grow out of that, and without it they do not begin to grow."""

import random

from flan_jax.tasks.procedural import lexicon as lx
from flan_jax.tasks.procedural.documents.document import Document, register_document
from flan_jax.tasks.procedural.phrases import listing


@register_document()
def copied_words(rng: random.Random) -> Document:
    """Up to 28 different words, then the same ones."""
    words = " ".join(rng.sample(lx.EVERY_WORD, rng.randint(12, 28)))
    return Document(words, words)


@register_document()
def copied_sentences(rng: random.Random) -> Document:
    """Words between commas and full stops, then the same text."""
    text = " ".join(f"{listing(rng.sample(lx.EVERY_WORD, rng.randint(2, 6)))}." for _ in range(rng.randint(2, 4)))
    return Document(text, text)


@register_document()
def copied_parts(rng: random.Random) -> Document:
    """Lines of words, one of which is said again from its first word on."""
    words = rng.sample(lx.EVERY_WORD, 20)
    start = rng.randrange(12)
    return Document(f"{' '.join(words)}. Again from {words[start]} on:", f"{' '.join(words[start:])}.")
