"""Every task and mixture of flan_jax, registered on import; no I/O, no random numbers, no SeqIO.

Tasks read from a folder are registered when a run names the folder (`flan_jax.declare.task_folders`).
"""

from flan_jax.tasks import cot, demonstrations, eval, flan2021, niv2, niv2_small, procedural, promptsource, t0  # noqa: F401

from flan_jax.tasks import flan2022  # noqa: F401  isort: skip  stands on all the others
