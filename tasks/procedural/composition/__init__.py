"""Held-out cluster of compositions: each task joins two operations that are only trained apart."""

from flan_jax.tasks.procedural.composition import filter_then_first, remove_then_last  # noqa: F401
