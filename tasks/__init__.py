"""Every task, mixture and benchmark of flan_jax, registered on import; no I/O, no random numbers, no SeqIO.

A new file below here is found by itself. Tasks read from a folder are registered when a run names the folder
(`flan_jax.declare.task_folders`).
"""

from flan_jax.declare.discover import import_below

import_below(__name__, last=("flan2022",))  # which stands on all the others
