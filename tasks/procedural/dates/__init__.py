"""Training cluster: days and months."""

from flan_jax.tasks.procedural.dates import day_shift, month_neighbour  # noqa: F401
