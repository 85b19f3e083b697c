"""Training cluster: find one fact among several."""

from flan_jax.tasks.procedural.lookup import bought, colour_of, key_value, price_list, who_has  # noqa: F401
