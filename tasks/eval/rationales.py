"""Worked exemplars from the chain-of-thought sets of the Flan 2022 collection (`flan_cot/SET_train.tsv`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from flan_jax.declare.benchmark import Prompt, PromptBuilder, Question
from flan_jax.declare.exemplars import first_others
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval.files import read_csv
from flan_jax.tasks.eval.formats import Opener
from flan_jax.tasks.eval.prompts import answered, worked

DATA = Download(
    "the Flan 2022 chain-of-thought sets",
    "https://github.com/google-research/FLAN (folder flan/v2/cot_data)",
    "Apache-2.0",
    "flan_cot",
)

__all__ = ["DATA", "few_shot", "few_shot_cot"]

WorkedQuestion = tuple[str, str, str]


def few_shot(ask: PromptBuilder, name: str, num: int) -> Opener:
    """An opener that puts questions of a set with their answers before the question.

    Args:
      ask: the prompt without exemplars.
      name: of the set, the start of its file's name.
      num: exemplars, the first of the set that do not ask the question at hand itself
        (`flan_jax.declare.exemplars.same`).
    """
    return _shown(ask, name, num, lambda question, answer, _: answered(question, answer))


def few_shot_cot(ask: PromptBuilder, name: str, num: int) -> Opener:
    """`few_shot` with each exemplar's rationale before its answer."""
    return _shown(ask, name, num, lambda question, answer, reasoning: worked(question, reasoning, answer))


def _shown(ask: PromptBuilder, name: str, num: int, write: Callable[[str, str, str], str]) -> Opener:
    def open_(subtask: str, split: str) -> PromptBuilder:
        shots = _worked_questions(name)

        def build(question: Question) -> Prompt:
            # A question's options stand below it.
            others = first_others(question.text, shots, num, lambda shot: shot[0].partition("\n")[0], f"set {name}")
            return dataclasses.replace(ask(question), exemplars=tuple(write(*shot) for shot in others))

        return build

    return open_


def _worked_questions(name: str) -> list[WorkedQuestion]:
    """(question, answer, rationale) of a set, in order; newlines are written `\\n` in the file."""
    rows = read_csv(DATA.require(f"{name}_train.tsv"), 3, "\t", quote="")
    return [(_field(question), _field(answer), _field(reasoning)) for _, (question, answer, reasoning) in rows]


def _field(text: str) -> str:
    return text.replace("\\n", "\n").strip()
