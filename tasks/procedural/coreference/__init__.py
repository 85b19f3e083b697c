"""Training cluster: who is meant."""

from flan_jax.tasks.procedural.coreference import giver_taker, pronoun_person  # noqa: F401
