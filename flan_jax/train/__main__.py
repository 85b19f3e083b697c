"""`python -m flan_jax.train …` is `flan-jax train …`."""

import importlib
import sys

if __name__ == "__main__":
    # By name: nothing of flan_jax.train depends on the command line but this door to it.
    importlib.import_module("flan_jax.cli.main").console(["train", *sys.argv[1:]])
