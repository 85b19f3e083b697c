"""Training cluster: what a writer thought."""

from flan_jax.declare.discover import import_below

# `new_labels` draws on one of these and comes first: all of the cluster then comes with it, and stays together.
import_below(__name__)
