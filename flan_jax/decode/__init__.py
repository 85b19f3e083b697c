"""Generating text and scoring answers with a trained model."""

from flan_jax.decode.greedy import Generation, greedy_decode, greedy_from_encoded
from flan_jax.decode.score import score_targets
from flan_jax.decode.text import TextGeneration, generate_texts

__all__ = [
    "Generation",
    "TextGeneration",
    "generate_texts",
    "greedy_decode",
    "greedy_from_encoded",
    "score_targets",
]
