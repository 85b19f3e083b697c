"""ROUGE (Lin 2004) as the `rouge-score` package has it, and what copying the input would score."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from flan_jax.declare.metric import get_metric, register_metric
from flan_jax.evaluate.metrics.matching import best_of

__all__ = ["copy_input_baseline", "instance_input", "rouge"]


def rouge(kind: str, tokenizer: Any = None) -> Callable[[str, str], float]:
    """(text, reference) -> F measure in [0, 1].

    Args:
      kind: "rouge1" for shared words, "rougeL" for the longest common subsequence.
      tokenizer: an object with `tokenize(text)`; None for words of ASCII letters and digits, stemmed.
    """
    scorer = _scorer(kind) if tokenizer is None else _scorer_over(kind, tokenizer)
    return lambda text, reference: float(scorer.score(reference, text)[kind].fmeasure)


def instance_input(prompt: str) -> str:
    """The input of the instance at hand in a Super-NaturalInstructions prompt: the text after the last "Input:", up to
    "Output:" where the prompt was not cut before it; the whole prompt where nothing says "Input:"."""
    rest = prompt.rpartition("Input:")[2]
    return (rest.rpartition("Output:")[0] or rest).strip()


def copy_input_baseline(prompt: str, references: Sequence[str], metric: str = "rouge_l") -> float:
    """ROUGE-L of answering a prompt with its own instance input: the floor that a model of free-form tasks has to
    clear (Wang et al. 2022, Super-NaturalInstructions, table 3, "Copying Instance Input").

    Args:
      prompt: a task's prompt.
      references: accepted answers.
      metric: the ROUGE-L that the task is scored by, which says what a word is.
    """
    return get_metric(metric)(instance_input(prompt), references)


@functools.cache
def _scorer(kind: str) -> Any:
    from rouge_score import rouge_scorer  # takes a second to import, and only free-form tasks need it

    return rouge_scorer.RougeScorer([kind], use_stemmer=True)


def _scorer_over(kind: str, tokenizer: Any) -> Any:
    from rouge_score import rouge_scorer

    return rouge_scorer.RougeScorer([kind], tokenizer=tokenizer)


def _best(kind: str) -> Callable[[str | None, Sequence[str]], float]:
    return best_of(lambda text, reference: rouge(kind)(text, reference))  # not made before the first text is scored


register_metric("rouge_l", "text", _best("rougeL"), "ROUGE-L F with stemming, best reference")
register_metric("rouge_1", "text", _best("rouge1"), "ROUGE-1 F with stemming, best reference")
