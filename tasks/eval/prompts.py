"""Pieces of prompts that several benchmarks share, and the words of zero-shot chains of thought."""

from __future__ import annotations

from collections.abc import Sequence

from flan_jax.declare.benchmark import Question

# Kojima et al. 2022, table 1 and appendix A.5: the phrase that opens the reasoning, and those that call for the answer.
STEP_BY_STEP = "Let's think step by step."
THEREFORE_NUMBER = "Therefore, the answer (arabic numerals) is"
THEREFORE_YES_NO = "Therefore, the answer (Yes or No) is"
THEREFORE = "Therefore, the answer is"

__all__ = [
    "STEP_BY_STEP",
    "THEREFORE",
    "THEREFORE_NUMBER",
    "THEREFORE_YES_NO",
    "answered",
    "bracketed_options",
    "letter",
    "question_and_answer",
    "therefore_among",
    "worked",
]


def letter(position: int) -> str:
    """ "A" for 0, "B" for 1, …"""
    return chr(ord("A") + position)


def answered(question: str, answer: str) -> str:
    """An exemplar: the question, and the answer or a whole solution."""
    return f"Q: {question}\nA: {answer}\n\n"


def worked(question: str, reasoning: str, answer: str) -> str:
    """An exemplar in the layout of Wei et al. 2022 (chain-of-thought prompting): reasoning, then the answer."""
    return answered(question, f"{reasoning.rstrip()} The answer is {answer}.")


def therefore_among(num_choices: int) -> str:
    """The phrase that calls for one of `num_choices` letters."""
    return f"Therefore, among A through {letter(num_choices - 1)}, the answer is"


def bracketed_options(choices: Sequence[str], separator: str = " ") -> str:
    """ "(A) … (B) …"."""
    return separator.join(f"({letter(i)}) {choice}" for i, choice in enumerate(choices))


def question_and_answer(question: Question) -> str:
    """ "Q: …\\nA:", with the choices in brackets on a line between where there are any."""
    options = f"\n{bracketed_options(question.choices)}" if question.choices else ""
    return f"Q: {question.text}{options}\nA:"
