"""Definitions that everything else builds on: tasks, vocabularies, manifests, errors. Imports nothing of flan_jax."""
