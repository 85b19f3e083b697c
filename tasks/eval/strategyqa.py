"""StrategyQA (Geva et al. 2021), as BIG-bench has it: yes or no, with the steps left implicit."""

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
from flan_jax.tasks.eval.files import read_json, row_error, text_field
from flan_jax.tasks.eval.prompts import STEP_BY_STEP, THEREFORE_YES_NO, worked

DATA = Download(
    "StrategyQA",
    "https://github.com/google/BIG-bench (bigbench/benchmark_tasks/strategyqa/task.json, as "
    "reasoning_evals/strategyqa_bigbench_task.json)",
    "MIT (the data), Apache-2.0 (BIG-bench)",
    "reasoning_evals",
)
FILE = "strategyqa_bigbench_task.json"
NUM_SHOTS = 6
_OPTIONS = (" yes", " no")

__all__ = ["STRATEGYQA"]


def read(subtask: str, split: str) -> Sequence[Question]:
    """The examples of BIG-bench's `task.json`."""
    path = DATA.require(FILE)
    value = read_json(path)
    examples = value.get("examples") if isinstance(value, dict) else None
    if not isinstance(examples, list):
        raise row_error(path, 1, "no list 'examples'")
    questions = []
    for number, example in enumerate(examples):
        text = text_field(path, 1, example, "input").strip()
        scores = example.get("target_scores")
        if not isinstance(scores, dict) or set(scores) != {"Yes", "No"} or sum(scores.values()) != 1:
            raise row_error(path, 1, f"example {number} has no target_scores with one of Yes, No right")
        position = 0 if scores["Yes"] else 1
        questions.append(Question(str(number), text, (("yes", "no")[position],), ("yes", "no"), (position,)))
    return tuple(questions)


def _prompt(question: Question, exemplars: tuple[str, ...], ending: str = "") -> Prompt:
    query = f"Q: {question.text}\nA:{ending}"
    return Prompt("", exemplars, query, question.references, _OPTIONS, question.correct)


def _open_direct(subtask: str, split: str) -> PromptBuilder:
    shots = rationales.worked_questions("strategyqa", NUM_SHOTS + 1)

    def build(question: Question) -> Prompt:
        chosen = rationales.without(shots, question.text, NUM_SHOTS)
        return _prompt(question, tuple(f"Q: {asked}\nA: {answer}\n\n" for asked, answer, _ in chosen))

    return build


def _open_cot(subtask: str, split: str) -> PromptBuilder:
    shots = rationales.worked_questions("strategyqa", NUM_SHOTS + 1)

    def build(question: Question) -> Prompt:
        chosen = rationales.without(shots, question.text, NUM_SHOTS)
        return _prompt(question, tuple(worked(asked, reasoning, answer) for asked, answer, reasoning in chosen))

    return build


def _open_zero_shot(subtask: str, split: str) -> PromptBuilder:
    return lambda question: _prompt(question, ())


def _open_zero_shot_cot(subtask: str, split: str) -> PromptBuilder:
    return lambda question: _prompt(question, (), f" {STEP_BY_STEP}")


STRATEGYQA = add_benchmark(
    Benchmark(
        name="strategyqa",
        title="StrategyQA",
        paper="Geva et al. 2021 (2101.02235)",
        downloads=(DATA, rationales.DATA),
        read=read,
        subtasks=(Subtask("strategyqa", chance=0.5),),
        splits=("test",),
        formats=(
            Format(
                "direct",
                "rank",
                _open_direct,
                ("accuracy",),
                num_shots=NUM_SHOTS,
                drop="last",
                description="6-shot, the likelier of yes and no",
            ),
            Format(
                "generate",
                "generate",
                _open_direct,
                ("equals",),
                extract="first_yes_no",
                stop=("\n",),
                max_tokens=8,
                num_shots=NUM_SHOTS,
                drop="last",
                description="6-shot, the word that is generated",
            ),
            Format(
                "cot",
                "generate",
                _open_cot,
                ("equals",),
                extract="cot_yes_no",
                stop=("\n\nQ:", "\n\n"),
                max_tokens=192,
                num_shots=NUM_SHOTS,
                drop="last",
                description="6-shot, rationales of the Flan 2022 collection's StrategyQA set",
            ),
            Format("zero_shot", "rank", _open_zero_shot, ("accuracy",), description="the question alone"),
            Format(
                "zero_shot_cot",
                "reason_then_answer",
                _open_zero_shot_cot,
                ("equals",),
                extract="first_yes_no",
                stop=("\n\nQ:",),
                max_tokens=192,
                answer_trigger=THEREFORE_YES_NO,
                description="Kojima et al. 2022, two generations",
            ),
        ),
        note="BIG-bench's 2,290 questions are StrategyQA's training set: 2,031 of them are in the Flan 2022 "
        "chain-of-thought set, so a model finetuned on that has seen them. No exemplar asks the question at hand.",
        tags=("reasoning",),
    )
)
