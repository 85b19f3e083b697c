"""Training cluster: point at words by their position, and say what one is told to say."""

from flan_jax.tasks.procedural.word_manipulation import nth_word, say_word, word_neighbour  # noqa: F401
