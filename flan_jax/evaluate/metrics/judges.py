"""Judges of generations that have right and wrong references."""

from __future__ import annotations

from collections.abc import Sequence

from flan_jax.declare.metric import Exchange, register_metric
from flan_jax.evaluate.metrics.matching import best_of
from flan_jax.evaluate.metrics.rouge import rouge

__all__ = ["nearer_to_true"]


def nearer_to_true(exchange: Exchange, references: Sequence[str]) -> float:
    """1 where the text's best ROUGE-1 F with a right answer exceeds its best with a wrong one, else 0 (Lin et al. 2022,
    appendix B, "automatic metrics": similarity to true minus to false references). An empty text is 0."""
    best = best_of(rouge("rouge1"))
    return float(best(exchange.text, references) > best(exchange.text, exchange.wrong))


register_metric("nearer_to_true", "exchange", nearer_to_true, "more like the right references than the wrong (ROUGE-1)")
