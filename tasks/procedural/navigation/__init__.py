"""Training cluster: where one ends up."""

from flan_jax.tasks.procedural.navigation import turn_around, walk_steps  # noqa: F401
