"""Training cluster: and, or, not."""

from flan_jax.tasks.procedural.boolean_logic import boolean_expression, boolean_facts  # noqa: F401
