"""What a metric is: a named score of one answered question, in [0, 1]. Tasks and benchmarks name theirs.

A metric reads one kind of output, its `needs`:

    "text"      the (first) generation                          fn(text, references)
    "answer"    what was extracted from it, or voted, or None   fn(answer, references)
    "texts"     all generations                                 fn(texts, references)
    "exchange"  question, generations and known wrong answers   fn(exchange, references), for judges
    "options"   log-likelihoods of the answer options           fn(options, positions of the right ones)

A plain function of a text and its references is a metric too, by its own name, wherever a metric is asked for:

    def is_short(text: str, references: Sequence[str]) -> float:
        return float(len(text) < 80)

    Task(..., metrics=("exact_match", is_short))

The metrics that ship are in `flan_jax.evaluate.metrics`, which registers them.
"""

from __future__ import annotations

import dataclasses
import math
import traceback
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np

from flan_jax.core.errors import FlanError, TaskError, did_you_mean, some_of
from flan_jax.declare.names import ByName

Needs = Literal["text", "answer", "texts", "exchange", "options"]
MetricFunction = Callable[[str, Sequence[str]], float]
_ROUNDING = 1e-9  # a share of probabilities may sum to a little more than 1

__all__ = [
    "METRICS",
    "Exchange",
    "Metric",
    "MetricFunction",
    "Needs",
    "RankedOptions",
    "as_metric",
    "as_number",
    "get_metric",
    "metric_names",
    "register_metric",
]


@dataclasses.dataclass(frozen=True)
class Exchange:
    """A question that was answered in words.

    prompt: as the model was asked. texts: its generations, one unless several were sampled. answer: what was extracted,
    and voted for where there are several; None where there is nothing. wrong: answers known to be wrong.
    """

    prompt: str
    texts: tuple[str, ...]
    answer: str | None = None
    wrong: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The first generation."""
        return self.texts[0]


@dataclasses.dataclass(frozen=True)
class RankedOptions:
    """A question that was answered by comparing options.

    options: their texts. log_probs: nats, summed over each option's tokens. num_tokens: of each. prior_log_probs: nats
    after the unconditional prompt; empty where that was not asked.
    """

    options: tuple[str, ...]
    log_probs: tuple[float, ...]
    num_tokens: tuple[int, ...]
    prior_log_probs: tuple[float, ...] = ()

    @property
    def num_bytes(self) -> tuple[int, ...]:
        """Each option's length in UTF-8, without the spaces around it."""
        return tuple(len(option.strip().encode()) for option in self.options)

    @property
    def is_finite(self) -> bool:
        """Whether every log-likelihood is a number; one that is not makes the item wrong and is counted."""
        return all(math.isfinite(value) for value in (*self.log_probs, *self.prior_log_probs))

    def probabilities(self) -> tuple[float, ...]:
        """The options' shares of their joint probability."""
        # Relative to the likeliest: sums over long options underflow exp.
        shifted = np.asarray(self.log_probs, np.float64)
        weights = np.exp(shifted - shifted.max())
        return tuple(float(value) for value in weights / weights.sum())


@dataclasses.dataclass(frozen=True)
class Metric:
    """A named score of one question.

    Attributes:
      name: what tasks and formats call it.
      needs: which output `fn` reads; see the module's table.
      fn: (that output, what is right) -> score in [0, 1].
      description: a few words for tables and docs.
      is_length_bound: whether only text as long as a reference can score, so that generation may stop there.
      is_lower_better: whether a better model scores less, as of toxicity: such scores are shown, and never averaged
        with others or chosen by.
    """

    name: str
    needs: Needs
    fn: Callable[[Any, Any], float]
    description: str = ""
    is_length_bound: bool = False
    is_lower_better: bool = False

    def __call__(self, output: Any, expected: Any) -> float:
        """The score of the output that the metric reads; 0 for options that are none or not all finite.

        Raises `TaskError` for a score that is no number in [0, 1], and for an error of the function's own, with what it
        was given and the line of code.
        """
        if self.needs == "options" and not (output.log_probs and output.is_finite):
            return 0.0
        try:
            given = self.fn(output, expected)
        except FlanError:
            raise
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            shown = " ".join(f"{output!r:.60} and {expected!r:.60}".split())
            raise TaskError(
                f"metric {self.name}, given {shown}: {type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"
            ) from error
        score = as_number(given, f"metric {self.name} gave")
        if not -_ROUNDING <= score <= 1.0 + _ROUNDING:
            raise TaskError(f"metric {self.name} gave {score}: it must give a number in [0, 1]")
        return score

    def score(self, said: Exchange | RankedOptions, expected: Any) -> float:
        """The score of an answered question, of which the metric takes what it needs.

        Args:
          said: what the model made of it.
          expected: references as text, or, for ranked options, positions of the right ones.

        Raises `TaskError` for a metric of the other kind.
        """
        if isinstance(said, RankedOptions):
            if self.needs != "options":
                raise TaskError(
                    f"metric {self.name} needs generated text, but the format ranks options: name another metric"
                )
            return self(said, expected)
        if self.needs == "options":
            raise TaskError(f"metric {self.name} needs ranked options, but the format generates: name another metric")
        return self(said if self.needs == "exchange" else getattr(said, self.needs), expected)


def as_number(given: Any, said: str) -> float:
    """What a user's function gave as a score. Raises `TaskError` for what is no number: None, text, an array.

    Args:
      given: by the function.
      said: whose score it is, as the error begins, such as "metric mine gave".
    """
    try:
        if not isinstance(given, str | bytes) and np.ndim(given) == 0:
            return float(given)
    except (TypeError, ValueError):  # None, an object, a list of lists of unequal lengths
        pass
    shown = " ".join(repr(given).split())  # an array's has several lines
    raise TaskError(f"{said} {shown:.60}, which is no number: it must give a number in [0, 1]")


METRICS: ByName[Metric] = ByName("metric")


def register_metric(
    name: str,
    needs: Needs,
    fn: Callable[[Any, Any], float],
    description: str = "",
    *,
    is_length_bound: bool = False,
    is_lower_better: bool = False,
    replace: bool = False,
) -> Metric:
    """Adds a metric that tasks and formats can name, and returns it.

    Args:
      name: not in use yet.
      needs: which output `fn` reads; see the module's table.
      fn: (that output, what is right) -> score in [0, 1].
      description: a few words for tables and docs.
      is_length_bound: whether only text as long as a reference can score; ranked options need no text anyway.
      is_lower_better: whether a better model scores less.
      replace: takes the place of a metric of that name, as when a notebook's cell runs again.

    Raises `TaskError` for a name that is taken.
    """
    return METRICS.add(
        name,
        Metric(name, needs, fn, description, is_length_bound or needs == "options", is_lower_better),
        replace=replace,
    )


def get_metric(name: str) -> Metric:
    """The metric called `name`. Raises `TaskError` that suggests the nearest ones."""
    if name not in METRICS:
        raise TaskError(
            f"no metric is called {name!r}{did_you_mean(name, METRICS) or '.'} There are {some_of(METRICS)}; a new one "
            f"is a function, or register_metric in a module that is imported"
        )
    return METRICS[name]


def as_metric(given: str | Metric | MetricFunction) -> Metric:
    """The metric that is meant by a name, a metric, or a function of a text and its references.

    A function is registered under its own name. Defined anew, as by a cell that runs twice, it takes its own place.

    Raises `TaskError` for an unknown name, a function without one, and one whose name another metric has.
    """
    if isinstance(given, Metric):
        return given
    if isinstance(given, str):
        return get_metric(given)
    name = getattr(given, "__name__", "")
    if not name.isidentifier():
        raise TaskError(f"{given!r} has no name that a metric could go by: define it with def, or use register_metric")
    known = METRICS.get(name)
    if known is not None and known.fn is given:
        return known
    description = (given.__doc__ or "").strip().partition("\n")[0].rstrip(".")
    return register_metric(name, "text", given, description, replace=known is not None and _is_same(known.fn, given))


def metric_names(given: Iterable[str | Metric | MetricFunction]) -> tuple[str, ...]:
    """Names of metrics, functions among them registered on the way. Names are taken as they are, known or not: the
    metrics that ship are registered only where something is scored."""
    return tuple(metric if isinstance(metric, str) else as_metric(metric).name for metric in given)


def _is_same(one: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Whether both come from one place in one module."""

    def place(function: Callable[..., Any]) -> tuple[str | None, str | None]:
        return getattr(function, "__module__", None), getattr(function, "__qualname__", None)

    return place(one) == place(other)
