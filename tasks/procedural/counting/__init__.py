"""Training cluster: how many."""

from flan_jax.tasks.procedural.counting import count_category, count_word  # noqa: F401
