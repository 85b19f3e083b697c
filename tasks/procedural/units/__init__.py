"""Training cluster: units of measurement."""

from flan_jax.tasks.procedural.units import convert_units  # noqa: F401
