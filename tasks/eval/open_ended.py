"""Open-ended prompts for people to judge (Chung et al. 2022, section 6): five samples each at temperature 0.7, of
which the likeliest that is no repetition loop is shown (`flan_jax.evaluate.best_of`)."""

from __future__ import annotations

from collections.abc import Sequence

from flan_jax.declare.benchmark import (
    Benchmark,
    Format,
    Prompt,
    PromptBuilder,
    Question,
    SampleSettings,
    Subtask,
    add_benchmark,
)
from flan_jax.tasks.eval.open_ended_prompts import PROMPTS, WITH_TRIGGER
from flan_jax.tasks.eval.prompts import STEP_BY_STEP

SAMPLING = SampleSettings(5, temperature=0.7, top_k=0)

__all__ = ["OPEN_ENDED"]


def read(subtask: str, split: str) -> Sequence[Question]:
    """The category's prompts; no answer is right or wrong."""
    return tuple(Question(str(number), text, ()) for number, text in enumerate(PROMPTS[subtask]))


def _open(subtask: str, split: str) -> PromptBuilder:
    return lambda question: Prompt("", (), question.text, ())


def _open_with_trigger(subtask: str, split: str) -> PromptBuilder:
    ending = f"\n{STEP_BY_STEP}" if subtask in WITH_TRIGGER else ""
    return lambda question: Prompt("", (), question.text + ending, ())


OPEN_ENDED = add_benchmark(
    Benchmark(
        name="open_ended",
        title="Open-ended prompts",
        paper="after Chung et al. 2022, section 6",
        downloads=(),
        read=read,
        subtasks=tuple(Subtask(category) for category in PROMPTS),
        splits=("prompts",),
        formats=tuple(
            Format(
                name,
                "generate",
                open_,
                ("has_sample",),
                extract="whole_text",
                max_tokens=256,
                sampling=SAMPLING,
                choose="likeliest",
                description=description,
            )
            for name, open_, description in (
                ("samples", _open, "5 samples at temperature 0.7"),
                ("samples_step_by_step", _open_with_trigger, f"the same, complex prompts with '{STEP_BY_STEP}'"),
            )
        ),
        note="Nothing here is right or wrong: the score is the share of prompts with a sample that is not empty. The "
        "answer to show to raters is the likeliest sample, after those that are repetition loops are dropped; the "
        "journal holds all samples, their log-probabilities and their ranking.",
        tags=("instructgpt",),
    )
)
