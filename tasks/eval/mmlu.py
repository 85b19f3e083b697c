"""MMLU (Hendrycks et al. 2021): 57 subjects of four-way multiple choice."""

from __future__ import annotations

import dataclasses
import pathlib
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
from flan_jax.tasks.eval.files import exemplars_error, read_csv, read_json, row_error
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
NUM_SHOTS = 5
_WITH_FOUR_CHAINS = ("college_chemistry", "formal_logic", "human_aging")  # published with one chain of thought fewer

# Folder and file suffix of each split in the publisher's archive.
_FOLDERS = {"validation": "val", "test": "test", "dev": "dev"}
# Subject: category, questions of the validation and of the test split as published.
_SUBJECTS = {
    "abstract_algebra": ("STEM", 11, 100),
    "astronomy": ("STEM", 16, 152),
    "college_biology": ("STEM", 16, 144),
    "college_chemistry": ("STEM", 8, 100),
    "college_computer_science": ("STEM", 11, 100),
    "college_mathematics": ("STEM", 11, 100),
    "college_physics": ("STEM", 11, 102),
    "computer_security": ("STEM", 11, 100),
    "conceptual_physics": ("STEM", 26, 235),
    "electrical_engineering": ("STEM", 16, 145),
    "elementary_mathematics": ("STEM", 41, 378),
    "high_school_biology": ("STEM", 32, 310),
    "high_school_chemistry": ("STEM", 22, 203),
    "high_school_computer_science": ("STEM", 9, 100),
    "high_school_mathematics": ("STEM", 29, 270),
    "high_school_physics": ("STEM", 17, 151),
    "high_school_statistics": ("STEM", 23, 216),
    "machine_learning": ("STEM", 11, 112),
    "formal_logic": ("humanities", 14, 126),
    "high_school_european_history": ("humanities", 18, 165),
    "high_school_us_history": ("humanities", 22, 204),
    "high_school_world_history": ("humanities", 26, 237),
    "international_law": ("humanities", 13, 121),
    "jurisprudence": ("humanities", 11, 108),
    "logical_fallacies": ("humanities", 18, 163),
    "moral_disputes": ("humanities", 38, 346),
    "moral_scenarios": ("humanities", 100, 895),
    "philosophy": ("humanities", 34, 311),
    "prehistory": ("humanities", 35, 324),
    "professional_law": ("humanities", 170, 1534),
    "world_religions": ("humanities", 19, 171),
    "econometrics": ("social sciences", 12, 114),
    "high_school_geography": ("social sciences", 22, 198),
    "high_school_government_and_politics": ("social sciences", 21, 193),
    "high_school_macroeconomics": ("social sciences", 43, 390),
    "high_school_microeconomics": ("social sciences", 26, 238),
    "high_school_psychology": ("social sciences", 60, 545),
    "human_sexuality": ("social sciences", 12, 131),
    "professional_psychology": ("social sciences", 69, 612),
    "public_relations": ("social sciences", 12, 110),
    "security_studies": ("social sciences", 27, 245),
    "sociology": ("social sciences", 22, 201),
    "us_foreign_policy": ("social sciences", 11, 100),
    "anatomy": ("other", 14, 135),
    "business_ethics": ("other", 11, 100),
    "clinical_knowledge": ("other", 29, 265),
    "college_medicine": ("other", 22, 173),
    "global_facts": ("other", 10, 100),
    "human_aging": ("other", 23, 223),
    "management": ("other", 11, 103),
    "marketing": ("other", 25, 234),
    "medical_genetics": ("other", 11, 100),
    "miscellaneous": ("other", 86, 783),
    "nutrition": ("other", 33, 306),
    "professional_accounting": ("other", 31, 282),
    "professional_medicine": ("other", 31, 272),
    "virology": ("other", 18, 166),
}
CATEGORY = {subject: category for subject, (category, _, _) in _SUBJECTS.items()}

__all__ = ["CATEGORY", "MMLU", "exemplars_of_cot_prompt", "lettered"]


def _path(subject: str, split: str) -> pathlib.Path:
    folder = _FOLDERS[split]
    return DATA.require(folder, f"{subject}_{folder}.csv")


def read(subject: str, split: str) -> Sequence[Question]:
    """The rows of `mmlu/{dev,val,test}/SUBJECT_{dev,val,test}.csv`: question, four options, letter."""
    path = _path(subject, split)
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
    found = read(subject, "dev") if num else ()
    if len(found) < num:
        raise exemplars_error(_path(subject, "dev"), len(found), num, subject)
    return tuple(found[:num])


def _open_direct(subject: str, split: str, num_shots: int = NUM_SHOTS) -> PromptBuilder:
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
    needed = NUM_SHOTS - 1 if subject in _WITH_FOUR_CHAINS else NUM_SHOTS
    if len(exemplars) != needed:
        raise exemplars_error(path, len(exemplars), needed, subject)
    return lambda question: dataclasses.replace(_ask_for_letter(question), preamble=preamble, exemplars=exemplars)


MMLU = add_benchmark(
    Benchmark(
        name="mmlu",
        title="MMLU",
        paper="Hendrycks et al. 2021 (2009.03300)",
        downloads=(DATA, COT),
        read=read,
        subtasks=tuple(
            Subtask(subject, (category,), chance=0.25, num_published={"validation": num_validation, "test": num_test})
            for subject, (category, num_validation, num_test) in sorted(_SUBJECTS.items())
        ),
        splits=("validation", "test"),
        formats=(
            multiple_choice(_open_direct, "5-shot, the likeliest of the tokens A to D", num_shots=NUM_SHOTS),
            short_answer(_open_direct, "letter", "5-shot, the letter that is generated", num_shots=NUM_SHOTS),
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
                num_shots=NUM_SHOTS,
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
