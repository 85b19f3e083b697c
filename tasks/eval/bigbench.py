"""BIG-bench's date understanding and three-object tracking (Srivastava et al. 2022): multiple choice."""

from __future__ import annotations

import dataclasses
import functools
import random
from collections.abc import Sequence

from flan_jax.declare.benchmark import (
    Benchmark,
    Prompt,
    PromptBuilder,
    Question,
    Subtask,
    add_benchmark,
)
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval import bbh
from flan_jax.tasks.eval.files import read_examples, row_error, text_field
from flan_jax.tasks.eval.formats import chain_of_thought, multiple_choice, step_by_step, zero_shot, zero_shot_cot
from flan_jax.tasks.eval.prompts import answered, bracketed_options, letter, therefore_among

# Benchmark name: title, file, folder of BIG-bench, the BIG-Bench Hard file with exemplars of the task, options, chance,
# published questions.
_SETS: dict[str, tuple[str, str, str, str, int, float, int]] = {
    "bigbench_date": (
        "Date understanding (BIG-bench)",
        "bigbench_date.json",
        "date_understanding",
        "date_understanding",
        6,
        0.172,
        369,
    ),
    "bigbench_object_tracking": (
        "Object tracking, three objects (BIG-bench)",
        "bigbench_object_tracking.json",
        "tracking_shuffled_objects/three_objects",
        "tracking_shuffled_objects_three_objects",
        3,
        1 / 3,
        750,
    ),
}

__all__ = ["BIGBENCH"]


def _read(data: Download, file: str, subtask: str, split: str) -> Sequence[Question]:
    path = data.require(file)
    questions = []
    for number, example in enumerate(read_examples(path)):
        text = text_field(path, 1, example, "input").strip()
        scores = example.get("target_scores")
        right = [choice for choice, score in scores.items() if score == 1] if isinstance(scores, dict) else []
        if len(right) != 1:
            raise row_error(path, 1, f"example {number} has {len(right)} right options of target_scores, not one")
        # The file lists the right date first nearly always: letters are given after a draw that the example's place
        # alone decides.
        choices = sorted(scores)
        random.Random(f"{file}/{number}").shuffle(choices)
        shown = tuple(choice.rstrip(".") for choice in choices)
        position = choices.index(right[0])
        questions.append(Question(str(number), text, (shown[position],), shown, (position,)))
    return tuple(questions)


def _open_rank(subtask: str, split: str) -> PromptBuilder:
    # Tracking goes on in the question's own sentence, dates answer it.
    ending = "\nA:" if subtask == "bigbench_date" else ""
    start = "Q: " if ending else ""
    return lambda question: Prompt(
        "",
        (),
        f"{start}{question.text}{ending}",
        question.references,
        tuple(f" {choice}" for choice in question.choices),
        question.correct,
    )


def _ask_for_letter(question: Question) -> Prompt:
    options = bracketed_options(question.choices, "\n")
    return Prompt("", (), f"Q: {question.text}\nOptions:\n{options}\nA:", (letter(question.correct[0]),))


def _open_cot(subtask: str, split: str) -> PromptBuilder:
    description, shots = bbh.prompt_file(_SETS[subtask][3])
    exemplars = tuple(answered(question, reasoning) for question, reasoning, _ in shots)
    preamble = f"{description}\n\n"
    return lambda question: dataclasses.replace(_ask_for_letter(question), preamble=preamble, exemplars=exemplars)


def _benchmark(name: str) -> Benchmark:
    title, file, folder, _, num_choices, chance, size = _SETS[name]
    data = Download(
        title,
        f"https://github.com/google/BIG-bench (bigbench/benchmark_tasks/{folder}/task.json, as reasoning_evals/{file})",
        "Apache-2.0",
        "reasoning_evals",
    )
    return Benchmark(
        name=name,
        title=title,
        paper="Srivastava et al. 2022 (2206.04615)",
        downloads=(data, bbh.PROMPTS),
        read=functools.partial(_read, data, file),
        subtasks=(Subtask(name, chance=chance, num_published={"test": size}),),
        splits=("test",),
        formats=(
            multiple_choice(
                _open_rank,
                "zero-shot, the likeliest option text",
                metrics=("accuracy", "accuracy_per_token", "accuracy_per_byte"),
            ),
            chain_of_thought(
                step_by_step(_open_cot),
                "letter",
                "3-shot, the exemplars of BIG-Bench Hard's task of the same name",
                max_tokens=384,
                num_shots=bbh.NUM_SHOTS,
            ),
            zero_shot_cot(zero_shot(_ask_for_letter), "letter", therefore_among(num_choices), max_tokens=256),
        ),
        note="Options are shuffled by a fixed draw: the file lists the right date first. BIG-Bench Hard has 250 of "
        "these questions.",
        tags=("reasoning",),
    )


BIGBENCH = tuple(add_benchmark(_benchmark(name)) for name in _SETS)
