"""What guessing scores: as a task says it, or as the options say that were ranked."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flan_jax.evaluate.results.record import Record

__all__ = ["chance_of"]


def chance_of(declared: float, records: Sequence[Record]) -> float:
    """The score of guessing, in [0, 1]: `declared` where it is not 0; else, of ranked items, the mean share of options
    that are right, which is what one option at random gets (TruthfulQA's questions have 2 to 26 of them).

    Args:
      declared: of the task or subtask; 0 where it says nothing.
      records: the answered items, at least one.
    """
    if declared or any(record.method != "rank" or not record.options for record in records):
        return declared
    return math.fsum(len(record.correct) / len(record.options) for record in records) / len(records)
