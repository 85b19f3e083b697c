"""Held-out cluster of compositions: each task joins two operations that are only trained apart."""

from flan_jax.tasks.procedural.composition import add_then_first, filter_then_first, owner_then_colour, remove_then_last  # noqa: F401
