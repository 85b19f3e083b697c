"""Held-out cluster (selection): copy what is asked for out of a record or a sentence."""

from flan_jax.tasks.procedural.extraction import extract_category, extract_field  # noqa: F401
