"""The embedded default: task families written by generators, in clusters, some of them held out.

Each cluster is a package, each family a file; importing them registers the tasks, then the mixtures.
"""

from flan_jax.declare.discover import import_below

import_below(__name__, last=("mixtures", "ladders"))
