"""Chains of thought scored by what they conclude with, which the same extractors read as in benchmarks."""

from __future__ import annotations

from flan_jax.declare.metric import register_metric
from flan_jax.evaluate.extract import final_answer, last_number, number
from flan_jax.evaluate.metrics.matching import best_of


def _same_answer(text: str, reference: str) -> float:
    return float(final_answer(text) == final_answer(reference))


def _same_number(text: str, reference: str) -> float:
    value = number(text)
    # A reference may leave open what a reader of answers would not take, such as "5 or 6".
    expected = number(reference) or last_number(reference)
    return float(expected is not None and (value == expected or text.strip() == reference.strip()))


register_metric(
    "final_answer", "text", best_of(_same_answer), 'text after the last "answer is" equals the reference\'s'
)
register_metric("numeric", "text", best_of(_same_number), "the concluding number equals the reference's")
