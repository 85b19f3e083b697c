"""Training cluster: putting things in order."""

from flan_jax.tasks.procedural.ordering import rank_people, sort_numbers  # noqa: F401
