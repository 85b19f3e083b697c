"""GSM8K (Cobbe et al. 2021): grade school mathematics in words; and the formats of such problems."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flan_jax.declare.benchmark import (
    Benchmark,
    Prompt,
    Published,
    Question,
    Subtask,
    add_benchmark,
)
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval import mgsm
from flan_jax.tasks.eval.files import exemplars_error, read_jsonl, row_error, text_field
from flan_jax.tasks.eval.formats import chain_of_thought, few_shot, short_answer, zero_shot, zero_shot_cot
from flan_jax.tasks.eval.prompts import THEREFORE_NUMBER, answered

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


def _ask(question: Question) -> Prompt:
    return Prompt("", (), f"Q: {question.text}\nA:", question.references)


def _ask_directly(question: Question) -> Prompt:
    return Prompt("", (), f"Q: {question.text}\nA: The answer is", question.references)


def _ask_as_trained(question: Question) -> Prompt:
    return Prompt("", (), f"Question: {question.text}\nAnswer:", question.references)


def _shots() -> list[tuple[str, str]]:
    """The eight exemplars of Wei et al. 2022 as MGSM's English exemplars have them."""
    return [(_without_label(question), _without_label(answer)) for question, answer in mgsm.exemplars("en")]


def _worked_shots() -> list[str]:
    return [answered(question, answer) for question, answer in _shots()]


def _answered_shots() -> list[str]:
    pairs = [(question, answer.rstrip(". ").rpartition(" ")[2]) for question, answer in _shots()]
    return [answered(question, f"The answer is {answer}.") for question, answer in pairs]


def _train_shots() -> list[str]:
    found = read("gsm8k", "train")
    if len(found) < NUM_TRAIN_SHOTS:
        raise exemplars_error(DATA.path("train.jsonl"), len(found), NUM_TRAIN_SHOTS, "gsm8k")
    return [
        f"Question: {q.text}\nAnswer: {q.fields['reasoning']}\n#### {q.references[0]}\n\n"
        for q in found[:NUM_TRAIN_SHOTS]
    ]


WORD_PROBLEM_FORMATS = (
    chain_of_thought(
        few_shot(_ask, _worked_shots),
        "number",
        "8-shot, the exemplars of Wei et al. 2022 (read from MGSM's English exemplars)",
        max_tokens=256,
        num_shots=8,
    ),
    short_answer(
        few_shot(_ask_directly, _answered_shots),
        "number",
        "the same questions with their answers only",
        name="direct",
        max_tokens=16,
        num_shots=8,
    ),
    zero_shot_cot(zero_shot(_ask), "kojima_number", THEREFORE_NUMBER, max_tokens=256),
)

GSM8K = add_benchmark(
    Benchmark(
        name="gsm8k",
        title="GSM8K",
        paper="Cobbe et al. 2021 (2110.14168)",
        downloads=(DATA, mgsm.DATA),
        read=read,
        subtasks=(Subtask("gsm8k", num_published={"test": 1_319}),),
        splits=("test",),
        formats=(
            *WORD_PROBLEM_FORMATS,
            chain_of_thought(
                few_shot(_ask_as_trained, _train_shots),
                "number",
                "5-shot, the first five training questions with their solutions",
                name="train_cot",
                stop=("\n\n", "Question:"),
                max_tokens=256,
                num_shots=NUM_TRAIN_SHOTS,
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
