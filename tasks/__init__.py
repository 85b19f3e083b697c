"""Every task and mixture of flan_jax, registered on import; no I/O, no random numbers, no SeqIO."""

from flan_jax.tasks import procedural  # noqa: F401
