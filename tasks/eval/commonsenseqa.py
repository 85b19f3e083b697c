"""CommonsenseQA (Talmor et al. 2019): five options."""

from __future__ import annotations

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
    "CommonsenseQA",
    "https://www.tau-nlp.org/commonsenseqa (dev_rand_split.jsonl, as reasoning_evals/commonsenseqa_dev.jsonl)",
    "MIT",
    "reasoning_evals",
)
NUM_SHOTS = 7

__all__ = ["COMMONSENSEQA"]


def read(subtask: str, split: str) -> Sequence[Question]:
    """The rows of `reasoning_evals/commonsenseqa_dev.jsonl`."""
    path = DATA.require("commonsenseqa_dev.jsonl")
    questions = []
    for line, row in read_jsonl(path):
        asked = row.get("question")
        options = asked.get("choices") if isinstance(asked, dict) else None
        if not isinstance(options, list) or not options:
            raise row_error(path, line, "no question with a list of choices")
        choices = tuple(text_field(path, line, option, "text").strip() for option in options)
        labels = [option.get("label") for option in options]
        if row.get("answerKey") not in labels:
            raise row_error(path, line, f"answerKey {row.get('answerKey')!r} is not one of {labels}")
        position = labels.index(row["answerKey"])
        name = str(row.get("id") or line)
        text = text_field(path, line, asked, "stem").strip()
        questions.append(Question(name, text, (choices[position],), choices, (position,)))
    return tuple(questions)


def _dashed(question: Question) -> str:
    return "\n".join((question.text, "Options:", *(f"- {choice}" for choice in question.choices)))


def _open_direct(subtask: str, split: str) -> PromptBuilder:
    shots = rationales.worked_questions("ecqa", NUM_SHOTS)
    return _with_texts(tuple(f"Q: {question}\nA: {answer}\n\n" for question, answer, _ in shots))


def _open_cot(subtask: str, split: str) -> PromptBuilder:
    shots = rationales.worked_questions("ecqa", NUM_SHOTS)
    return _with_texts(tuple(worked(question, reasoning, answer) for question, answer, reasoning in shots))


def _open_zero_shot(subtask: str, split: str) -> PromptBuilder:
    return _with_texts(())


def _with_texts(exemplars: tuple[str, ...]) -> PromptBuilder:
    def build(question: Question) -> Prompt:
        options = tuple(f" {choice}" for choice in question.choices)
        return Prompt(
            "",
            exemplars,
            f"Q: {_dashed(question)}\nA:",
            question.references,
            options,
            question.correct,
            unconditional="A:",
        )

    return build


def _open_zero_shot_cot(subtask: str, split: str) -> PromptBuilder:
    return lambda question: Prompt(
        "",
        (),
        f"Q: {question.text}\nAnswer Choices: {bracketed_options(question.choices)}\nA: {STEP_BY_STEP}",
        (letter(question.correct[0]),),
    )


COMMONSENSEQA = add_benchmark(
    Benchmark(
        name="commonsenseqa",
        title="CommonsenseQA",
        paper="Talmor et al. 2019 (1811.00937)",
        downloads=(DATA, rationales.DATA),
        read=read,
        subtasks=(Subtask("commonsenseqa", chance=0.2),),
        splits=("validation",),
        formats=(
            Format(
                "direct",
                "rank",
                _open_direct,
                ("accuracy", "accuracy_per_token", "accuracy_per_byte", "accuracy_pmi"),
                option_end="eos",
                num_shots=NUM_SHOTS,
                drop="last",
                description="7-shot, the likeliest answer text",
            ),
            Format(
                "generate",
                "generate",
                _open_direct,
                ("equals_folded",),
                extract="first_line",
                stop=("\n",),
                max_tokens=24,
                num_shots=NUM_SHOTS,
                drop="last",
                description="7-shot, the text that is generated",
            ),
            Format(
                "cot",
                "generate",
                _open_cot,
                ("equals_folded",),
                extract="flan_answer",
                stop=("\n\nQ:", "\n\n"),
                max_tokens=192,
                num_shots=NUM_SHOTS,
                drop="last",
                description="7-shot, rationales of ECQA from the Flan 2022 collection",
            ),
            Format(
                "zero_shot",
                "rank",
                _open_zero_shot,
                ("accuracy", "accuracy_per_token", "accuracy_per_byte", "accuracy_pmi"),
                option_end="eos",
                description="the question alone",
            ),
            Format(
                "zero_shot_cot",
                "reason_then_answer",
                _open_zero_shot_cot,
                ("equals",),
                extract="first_letter",
                stop=("\n\nQ:",),
                max_tokens=192,
                answer_trigger=therefore_among(5),
                description="Kojima et al. 2022, two generations",
            ),
        ),
        note="The test split's answers are not public: this is the development split.",
        tags=("reasoning", "commonsense"),
    )
)
