"""Scores of one answered item, by name: what `core.benchmark.Format.metrics` refers to.

Each scorer reads one kind of output: the extracted (or voted) "answer", the "text" of the first generation, all
"texts", or the "options"' log-likelihoods. Scores are in [0, 1].
"""

from __future__ import annotations

import collections
import dataclasses
import math
import re
import string
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from flan_jax.core.errors import TaskError
from flan_jax.core.suggest import did_you_mean
from flan_jax.evaluate.metrics import METRICS, Metric

Needs = Literal["answer", "text", "texts", "options", "exchange"]

__all__ = ["SCORERS", "Exchange", "RankedOptions", "Scorer", "get_scorer", "register_scorer"]


@dataclasses.dataclass(frozen=True)
class Exchange:
    """What a judge reads: the question as the model was asked, what it said, and answers known to be wrong."""

    prompt: str
    text: str
    wrong: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class RankedOptions:
    """What a model makes of an item's options, all in their order.

    log_probs: nats, summed over each option's tokens. prior_log_probs: the same after the unconditional prompt; empty
    where that was not asked. num_tokens, num_bytes: each option's length (UTF-8, without the leading space).
    """

    log_probs: tuple[float, ...]
    num_tokens: tuple[int, ...]
    num_bytes: tuple[int, ...]
    prior_log_probs: tuple[float, ...] = ()

    @property
    def is_finite(self) -> bool:
        """Whether every log-likelihood is a number; one that is not makes the item wrong and is counted."""
        return all(math.isfinite(value) for value in (*self.log_probs, *self.prior_log_probs))

    def probabilities(self) -> tuple[float, ...]:
        """The options' share of their joint probability."""
        shifted = np.asarray(self.log_probs, np.float64)
        weights = np.exp(shifted - shifted.max())
        return tuple(float(value) for value in weights / weights.sum())


@dataclasses.dataclass(frozen=True)
class Scorer:
    """A named score of one item.

    needs: "answer": `fn(answer or None, references)`; "text": `fn(text, references)`; "texts": `fn(texts, references)`;
    "options": `fn(ranked options, positions of the right ones)`; "exchange": `fn(exchange, references)`, for judges.
    """

    name: str
    needs: Needs
    fn: Callable[[Any, Any], float]
    description: str

    def __call__(self, output: Any, expected: Any) -> float:
        """The score; 0 for options whose log-likelihoods are not finite."""
        if self.needs == "options" and not output.is_finite:
            return 0.0
        return float(self.fn(output, expected))


SCORERS: dict[str, Scorer] = {}


def register_scorer(
    name: str,
    needs: Needs,
    fn: Callable[[Any, Any], float],
    description: str,
) -> Scorer:
    """Adds a scorer that formats can name. Raises `TaskError` for a name that is taken."""
    if name in SCORERS:
        raise TaskError(f"a scorer called {name} is already there: choose another name")
    SCORERS[name] = Scorer(name, needs, fn, description)
    return SCORERS[name]


def get_scorer(name: str) -> Scorer:
    """The scorer called `name`. Raises `TaskError` that suggests the nearest."""
    if name not in SCORERS:
        raise TaskError(f"no scorer is called {name!r}{did_you_mean(name, SCORERS)} Known: {', '.join(SCORERS)}")
    return SCORERS[name]


def rank(options: RankedOptions, by: Literal["sum", "per_token", "per_byte", "pmi"]) -> int:
    """Position of the best option; the first of equals.

    by: "sum" of log-likelihoods; the mean "per_token" or "per_byte"; "pmi": the gain over the option's likelihood after
    the unconditional prompt (Holtzman et al. 2021).
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


def _equals(answer: str | None, references: Sequence[str]) -> float:
    return float(answer is not None and answer in references)


def squad_tokens(text: str) -> list[str]:
    """Words as SQuAD's evaluation compares them: lower case, no punctuation (here of any script), no articles."""
    kept = "".join(c for c in text.lower() if c not in string.punctuation and unicodedata.category(c)[0] != "P")
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


def _squad_exact(text: str | None, references: Sequence[str]) -> float:
    return max((float(squad_tokens(text or "") == squad_tokens(r)) for r in references), default=0.0)


def _squad_f1(text: str | None, references: Sequence[str]) -> float:
    return max((_f1(squad_tokens(text or ""), squad_tokens(r)) for r in references), default=0.0)


def _f1(predicted: list[str], expected: list[str]) -> float:
    if not predicted or not expected:
        return float(predicted == expected)
    common = sum((collections.Counter(predicted) & collections.Counter(expected)).values())
    return 2.0 * common / (len(predicted) + len(expected))


def _same_word(answer: str | None, references: Sequence[str]) -> float:
    folded = " ".join(squad_tokens(answer or ""))
    return float(bool(folded) and folded in {" ".join(squad_tokens(r)) for r in references})


def _rank_scorer(by: Literal["sum", "per_token", "per_byte", "pmi"]) -> Callable[[RankedOptions, Sequence[int]], float]:
    return lambda options, correct: float(rank(options, by) in correct)


def _correct_mass(options: RankedOptions, correct: Sequence[int]) -> float:
    shares = options.probabilities()
    return sum(shares[position] for position in correct)


register_scorer("equals", "answer", _equals, "the extracted answer is a reference")
register_scorer("equals_folded", "answer", _same_word, "the same but for case, punctuation, spaces and articles")
register_scorer("squad_exact", "answer", _squad_exact, "SQuAD's exact match, best reference")
register_scorer("squad_f1", "answer", _squad_f1, "SQuAD's bag-of-words F1, best reference")
register_scorer("has_sample", "texts", lambda texts, references: float(any(t.strip() for t in texts)), "not all empty")
register_scorer("first_option", "options", lambda options, correct: options.probabilities()[0], "share of the first")
register_scorer("accuracy", "options", _rank_scorer("sum"), "the likeliest option is right")
register_scorer("accuracy_per_token", "options", _rank_scorer("per_token"), "the option likeliest per token is right")
register_scorer("accuracy_per_byte", "options", _rank_scorer("per_byte"), "the option likeliest per byte is right")
register_scorer("accuracy_pmi", "options", _rank_scorer("pmi"), "the option that the question speaks for most is right")
register_scorer("correct_mass", "options", _correct_mass, "the right options' share of all options' probability")


def _text_scorer(metric: Metric) -> Callable[[str, Sequence[str]], float]:
    return lambda text, references: float(metric([text], [references])[0])


register_scorer("rank_accuracy", "options", _rank_scorer("sum"), METRICS["rank_accuracy"].description)
register_scorer(
    "rank_accuracy_per_token",
    "options",
    _rank_scorer("per_token"),
    METRICS["rank_accuracy_per_token"].description,
)
for _metric in METRICS.values():  # ROUGE and the others of mixtures' held-out tasks
    if _metric.needs == "generation":
        register_scorer(_metric.name, "text", _text_scorer(_metric), _metric.description)
