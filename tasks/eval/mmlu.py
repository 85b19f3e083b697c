"""MMLU (Hendrycks et al. 2021): 57 subjects of four-way multiple choice."""

from __future__ import annotations

import dataclasses
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
from flan_jax.tasks.eval.files import read_csv, read_json, row_error
from flan_jax.tasks.eval.formats import (
    chain_of_thought,
    multiple_choice,
    short_answer,
    step_by_step,
    zero_shot,
    zero_shot_cot,
)
from flan_jax.tasks.eval.prompts import bracketed_options, letter, therefore_among
from flan_jax.tasks.eval.published import table_4, table_5

DATA = Download(
    "MMLU",
    "https://people.eecs.berkeley.edu/~hendrycks/data.tar (unpacked: folders dev, val, test)",
    "MIT",
    "mmlu",
)
COT = Download(
    "MMLU chain-of-thought exemplars",
    "https://github.com/jasonwei20/flan-2/blob/main/mmlu-cot.json",
    "none stated",
    "mmlu",
)
COT_FILE = "mmlu-cot.json"

# Folder and file suffix of each split in the publisher's archive.
_FOLDERS = {"validation": "val", "test": "test", "dev": "dev"}
_CATEGORIES = {
    "STEM": "abstract_algebra astronomy college_biology college_chemistry college_computer_science college_mathematics "
    "college_physics computer_security conceptual_physics electrical_engineering elementary_mathematics "
    "high_school_biology high_school_chemistry high_school_computer_science high_school_mathematics "
    "high_school_physics high_school_statistics machine_learning",
    "humanities": "formal_logic high_school_european_history high_school_us_history high_school_world_history "
    "international_law jurisprudence logical_fallacies moral_disputes moral_scenarios philosophy prehistory "
    "professional_law world_religions",
    "social sciences": "econometrics high_school_geography high_school_government_and_politics "
    "high_school_macroeconomics high_school_microeconomics high_school_psychology human_sexuality "
    "professional_psychology public_relations security_studies sociology us_foreign_policy",
    "other": "anatomy business_ethics clinical_knowledge college_medicine global_facts human_aging management "
    "marketing medical_genetics miscellaneous nutrition professional_accounting professional_medicine virology",
}
CATEGORY = {subject: category for category, names in _CATEGORIES.items() for subject in names.split()}

__all__ = ["CATEGORY", "MMLU", "exemplars_of_cot_prompt", "lettered"]


def read(subject: str, split: str) -> Sequence[Question]:
    """The rows of `mmlu/{dev,val,test}/SUBJECT_{dev,val,test}.csv`: question, four options, letter."""
    folder = _FOLDERS[split]
    path = DATA.require(folder, f"{subject}_{folder}.csv")
    questions = []
    for number, (line, fields) in enumerate(read_csv(path, 6)):
        text, *choices, right = (field.strip() for field in fields)
        if right not in "ABCD" or len(right) != 1:
            raise row_error(path, line, f"the answer is {right!r}, not one of A, B, C, D")
        position = "ABCD".index(right)
        answer, place = (choices[position],), f"{path}:{line}"
        questions.append(Question(str(number), text, answer, tuple(choices), (position,), place=place))
    return tuple(questions)


def header(subject: str) -> str:
    """The line that opens every MMLU prompt."""
    return f"The following are multiple choice questions (with answers) about {subject.replace('_', ' ')}.\n\n"


def lettered(question: Question) -> str:
    """Question, options under letters, "Answer:": the publisher's own layout."""
    options = "\n".join(f"{letter(i)}. {choice}" for i, choice in enumerate(question.choices))
    return f"{question.text}\n{options}\nAnswer:"


def exemplars_of_cot_prompt(text: str) -> tuple[str, tuple[str, ...]]:
    """A published prompt taken apart: its opening line, and its exemplars, each ending in one empty line."""
    head, *rest = re.split(r"\n\n(?=Q: )", text.strip())
    return f"{head}\n\n", tuple(f"{exemplar.rstrip()}\n\n" for exemplar in rest)


def _shots(subject: str, num: int) -> tuple[Question, ...]:
    return tuple(read(subject, "dev")[:num])


def _open_direct(subject: str, split: str, num_shots: int = 5) -> PromptBuilder:
    exemplars = tuple(f"{lettered(shot)} {letter(shot.correct[0])}\n\n" for shot in _shots(subject, num_shots))

    def build(question: Question) -> Prompt:
        letters = tuple(letter(i) for i in range(len(question.choices)))
        return Prompt(
            header(subject),
            exemplars,
            lettered(question),
            references=(letters[question.correct[0]],),
            options=tuple(f" {name}" for name in letters),
            correct=question.correct,
        )

    return build


def _open_zero_shot(subject: str, split: str) -> PromptBuilder:
    return _open_direct(subject, split, num_shots=0)


def _ask_cloze(question: Question) -> Prompt:
    return Prompt(
        "",
        (),
        f"Question: {question.text}\nAnswer:",
        references=question.references,
        options=tuple(f" {choice}" for choice in question.choices),
        correct=question.correct,
        unconditional="Answer:",
    )


def _ask_for_letter(question: Question) -> Prompt:
    query = f"Q: {question.text}\n{bracketed_options(question.choices)}\nA:"
    return Prompt("", (), query, references=(letter(question.correct[0]),))


def _open_cot(subject: str, split: str) -> PromptBuilder:
    path = COT.require(COT_FILE)
    prompts = read_json(path)
    if not isinstance(prompts, dict) or not isinstance(prompts.get(subject), str):
        raise TaskError(f"{path} has no prompt for {subject}, a text. {COT.line(COT_FILE)}")
    preamble, exemplars = exemplars_of_cot_prompt(prompts[subject])
    return lambda question: dataclasses.replace(_ask_for_letter(question), preamble=preamble, exemplars=exemplars)


MMLU = add_benchmark(
    Benchmark(
        name="mmlu",
        title="MMLU",
        paper="Hendrycks et al. 2021 (2009.03300)",
        downloads=(DATA, COT),
        read=read,
        subtasks=tuple(Subtask(subject, (CATEGORY[subject],), chance=0.25) for subject in sorted(CATEGORY)),
        splits=("validation", "test"),
        formats=(
            multiple_choice(_open_direct, "5-shot, the likeliest of the tokens A to D", num_shots=5),
            short_answer(_open_direct, "letter", "5-shot, the letter that is generated", num_shots=5),
            multiple_choice(_open_zero_shot, "the same without exemplars", name="zero_shot"),
            multiple_choice(
                zero_shot(_ask_cloze),
                "zero-shot, the likeliest answer text per byte, options not shown",
                name="cloze",
                metrics=("accuracy_per_byte", "accuracy", "accuracy_per_token", "accuracy_pmi"),
            ),
            chain_of_thought(
                step_by_step(_open_cot),
                "letter",
                "the published chains of thought (4 or 5 a subject)",
                stop=("\n\nQ:",),
                max_tokens=384,
                num_shots=5,
            ),
            zero_shot_cot(zero_shot(_ask_for_letter), "letter", therefore_among(4), max_tokens=384),
        ),
        published=(
            *table_5("mmlu_direct", "direct", "validation"),
            *table_5("mmlu_cot", "cot", "validation"),
            *table_4("mmlu", "test"),
            Published("GPT-3 175B", "direct", "test", 43.9, "Chung et al. 2022, table 1"),
            Published("Chinchilla 70B", "direct", "test", 67.6, "Chung et al. 2022, table 1"),
            Published("average human rater", "direct", "test", 34.5, "Chung et al. 2022, table 1"),
            Published("human expert", "direct", "test", 89.8, "Chung et al. 2022, table 1"),
            Published("Flan-T5-Small 80M", "direct", "test", 29.5, "hendrycks/test leaderboard"),
            Published("Flan-T5-Base 250M", "direct", "test", 34.2, "hendrycks/test leaderboard"),
            Published("Flan-T5-Large 780M", "direct", "test", 41.9, "hendrycks/test leaderboard"),
            Published("Flan-T5-XL 3B", "direct", "test", 49.3, "hendrycks/test leaderboard"),
            Published("SmolLM2-135M-Instruct", "cloze", "test", 29.3, "its model card"),
        ),
        note="The papers report the validation split; exemplars are the five dev questions of the subject.",
        tags=("knowledge",),
    )
)
