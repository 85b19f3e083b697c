"""Answer options compared by their log-likelihoods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from flan_jax.core.errors import TaskError
from flan_jax.declare.metric import RankedOptions, register_metric

By = Literal["sum", "per_token", "per_byte", "pmi"]

__all__ = ["By", "rank"]


def rank(options: RankedOptions, by: By = "sum") -> int:
    """Position of the best option; the first of equals.

    Args:
      options: at least one.
      by: "sum" of log-likelihoods; the mean "per_token" or "per_byte"; "pmi": the gain over the option's likelihood
        after the unconditional prompt (Holtzman et al. 2021).
    """
    values = np.asarray(options.log_probs, np.float64)
    if by == "per_token":
        values = values / np.maximum(options.num_tokens, 1)
    elif by == "per_byte":
        values = values / np.maximum(options.num_bytes, 1)
    elif by == "pmi":
        if not options.prior_log_probs:
            raise TaskError(
                "ranking by mutual information needs Prompt.unconditional: set it, or rank by another score"
            )
        values = values - np.asarray(options.prior_log_probs, np.float64)
    return int(np.argmax(values))


def _is_right(by: By) -> Callable[[RankedOptions, Sequence[int]], float]:
    return lambda options, correct: float(rank(options, by) in correct)


def _correct_mass(options: RankedOptions, correct: Sequence[int]) -> float:
    shares = options.probabilities()
    return sum(shares[position] for position in correct)


def _first_option(options: RankedOptions, correct: Sequence[int]) -> float:
    return options.probabilities()[0]


register_metric("accuracy", "options", _is_right("sum"), "the likeliest option is right")
register_metric("accuracy_per_token", "options", _is_right("per_token"), "the option likeliest per token is right")
register_metric("accuracy_per_byte", "options", _is_right("per_byte"), "the option likeliest per byte is right")
register_metric("accuracy_pmi", "options", _is_right("pmi"), "the option that the question speaks for most is right")
register_metric("correct_mass", "options", _correct_mass, "the right options' share of all options' probability")
register_metric("first_option", "options", _first_option, "share of the first")
# The names of tasks, whose caches and results of before have them.
register_metric("rank_accuracy", "options", _is_right("sum"), "the likeliest option is a reference")
register_metric(
    "rank_accuracy_per_token", "options", _is_right("per_token"), "the option likeliest per token is a reference"
)
