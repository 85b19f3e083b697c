"""Held-out cluster (report): things side by side."""

from flan_jax.tasks.procedural.spatial import row_end, row_neighbour  # noqa: F401
