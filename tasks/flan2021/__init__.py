"""FLAN 2021 (Wei et al. 2022): 62 data sets in 12 clusters as 70 tasks, ten templates each; docs/flan2021.md.

Each cluster is a package, each data set a file; importing them registers the tasks, then the mixtures.
"""

from flan_jax.declare.discover import import_below

import_below(__name__, last=("mixtures",))
