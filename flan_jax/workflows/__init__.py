"""Whole pieces of work made of the packages below: train a run, score a model. The verbs of the command line and the
Python door (`flan_jax.api`) call the same ones."""
