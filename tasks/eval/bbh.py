"""BIG-Bench Hard (Suzgun et al. 2022): 23 tasks in 27 files."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import (
    Benchmark,
    Prompt,
    PromptBuilder,
    Published,
    Question,
    Subtask,
    add_benchmark,
)
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval.files import exemplars_error, read_examples, read_text, text_field
from flan_jax.tasks.eval.formats import chain_of_thought, short_answer, step_by_step, zero_shot_cot
from flan_jax.tasks.eval.prompts import THEREFORE, answered
from flan_jax.tasks.eval.published import table_4, table_5

DATA = Download("BIG-Bench Hard", "https://github.com/suzgunmirac/BIG-Bench-Hard (folder bbh)", "MIT", "bbh")
PROMPTS = Download(
    "BIG-Bench Hard's prompts",
    "https://github.com/suzgunmirac/BIG-Bench-Hard (folder cot-prompts)",
    "MIT",
    "bbh/cot-prompts",
)
NLP, ALGORITHMIC = "NLP", "algorithmic"
NUM_SHOTS = 3
NUM_QUESTIONS = {"causal_judgement": 187, "penguins_in_a_table": 146, "snarks": 178}  # of the others 250

# name: group, chance in percent (from the option lists of the data, 0 where the answer is free), baseline in percent of
# the normalised average where it is not chance. The baselines are FITTED to table 5 of Chung et al. 2022 by this
# project's fact sheets; the paper does not print them, and which task carries the correction is not identified.
_SUBTASKS: dict[str, tuple[str, float, float | None]] = {
    "boolean_expressions": (ALGORITHMIC, 50.0, None),
    "causal_judgement": (NLP, 50.0, None),
    "date_understanding": (NLP, 17.2, None),
    "disambiguation_qa": (NLP, 33.2, None),
    "dyck_languages": (ALGORITHMIC, 0.0, 1.2),
    "formal_fallacies": (NLP, 50.0, None),
    "geometric_shapes": (ALGORITHMIC, 9.8, 11.6),
    "hyperbaton": (NLP, 50.0, None),
    "logical_deduction_five_objects": (ALGORITHMIC, 20.0, None),
    "logical_deduction_seven_objects": (ALGORITHMIC, 14.3, None),
    "logical_deduction_three_objects": (ALGORITHMIC, 33.3, None),
    "movie_recommendation": (NLP, 24.6, None),
    "multistep_arithmetic_two": (ALGORITHMIC, 0.0, None),
    "navigate": (ALGORITHMIC, 50.0, None),
    "object_counting": (ALGORITHMIC, 0.0, None),
    "penguins_in_a_table": (NLP, 20.0, 0.0),
    "reasoning_about_colored_objects": (NLP, 12.1, 11.9),
    "ruin_names": (NLP, 24.9, None),
    "salient_translation_error_detection": (NLP, 16.7, None),
    "snarks": (NLP, 50.3, 50.0),
    "sports_understanding": (NLP, 50.0, None),
    "temporal_sequences": (ALGORITHMIC, 25.0, None),
    "tracking_shuffled_objects_five_objects": (ALGORITHMIC, 20.0, None),
    "tracking_shuffled_objects_seven_objects": (ALGORITHMIC, 14.3, None),
    "tracking_shuffled_objects_three_objects": (ALGORITHMIC, 33.3, None),
    "web_of_lies": (ALGORITHMIC, 50.0, None),
    "word_sorting": (ALGORITHMIC, 0.0, None),
}
_CANARY_END = "-----\n"
_CONCLUSION = re.compile(r"answer is (.*?)\.?\s*$", re.DOTALL)

__all__ = ["BBH", "NUM_SHOTS", "exemplars_of", "parent_task", "prompt_file"]


def parent_task(subtask: str) -> str:
    """The task that a file is a size of: logical deduction and tracking have three each, so 27 files are 23 tasks."""
    return re.sub(r"_(three|five|seven)_objects$", "", subtask)


def read(subtask: str, split: str) -> Sequence[Question]:
    """The examples of `bbh/SUBTASK.json`."""
    path = DATA.require(f"{subtask}.json")
    questions = []
    for number, example in enumerate(read_examples(path)):
        text, target = (text_field(path, 1, example, name) for name in ("input", "target"))
        questions.append(Question(str(number), text, (target.strip(),)))
    return tuple(questions)


def exemplars_of(text: str, where: str = "the prompt file") -> tuple[str, tuple[tuple[str, str, str], ...]]:
    """A prompt file taken apart: the task's description, then (question, chain of thought, answer) of each exemplar.

    The canary line is cut: it is not part of the prompt. Raises `TaskError` for a file that is not of this form.
    """
    _, is_cut, body = text.partition(_CANARY_END)
    description, *blocks = re.split(r"\n\n(?=Q: )", (body if is_cut else text).strip())
    found: list[tuple[str, str, str]] = []
    for block in blocks:
        question, has_answer, reasoning = block.removeprefix("Q: ").partition("\nA: ")
        conclusion = _CONCLUSION.search(reasoning.rpartition("\n")[2] if "answer is" in reasoning else "")
        if not has_answer or conclusion is None:
            raise TaskError(f"{where}: exemplar {len(found) + 1} has no line 'A: … answer is …': download it again")
        found.append((question, reasoning.strip(), conclusion[1].strip()))
    if not found:
        raise TaskError(f"{where} holds no exemplar 'Q: …': download it again")
    return description, tuple(found)


def prompt_file(subtask: str) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    """`exemplars_of` a subtask's published prompt. Raises `TaskError` for a file without all of its exemplars."""
    path = PROMPTS.require(f"{subtask}.txt")
    description, found = exemplars_of(read_text(path), str(path))
    if len(found) != NUM_SHOTS:
        raise exemplars_error(path, len(found), NUM_SHOTS, subtask)
    return description, found


def _open(subtask: str, exemplars: tuple[str, ...]) -> PromptBuilder:
    description, _ = prompt_file(subtask)
    return lambda question: Prompt(f"{description}\n\n", exemplars, f"Q: {question.text}\nA:", question.references)


def _open_direct(subtask: str, split: str) -> PromptBuilder:
    _, shots = prompt_file(subtask)
    return _open(subtask, tuple(answered(question, answer) for question, _, answer in shots))


def _open_cot(subtask: str, split: str) -> PromptBuilder:
    _, shots = prompt_file(subtask)
    return _open(subtask, tuple(answered(question, reasoning) for question, reasoning, _ in shots))


def _open_zero_shot(subtask: str, split: str) -> PromptBuilder:
    return _open(subtask, ())


BBH = add_benchmark(
    Benchmark(
        name="bbh",
        title="BIG-Bench Hard",
        paper="Suzgun et al. 2022 (2210.09261)",
        downloads=(DATA, PROMPTS),
        read=read,
        subtasks=tuple(
            Subtask(
                name,
                (group,),
                chance / 100.0,
                None if baseline is None else baseline / 100.0,
                parent_task(name),
                {"test": NUM_QUESTIONS.get(name, 250)},
            )
            for name, (group, chance, baseline) in _SUBTASKS.items()
        ),
        splits=("test",),
        formats=(
            short_answer(
                _open_direct,
                "first_line",
                "3-shot, the generated line equals the target",
                name="direct",
                stop=("\n\nQ:", "\n\n"),
                max_tokens=96,
                num_shots=NUM_SHOTS,
            ),
            chain_of_thought(
                step_by_step(_open_cot),
                "bbh_cot",
                '3-shot chains of thought, what follows the last "answer is " equals the target',
                max_tokens=512,
                num_shots=NUM_SHOTS,
            ),
            short_answer(
                _open_zero_shot,
                "first_line",
                "the task's description and the question",
                name="zero_shot",
                stop=("\n\nQ:", "\n\n"),
                max_tokens=96,
            ),
            zero_shot_cot(
                _open_zero_shot,
                "bbh_answer",
                THEREFORE,
                max_tokens=384,
                answer_max_tokens=96,
                more=", after the task's description",
            ),
        ),
        published=(
            *table_5("bbh_direct", "direct", "test"),
            *table_5("bbh_cot", "cot", "test"),
            *table_4("bbh_nlp", "test", NLP),
            *table_4("bbh_algorithmic", "test", ALGORITHMIC),
            Published("Flan-T5-Base 250M", "direct", "test", 30.8, "instruct-eval"),
            Published("Flan-T5-Large 780M", "direct", "test", 37.1, "instruct-eval"),
            Published("Flan-T5-XL 3B", "direct", "test", 40.2, "instruct-eval"),
            Published("Flan-T5-XXL 11B", "direct", "test", 43.9, "instruct-eval"),
            Published("SmolLM2-135M-Instruct", "direct", "test", 28.2, "its model card (3-shot)"),
        ),
        note="Unweighted mean over the 27 files. Direct exemplars are those of the chain-of-thought files, without the "
        "reasoning.",
        tags=("reasoning",),
    )
)
