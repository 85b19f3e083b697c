"""Training cluster: more and less."""

from flan_jax.tasks.procedural.comparison import compare_people, larger_number  # noqa: F401
