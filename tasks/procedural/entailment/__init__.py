"""Training cluster: does it follow?"""

from flan_jax.tasks.procedural.entailment import all_are, labelled_fact, same_fact  # noqa: F401
