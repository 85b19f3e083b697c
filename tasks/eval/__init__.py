"""Benchmarks, one file each, registered on import (`flan_jax.declare.benchmark`); no I/O."""

from flan_jax.declare.discover import import_below

import_below(__name__, last=("collections",))
