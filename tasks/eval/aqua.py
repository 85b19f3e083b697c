"""AQuA-RAT (Ling et al. 2017): algebra in words, five options."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flan_jax.declare.benchmark import Benchmark, Prompt, Question, Subtask, add_benchmark
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval import rationales
from flan_jax.tasks.eval.files import read_jsonl, row_error, text_field
from flan_jax.tasks.eval.formats import chain_of_thought, multiple_choice, short_answer, zero_shot, zero_shot_cot
from flan_jax.tasks.eval.prompts import bracketed_options, letter, therefore_among

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


def _ask(question: Question) -> Prompt:
    return Prompt(
        "",
        (),
        f"Q: {question.text}\nOptions:\n{bracketed_options(question.choices, chr(10))}\nA:",
        references=(letter(question.correct[0]),),
        options=tuple(f" ({letter(i)})" for i in range(len(question.choices))),
        correct=question.correct,
    )


_SHOTS, _COT = rationales.few_shot(_ask, "aqua", NUM_SHOTS), rationales.few_shot_cot(_ask, "aqua", NUM_SHOTS)

AQUA = add_benchmark(
    Benchmark(
        name="aqua",
        title="AQuA",
        paper="Ling et al. 2017 (1705.04146)",
        downloads=(DATA, rationales.DATA),
        read=read,
        subtasks=(Subtask("aqua", chance=0.2, num_published={"test": 254}),),
        splits=("test",),
        formats=(
            multiple_choice(_SHOTS, "4-shot, the likeliest letter in brackets", num_shots=NUM_SHOTS),
            short_answer(_SHOTS, "letter", "4-shot, the letter that is generated", num_shots=NUM_SHOTS),
            chain_of_thought(
                _COT,
                "letter",
                "4-shot, rationales of the Flan 2022 collection's AQuA set",
                stop=("\n\nQ:",),
                max_tokens=256,
                num_shots=NUM_SHOTS,
            ),
            multiple_choice(zero_shot(_ask), "the question alone", name="zero_shot"),
            zero_shot_cot(zero_shot(_ask), "kojima_letter", therefore_among(5), max_tokens=256),
        ),
        note="AQuA's training questions are in the Flan 2022 mixture.",
        tags=("reasoning",),
    )
)
