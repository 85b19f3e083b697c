"""Training cluster: what kind a word is of."""

from flan_jax.tasks.procedural.categorisation import category_of, odd_one_out, pick_member  # noqa: F401
