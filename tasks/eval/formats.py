"""Ways to ask that recur from benchmark to benchmark. A benchmark's file says what a question looks like; the functions
here make `Format`s of that:

    def ask(question: Question) -> Prompt:
        return Prompt("", (), f"Q: {question.text}\\nA:", question.references, (" yes", " no"), question.correct)

    formats=(
        multiple_choice(zero_shot(ask), "the likelier of yes and no"),
        zero_shot_cot(zero_shot(ask), "yes_no", THEREFORE_YES_NO, max_tokens=192),
    )

An *opener* reads what a format needs besides the question (exemplars, a task's description) when its benchmark is run,
and returns the function from a question to its prompt.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from flan_jax.declare.benchmark import Format, Prompt, PromptBuilder, Question
from flan_jax.declare.metric import MetricFunction, metric_names
from flan_jax.tasks.eval.prompts import STEP_BY_STEP

Opener = Callable[[str, str], PromptBuilder]
Metrics = Iterable[str | MetricFunction]

__all__ = [
    "Opener",
    "chain_of_thought",
    "few_shot",
    "multiple_choice",
    "short_answer",
    "step_by_step",
    "zero_shot",
    "zero_shot_cot",
]


def zero_shot(ask: PromptBuilder) -> Opener:
    """An opener of prompts that need nothing but their question."""
    return lambda subtask, split: ask


def few_shot(ask: PromptBuilder, read: Callable[[], Sequence[str]]) -> Opener:
    """An opener that puts the same exemplars before every question.

    Args:
      ask: the prompt without exemplars.
      read: the exemplars, each with its separator at its end; called when the benchmark is run.
    """

    def open_(subtask: str, split: str) -> PromptBuilder:
        exemplars = tuple(read())
        return lambda question: dataclasses.replace(ask(question), exemplars=exemplars)

    return open_


def step_by_step(open_: Opener) -> Opener:
    """An opener whose queries end in "Let's think step by step." (Kojima et al. 2022)."""

    def open_with_phrase(subtask: str, split: str) -> PromptBuilder:
        ask = open_(subtask, split)

        def build(question: Question) -> Prompt:
            prompt = ask(question)
            return dataclasses.replace(prompt, query=f"{prompt.query} {STEP_BY_STEP}")

        return build

    return open_with_phrase


def multiple_choice(
    open_: Opener,
    description: str,
    *,
    name: str = "direct",
    metrics: Metrics = ("accuracy",),
    num_shots: int = 0,
    option_end: Literal["open", "eos"] = "open",
) -> Format:
    """The likeliest of a question's options.

    Args:
      open_: gives prompts with `options` and `correct`.
      description: one sentence for tables and docs.
      name: of the format.
      metrics: of ranked options; the first is the headline.
      num_shots: exemplars in each prompt.
      option_end: "eos" where options begin alike, so that the end of sequence tells them apart.
    """
    return Format(
        name,
        "rank",
        open_,
        metric_names(metrics),
        drop="last",
        option_end=option_end,
        num_shots=num_shots,
        description=description,
    )


def short_answer(
    open_: Opener,
    extract: str,
    description: str,
    *,
    name: str = "generate",
    metrics: Metrics = ("equals",),
    stop: tuple[str, ...] = ("\n",),
    max_tokens: int = 8,
    num_shots: int = 0,
    drop: Literal["first", "last"] = "last",
) -> Format:
    """The answer, generated at once.

    Args:
      open_: gives prompts with `references`.
      extract: name of an extractor.
      description: one sentence for tables and docs.
      name: of the format.
      metrics: of extracted answers or of text; the first is the headline.
      stop: texts before which the generation ends.
      max_tokens: most tokens of the generation.
      num_shots: exemplars in each prompt.
      drop: which exemplar goes first where a prompt is too long.
    """
    return Format(
        name,
        "generate",
        open_,
        metric_names(metrics),
        extract=extract,
        stop=stop,
        max_tokens=max_tokens,
        drop=drop,
        num_shots=num_shots,
        description=description,
    )


def chain_of_thought(
    open_: Opener,
    extract: str,
    description: str,
    *,
    max_tokens: int,
    num_shots: int,
    name: str = "cot",
    metrics: Metrics = ("equals",),
    stop: tuple[str, ...] = ("\n\nQ:", "\n\n"),
) -> Format:
    """Reasoning and answer in one generation, as the exemplars show it (Wei et al. 2022).

    Args:
      open_: gives prompts with worked exemplars and `references`.
      extract: name of an extractor that reads conclusions.
      description: one sentence for tables and docs.
      max_tokens: most tokens of reasoning and answer.
      num_shots: exemplars in each prompt.
      name: of the format.
      metrics: of extracted answers; the first is the headline.
      stop: texts before which the generation ends.
    """
    return short_answer(
        open_,
        extract,
        description,
        name=name,
        metrics=metrics,
        stop=stop,
        max_tokens=max_tokens,
        num_shots=num_shots,
    )


def zero_shot_cot(
    open_: Opener,
    extract: str,
    trigger: str,
    *,
    max_tokens: int,
    answer_max_tokens: int = 32,
    metrics: Metrics = ("equals",),
    stop: tuple[str, ...] = ("\n\nQ:",),
    more: str = "",
) -> Format:
    """Two generations after a prompt without exemplars: reasoning, then the answer (Kojima et al. 2022).

    Args:
      open_: gives prompts with `references`; "Let's think step by step." is put behind their queries.
      extract: name of an extractor of the second generation.
      trigger: the words between the two, which call for the answer.
      max_tokens: most tokens of the reasoning.
      answer_max_tokens: most tokens of the answer.
      metrics: of extracted answers; the first is the headline.
      stop: texts before which the reasoning ends.
      more: what the description says besides.
    """

    return Format(
        "zero_shot_cot",
        "reason_then_answer",
        step_by_step(open_),
        metric_names(metrics),
        extract=extract,
        stop=stop,
        max_tokens=max_tokens,
        answer_trigger=trigger,
        answer_max_tokens=answer_max_tokens,
        drop="last",
        description=f"Kojima et al. 2022, two generations{more}",
    )
