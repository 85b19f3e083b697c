"""Held-out cluster: trained tasks whose answers are label words that no training task uses as labels."""

from flan_jax.tasks.procedural.new_labels import fact_new_labels, review_new_labels  # noqa: F401
