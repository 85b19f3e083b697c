"""Scores of predictions against references, one number in [0, 1] an example.

A *generation* metric reads generated text; an *option* metric reads the log-likelihoods of a task's answer options.
A task's score is the mean of its first metric over its examples.
"""

from __future__ import annotations

import collections
import dataclasses
import decimal
import functools
import re
import string
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np

from flan_jax.core.errors import TaskError
from flan_jax.core.suggest import did_you_mean

References = Sequence[Sequence[str]]

__all__ = [
    "METRICS",
    "Metric",
    "OptionScores",
    "copy_input_baseline",
    "final_answer_text",
    "get_metric",
    "instance_input",
    "last_number",
]


@dataclasses.dataclass(frozen=True)
class OptionScores:
    """Log-likelihoods of one example's answer options.

    options: [num_options] texts. log_probs: float32 [num_options], nats, summed over the option's tokens, EOS
    included. num_tokens: int32 [num_options], EOS included.
    """

    options: tuple[str, ...]
    log_probs: np.ndarray
    num_tokens: np.ndarray


@dataclasses.dataclass(frozen=True)
class Metric:
    """A named score.

    needs: "generation": `fn(predictions [n], references [n]) -> float64 [n]`; "options": `fn(option scores [n],
    references [n]) -> float64 [n]`.
    is_length_bound: whether only text as long as a reference can score, so that generation may stop there.
    """

    name: str
    needs: Literal["generation", "options"]
    fn: Callable[[Sequence[Any], References], np.ndarray]
    description: str
    is_length_bound: bool = False

    def __call__(self, outputs: Sequence[Any], references: References) -> np.ndarray:
        """Scores in [0, 1], float64 [n]; the best over an example's references."""
        if len(outputs) != len(references):
            raise ValueError(f"{len(outputs)} outputs but {len(references)} reference lists: give one list an output")
        return np.asarray(self.fn(outputs, references), np.float64)


METRICS: dict[str, Metric] = {}


def get_metric(name: str) -> Metric:
    """The metric called `name`; an unknown name is an error that suggests the nearest ones."""
    if name not in METRICS:
        raise TaskError(f"no metric is called {name!r}{did_you_mean(name, METRICS)} Known: {', '.join(METRICS)}")
    return METRICS[name]


def final_answer_text(text: str) -> str:
    """The conclusion of a chain of thought: what follows the last "answer is", up to the line's end, without a final
    full stop; the whole text where nothing says "answer is" (Suzgun et al. 2022's scoring of BBH)."""
    answer = text.rpartition("answer is")[2].lstrip(" :").partition("\n")[0] if "answer is" in text else text
    return answer.strip().removesuffix(".").rstrip()


_NUMBER = re.compile(r"(?<![\w.])[-−]?\s?[$€£]?\s?(\d{1,3}(?:,\d{3})+(?!\d)|\d+)(\.\d+)?|(?<![\w.])[-−]?(\.\d+)")  # noqa: RUF001
_AFTER_DIGIT = re.compile(r"(?<=[\d)])\s*[-−]\s*(?=\d)")  # noqa: RUF001


def last_number(text: str) -> decimal.Decimal | None:
    """The number a chain of thought concludes with, or None: the first number after the last "answer is", else the
    last number of the text. Thousands separators, currency signs and a closing full stop are dropped; "7-3" holds
    7 and 3, not -3."""
    has_marker = "answer is" in text
    scope = _AFTER_DIGIT.sub(" ", final_answer_text(text) if has_marker else text)
    matches = list(_NUMBER.finditer(scope))
    if not matches:
        return last_number(text.replace("answer is", " ")) if has_marker else None
    match = matches[0] if has_marker else matches[-1]
    digits = match[3] or (match[1].replace(",", "") + (match[2] or ""))
    value = decimal.Decimal(digits)
    return -value if match[0][0] in "-−" else value  # noqa: RUF001


def instance_input(prompt: str) -> str:
    """The input of the instance at hand in a Super-NaturalInstructions prompt: the text after the last "Input:", up to
    "Output:" where the prompt was not cut before it; the whole prompt where nothing says "Input:"."""
    rest = prompt.rpartition("Input:")[2]
    return (rest.rpartition("Output:")[0] or rest).strip()


def copy_input_baseline(inputs: Sequence[str], references: References) -> np.ndarray:
    """ROUGE-L, [n], of answering each prompt with its own instance input: the floor that a model of free-form tasks
    has to clear (Wang et al. 2022, Super-NaturalInstructions, table 3, "Copying Instance Input")."""
    return METRICS["rouge_l"]([instance_input(text) for text in inputs], references)


def _words(text: str) -> str:
    """Lower case, no ASCII punctuation, single spaces."""
    return " ".join(text.lower().translate(str.maketrans("", "", string.punctuation)).split())


def _squad_tokens(text: str) -> list[str]:
    return re.sub(r"\b(a|an|the)\b", " ", _words(text)).split()


def _f1(prediction: str, reference: str) -> float:
    predicted, expected = _squad_tokens(prediction), _squad_tokens(reference)
    if not predicted or not expected:
        return float(predicted == expected)
    common = sum((collections.Counter(predicted) & collections.Counter(expected)).values())
    return 2.0 * common / (len(predicted) + len(expected))


@functools.cache
def _rouge_scorer(kind: str) -> Any:
    from rouge_score import rouge_scorer  # takes a second to import, and only free-form tasks need it

    return rouge_scorer.RougeScorer([kind], use_stemmer=True)


def _rouge(kind: str) -> Callable[[str, str], float]:
    return lambda prediction, reference: _rouge_scorer(kind).score(reference, prediction)[kind].fmeasure


def _same_number(prediction: str, reference: str) -> float:
    value = last_number(prediction)
    return float(value is not None and value == last_number(reference))


def _equal_after(normalise: Callable[[str], str]) -> Callable[[str, str], float]:
    return lambda prediction, reference: float(normalise(prediction) == normalise(reference))


def _best_over_references(score: Callable[[str, str], float]) -> Callable[[Sequence[str], References], np.ndarray]:
    def scores(predictions: Sequence[str], references: References) -> np.ndarray:
        pairs = zip(predictions, references, strict=True)
        return np.array([max((score(p, r) for r in accepted), default=0.0) for p, accepted in pairs], np.float64)

    return scores


def _rank(values: Callable[[OptionScores], np.ndarray]) -> Callable[[Sequence[OptionScores], References], np.ndarray]:
    def scores(examples: Sequence[OptionScores], references: References) -> np.ndarray:
        def is_right(example: OptionScores, accepted: Iterable[str]) -> bool:
            if not example.options:
                return False
            chosen = example.options[int(np.argmax(values(example)))]
            return chosen.strip() in {reference.strip() for reference in accepted}

        return np.array([is_right(e, r) for e, r in zip(examples, references, strict=True)], np.float64)

    return scores


def _add(
    name: str,
    needs: Literal["generation", "options"],
    fn: Callable[..., np.ndarray],
    description: str,
    is_length_bound: bool = False,
) -> None:
    METRICS[name] = Metric(name, needs, fn, description, is_length_bound)


_add(
    "exact_match",
    "generation",
    _best_over_references(_equal_after(str.strip)),
    "stripped text equals a reference",
    is_length_bound=True,
)
_add(
    "normalised_exact_match",
    "generation",
    _best_over_references(_equal_after(_words)),
    "equals a reference, ignoring case, punctuation and spacing",
    is_length_bound=True,
)
_add("rouge_l", "generation", _best_over_references(_rouge("rougeL")), "ROUGE-L F with stemming, best reference")
_add("rouge_1", "generation", _best_over_references(_rouge("rouge1")), "ROUGE-1 F with stemming, best reference")
_add("token_f1", "generation", _best_over_references(_f1), "bag-of-words F1 (SQuAD), best reference")
_add(
    "final_answer",
    "generation",
    _best_over_references(_equal_after(final_answer_text)),
    'text after the last "answer is" equals the reference\'s',
)
_add("numeric", "generation", _best_over_references(_same_number), "the concluding number equals the reference's")
_add(
    "rank_accuracy",
    "options",
    _rank(lambda example: example.log_probs),
    "the likeliest option is a reference",
    is_length_bound=True,
)
_add(
    "rank_accuracy_per_token",
    "options",
    _rank(lambda example: example.log_probs / np.maximum(example.num_tokens, 1)),
    "the option likeliest per token is a reference",
    is_length_bound=True,
)
