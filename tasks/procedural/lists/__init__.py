"""Training cluster: change a list."""

from flan_jax.tasks.procedural.lists import add_item, keep_category, remove_item, replace_item, reverse_list  # noqa: F401
