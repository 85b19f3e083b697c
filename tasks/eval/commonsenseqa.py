"""CommonsenseQA (Talmor et al. 2019): five options."""

from __future__ import annotations

from collections.abc import Sequence

from flan_jax.declare.benchmark import Benchmark, Prompt, Question, Subtask, add_benchmark
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval import rationales
from flan_jax.tasks.eval.files import read_jsonl, row_error, text_field
from flan_jax.tasks.eval.formats import chain_of_thought, multiple_choice, short_answer, zero_shot, zero_shot_cot
from flan_jax.tasks.eval.prompts import bracketed_options, letter, therefore_among

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


def _ask(question: Question) -> Prompt:
    return Prompt(
        "",
        (),
        "\n".join((f"Q: {question.text}", "Options:", *(f"- {choice}" for choice in question.choices), "A:")),
        question.references,
        tuple(f" {choice}" for choice in question.choices),
        question.correct,
        unconditional="A:",
    )


def _ask_for_letter(question: Question) -> Prompt:
    query = f"Q: {question.text}\nAnswer Choices: {bracketed_options(question.choices)}\nA:"
    return Prompt("", (), query, (letter(question.correct[0]),))


_SHOTS, _COT = rationales.few_shot(_ask, "ecqa", NUM_SHOTS), rationales.few_shot_cot(_ask, "ecqa", NUM_SHOTS)
_RANKED = ("accuracy", "accuracy_per_token", "accuracy_per_byte", "accuracy_pmi")

COMMONSENSEQA = add_benchmark(
    Benchmark(
        name="commonsenseqa",
        title="CommonsenseQA",
        paper="Talmor et al. 2019 (1811.00937)",
        downloads=(DATA, rationales.DATA),
        read=read,
        subtasks=(Subtask("commonsenseqa", chance=0.2, num_published={"validation": 1_221}),),
        splits=("validation",),
        formats=(
            multiple_choice(
                _SHOTS, "7-shot, the likeliest answer text", metrics=_RANKED, num_shots=NUM_SHOTS, option_end="eos"
            ),
            short_answer(
                _SHOTS,
                "first_line",
                "7-shot, the text that is generated",
                metrics=("equals_folded",),
                max_tokens=24,
                num_shots=NUM_SHOTS,
            ),
            chain_of_thought(
                _COT,
                "flan_answer",
                "7-shot, rationales of ECQA from the Flan 2022 collection",
                metrics=("equals_folded",),
                max_tokens=192,
                num_shots=NUM_SHOTS,
            ),
            multiple_choice(zero_shot(_ask), "the question alone", name="zero_shot", metrics=_RANKED, option_end="eos"),
            zero_shot_cot(zero_shot(_ask_for_letter), "kojima_letter", therefore_among(5), max_tokens=192),
        ),
        note="The test split's answers are not public: this is the development split.",
        tags=("reasoning", "commonsense"),
    )
)
