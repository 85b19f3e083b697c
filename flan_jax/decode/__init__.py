"""Generating text and scoring answers with a trained model."""

from flan_jax.decode.greedy import Generation, greedy_decode, greedy_from_encoded
from flan_jax.decode.score import score_targets

__all__ = ["Generation", "greedy_decode", "greedy_from_encoded", "score_targets"]
