"""Training cluster: from one language of signs into another."""

from flan_jax.tasks.procedural.pattern_translation import code_words, repeat_commands  # noqa: F401
