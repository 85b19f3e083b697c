"""Training cluster: what is where after things changed."""

from flan_jax.tasks.procedural.tracking import moved_thing, swap_things  # noqa: F401
