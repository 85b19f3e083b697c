"""Held-out cluster (report): who says what."""

from flan_jax.tasks.procedural.dialogue import dialogue_what, dialogue_who  # noqa: F401
