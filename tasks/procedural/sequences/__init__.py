"""Training cluster: what comes next."""

from flan_jax.tasks.procedural.sequences import next_number, repeat_pattern  # noqa: F401
