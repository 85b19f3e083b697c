"""Held-out cluster (selection): copy what is asked for out of a record or a sentence."""
