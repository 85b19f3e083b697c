"""AQuA-RAT (Ling et al. 2017): algebra in words, five options."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flan_jax.declare.benchmark import (
    Benchmark,
    Format,
    Prompt,
    PromptBuilder,
    Question,
    Subtask,
    add_benchmark,
)
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval import rationales
from flan_jax.tasks.eval.files import read_jsonl, row_error, text_field
from flan_jax.tasks.eval.prompts import STEP_BY_STEP, bracketed_options, letter, therefore_among, worked

DATA = Download(
    "AQuA",
    "https://github.com/google-deepmind/AQuA (test.json, as reasoning_evals/aqua_test.jsonl)",
    "Apache-2.0",
    "reasoning_evals",
)
NUM_SHOTS = 4
_OPTION = re.compile(r"\s*\(?([A-E])\s*\)\s*(.*)", re.DOTALL)

__all__ = ["AQUA"]


def read(subtask: str, split: str) -> Sequence[Question]:
    """The rows of `reasoning_evals/aqua_test.jsonl`."""
    path = DATA.require("aqua_test.jsonl")
    questions = []
    for number, (line, row) in enumerate(read_jsonl(path)):
        options = row.get("options")
        matches = [_OPTION.fullmatch(str(option)) for option in options] if isinstance(options, list) else []
        found = [match for match in matches if match]
        letters = [match[1] for match in found]
        if len(found) != len(matches) or letters != [letter(i) for i in range(len(letters))] or not letters:
            raise row_error(path, line, "options are not a list of 'A)…', 'B)…', in order")
        right = row.get("correct")
        if right not in letters:
            raise row_error(path, line, f"'correct' is {right!r}, not one of {', '.join(letters)}")
        choices = tuple(match[2].strip() for match in found)
        position = letters.index(right)
        text = text_field(path, line, row, "question").strip()
        questions.append(Question(str(number), text, (choices[position],), choices, (position,)))
    return tuple(questions)


def _asked(question: Question) -> str:
    return f"{question.text}\nOptions:\n{bracketed_options(question.choices, chr(10))}"


def _prompt(question: Question, exemplars: tuple[str, ...], query: str) -> Prompt:
    return Prompt(
        "",
        exemplars,
        query,
        references=(letter(question.correct[0]),),
        options=tuple(f" ({letter(i)})" for i in range(len(question.choices))),
        correct=question.correct,
    )


def _open_direct(subtask: str, split: str) -> PromptBuilder:
    shots = rationales.worked_questions("aqua", NUM_SHOTS)
    exemplars = tuple(f"Q: {question}\nA: {answer}\n\n" for question, answer, _ in shots)
    return lambda question: _prompt(question, exemplars, f"Q: {_asked(question)}\nA:")


def _open_cot(subtask: str, split: str) -> PromptBuilder:
    shots = rationales.worked_questions("aqua", NUM_SHOTS)
    exemplars = tuple(worked(question, reasoning, answer) for question, answer, reasoning in shots)
    return lambda question: _prompt(question, exemplars, f"Q: {_asked(question)}\nA:")


def _open_zero_shot(subtask: str, split: str) -> PromptBuilder:
    return lambda question: _prompt(question, (), f"Q: {_asked(question)}\nA:")


def _open_zero_shot_cot(subtask: str, split: str) -> PromptBuilder:
    return lambda question: _prompt(question, (), f"Q: {_asked(question)}\nA: {STEP_BY_STEP}")


AQUA = add_benchmark(
    Benchmark(
        name="aqua",
        title="AQuA",
        paper="Ling et al. 2017 (1705.04146)",
        downloads=(DATA, rationales.DATA),
        read=read,
        subtasks=(Subtask("aqua", chance=0.2),),
        splits=("test",),
        formats=(
            Format(
                "direct",
                "rank",
                _open_direct,
                ("accuracy",),
                num_shots=NUM_SHOTS,
                drop="last",
                description="4-shot, the likeliest letter in brackets",
            ),
            Format(
                "generate",
                "generate",
                _open_direct,
                ("equals",),
                extract="first_letter",
                stop=("\n",),
                max_tokens=8,
                num_shots=NUM_SHOTS,
                drop="last",
                description="4-shot, the letter that is generated",
            ),
            Format(
                "cot",
                "generate",
                _open_cot,
                ("equals",),
                extract="cot_letter",
                stop=("\n\nQ:",),
                max_tokens=256,
                num_shots=NUM_SHOTS,
                drop="last",
                description="4-shot, rationales of the Flan 2022 collection's AQuA set",
            ),
            Format("zero_shot", "rank", _open_zero_shot, ("accuracy",), description="the question alone"),
            Format(
                "zero_shot_cot",
                "reason_then_answer",
                _open_zero_shot_cot,
                ("equals",),
                extract="first_letter",
                stop=("\n\nQ:",),
                max_tokens=256,
                answer_trigger=therefore_among(5),
                description="Kojima et al. 2022, two generations",
            ),
        ),
        note="AQuA's training questions are in the Flan 2022 mixture.",
        tags=("reasoning",),
    )
)
