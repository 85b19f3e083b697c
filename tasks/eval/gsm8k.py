"""GSM8K (Cobbe et al. 2021): grade school mathematics in words; and the formats of such problems."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flan_jax.declare.benchmark import (
    Benchmark,
    Format,
    Prompt,
    PromptBuilder,
    Published,
    Question,
    Subtask,
    add_benchmark,
)
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval import mgsm
from flan_jax.tasks.eval.files import read_jsonl, row_error, text_field
from flan_jax.tasks.eval.prompts import STEP_BY_STEP, THEREFORE_NUMBER

DATA = Download(
    "GSM8K",
    "https://github.com/openai/grade-school-math (folder grade_school_math/data: train.jsonl, test.jsonl)",
    "MIT",
    "gsm8k",
)
NUM_TRAIN_SHOTS = 5
_CALCULATOR = re.compile(r"<<[^<>]*>>")

__all__ = ["GSM8K", "WORD_PROBLEM_FORMATS"]


def read(subtask: str, split: str) -> Sequence[Question]:
    """The rows of `gsm8k/{test,train}.jsonl`; `fields["reasoning"]` is the solution without calculator marks."""
    path = DATA.require(f"{split}.jsonl")
    questions = []
    for number, (line, row) in enumerate(read_jsonl(path)):
        reasoning, mark, answer = text_field(path, line, row, "answer").rpartition("####")
        try:
            reference = mgsm.number_text(answer)
        except ValueError as error:
            raise row_error(path, line, f"what follows '####' {error}") from error
        if not mark:
            raise row_error(path, line, "the answer has no line '#### NUMBER'")
        fields = {"reasoning": _CALCULATOR.sub("", reasoning).strip()}
        text = text_field(path, line, row, "question").strip()
        questions.append(Question(str(number), text, (reference,), fields=fields))
    return tuple(questions)


def _without_label(text: str) -> str:
    return re.sub(r"^[^:]*:\s*", "", text, count=1)


def _shots() -> list[tuple[str, str]]:
    """The eight exemplars of Wei et al. 2022 as MGSM's English exemplars have them."""
    return [(_without_label(question), _without_label(answer)) for question, answer in mgsm.exemplars("en")]


def _open_cot(subtask: str, split: str) -> PromptBuilder:
    shots = tuple(f"Q: {question}\nA: {answer}\n\n" for question, answer in _shots())
    return lambda question: Prompt("", shots, f"Q: {question.text}\nA:", question.references)


def _open_direct(subtask: str, split: str) -> PromptBuilder:
    pairs = [(question, answer.rstrip(". ").rpartition(" ")[2]) for question, answer in _shots()]
    shots = tuple(f"Q: {question}\nA: The answer is {answer}.\n\n" for question, answer in pairs)
    return lambda question: Prompt("", shots, f"Q: {question.text}\nA: The answer is", question.references)


def _open_zero_shot_cot(subtask: str, split: str) -> PromptBuilder:
    return lambda question: Prompt("", (), f"Q: {question.text}\nA: {STEP_BY_STEP}", question.references)


def _open_train_cot(subtask: str, split: str) -> PromptBuilder:
    shots = tuple(
        f"Question: {q.text}\nAnswer: {q.fields['reasoning']}\n#### {q.references[0]}\n\n"
        for q in read(subtask, "train")[:NUM_TRAIN_SHOTS]
    )
    return lambda question: Prompt("", shots, f"Question: {question.text}\nAnswer:", question.references)


WORD_PROBLEM_FORMATS = (
    Format(
        "cot",
        "generate",
        _open_cot,
        ("equals",),
        extract="cot_number",
        stop=("\n\nQ:", "\n\n"),
        max_tokens=256,
        num_shots=8,
        drop="last",
        description="8-shot, the exemplars of Wei et al. 2022 (read from MGSM's English exemplars)",
    ),
    Format(
        "direct",
        "generate",
        _open_direct,
        ("equals",),
        extract="first_number",
        stop=("\n",),
        max_tokens=16,
        num_shots=8,
        drop="last",
        description="the same questions with their answers only",
    ),
    Format(
        "zero_shot_cot",
        "reason_then_answer",
        _open_zero_shot_cot,
        ("equals",),
        extract="first_number",
        stop=("\n\nQ:",),
        max_tokens=256,
        answer_trigger=THEREFORE_NUMBER,
        description="Kojima et al. 2022, two generations",
    ),
)

GSM8K = add_benchmark(
    Benchmark(
        name="gsm8k",
        title="GSM8K",
        paper="Cobbe et al. 2021 (2110.14168)",
        downloads=(DATA, mgsm.DATA),
        read=read,
        subtasks=(Subtask("gsm8k"),),
        splits=("test",),
        formats=(
            *WORD_PROBLEM_FORMATS,
            Format(
                "train_cot",
                "generate",
                _open_train_cot,
                ("equals",),
                extract="cot_number",
                stop=("\n\n", "Question:"),
                max_tokens=256,
                num_shots=NUM_TRAIN_SHOTS,
                drop="last",
                description="5-shot, the first five training questions with their solutions",
            ),
        ),
        published=(
            Published("Flan-PaLM 540B", "cot+sc", "test", 83.9, "Chung et al. 2022, section 3"),
            Published("SmolLM2-135M-Instruct", "train_cot", "test", 1.4, "its model card (5-shot)"),
        ),
        note="GSM8K's training questions are in the Flan 2022 mixture.",
        tags=("reasoning",),
    )
)
