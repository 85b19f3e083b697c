"""StrategyQA (Geva et al. 2021), as BIG-bench has it: yes or no, with the steps left implicit."""

from __future__ import annotations

from collections.abc import Sequence

from flan_jax.declare.benchmark import Benchmark, Prompt, Question, Subtask, add_benchmark
from flan_jax.sources.data_dir import Download
from flan_jax.tasks.eval import rationales
from flan_jax.tasks.eval.files import read_examples, row_error, text_field
from flan_jax.tasks.eval.formats import chain_of_thought, multiple_choice, short_answer, zero_shot, zero_shot_cot
from flan_jax.tasks.eval.prompts import THEREFORE_YES_NO

DATA = Download(
    "StrategyQA",
    "https://github.com/google/BIG-bench (bigbench/benchmark_tasks/strategyqa/task.json, as "
    "reasoning_evals/strategyqa_bigbench_task.json)",
    "MIT (the data), Apache-2.0 (BIG-bench)",
    "reasoning_evals",
)
FILE = "strategyqa_bigbench_task.json"
NUM_SHOTS = 6

__all__ = ["STRATEGYQA"]


def read(subtask: str, split: str) -> Sequence[Question]:
    """The examples of BIG-bench's `task.json`."""
    path = DATA.require(FILE)
    questions = []
    for number, example in enumerate(read_examples(path)):
        text = text_field(path, 1, example, "input").strip()
        scores = example.get("target_scores")
        if not isinstance(scores, dict) or set(scores) != {"Yes", "No"} or sum(scores.values()) != 1:
            raise row_error(path, 1, f"example {number} has no target_scores with one of Yes, No right")
        position = 0 if scores["Yes"] else 1
        questions.append(Question(str(number), text, (("yes", "no")[position],), ("yes", "no"), (position,)))
    return tuple(questions)


def _ask(question: Question) -> Prompt:
    return Prompt("", (), f"Q: {question.text}\nA:", question.references, (" yes", " no"), question.correct)


_SHOTS = rationales.few_shot(_ask, "strategyqa", NUM_SHOTS)
_COT = rationales.few_shot_cot(_ask, "strategyqa", NUM_SHOTS)

STRATEGYQA = add_benchmark(
    Benchmark(
        name="strategyqa",
        title="StrategyQA",
        paper="Geva et al. 2021 (2101.02235)",
        downloads=(DATA, rationales.DATA),
        read=read,
        subtasks=(Subtask("strategyqa", chance=0.5, num_published={"test": 2_290}),),
        splits=("test",),
        formats=(
            multiple_choice(_SHOTS, "6-shot, the likelier of yes and no", num_shots=NUM_SHOTS),
            short_answer(_SHOTS, "yes_no", "6-shot, the word that is generated", num_shots=NUM_SHOTS),
            chain_of_thought(
                _COT,
                "yes_no",
                "6-shot, rationales of the Flan 2022 collection's StrategyQA set",
                max_tokens=192,
                num_shots=NUM_SHOTS,
            ),
            multiple_choice(zero_shot(_ask), "the question alone", name="zero_shot"),
            zero_shot_cot(zero_shot(_ask), "kojima_yes_no", THEREFORE_YES_NO, max_tokens=192),
        ),
        note="BIG-bench's 2,290 questions are StrategyQA's training set: 2,031 of them are in the Flan 2022 "
        "chain-of-thought set, so a model finetuned on that has seen them. No exemplar asks the question at hand.",
        tags=("reasoning",),
    )
)
