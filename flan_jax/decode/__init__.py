"""Generating text and scoring answers with a trained model: docs/decoding.md."""

from flan_jax.decode.generate import cache_prefix, generate
from flan_jax.decode.greedy import GreedyGeneration, greedy_decode, greedy_from_encoded
from flan_jax.decode.loop import Generation
from flan_jax.decode.methods import BeamRule, BeamSearch, Greedy, Method, Sampling, Stop, choose_method
from flan_jax.decode.score import TargetScores, score_and_compare, score_targets
from flan_jax.decode.text import TextGeneration, generate_texts, score_texts

__all__ = [
    "BeamRule",
    "BeamSearch",
    "Generation",
    "Greedy",
    "GreedyGeneration",
    "Method",
    "Sampling",
    "Stop",
    "TargetScores",
    "TextGeneration",
    "cache_prefix",
    "choose_method",
    "generate",
    "generate_texts",
    "greedy_decode",
    "greedy_from_encoded",
    "score_and_compare",
    "score_targets",
    "score_texts",
]
