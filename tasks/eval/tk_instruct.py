"""Tk-Instruct's evaluation (Wang et al. 2022, section 5): the official test tasks, ROUGE-L, per category.

`tk_instruct`: 119 English tasks. `mtk_instruct`: 35 tasks of the cross-lingual track, whose ROUGE-L is over GPT-2's
tokens. Categories of which the paper reports exact match have it as the second metric.
"""

from __future__ import annotations

from flan_jax.declare.benchmark import (
    Benchmark,
    Format,
    Published,
    Subtask,
    add_benchmark,
    add_collection,
)
from flan_jax.declare.registry import get_mixture, get_task, mixture_members
from flan_jax.declare.task import FORMAT_MARK, Task
from flan_jax.tasks.eval.from_tasks import generated_format, questions
from flan_jax.tasks.niv2.register import TASKS
from flan_jax.tasks.niv2.source import TEST_INSTANCES

MAX_TOKENS = 128
HELD_OUT = f"{FORMAT_MARK}heldout"
PAPER = "Wang et al. 2022, v3"
# Our format -> how the task is put into words: in Tk-Instruct's own layout (`flan_jax.tasks.niv2.official`), which
# published scores are of, or in ours (`flan_jax.tasks.niv2.encodings`).
OFFICIAL = "tk_official_"
ENCODINGS = {
    "tk_official_def_pos_2": "Tk-Instruct's layout: definition and 2 positive examples, the default",
    "tk_official_def": "Tk-Instruct's layout: definition only",
    "tk_official_pos_2": "Tk-Instruct's layout: 2 positive examples only",
    "tk_official_def_pos_2_neg_2": "Tk-Instruct's layout: definition, 2 positive and 2 negative examples",
    "tk_official_def_pos_2_expl": "Tk-Instruct's layout: definition, 2 positive examples with explanations",
    "tk_official_def_pos_2_neg_2_expl": "Tk-Instruct's layout: definition, 2 examples of each kind with explanations",
    "def_pos_2": "definition and 2 positive examples",
    "def": "definition only",
    "pos_2": "2 positive examples only",
    "def_pos_2_neg_2": "definition, 2 positive and 2 negative examples",
    "def_pos_2_expl": "definition, 2 positive examples with explanations",
}
_ENGLISH = {
    "copy the input": 14.2,
    "copy a demonstration's output": 28.5,
    "T5-LM 11B": 30.2,
    "T0 11B": 32.3,
    "GPT-3": 45.0,
    "InstructGPT": 52.1,
    "Tk-Instruct 3B": 54.3,
    "Tk-Instruct 11B": 62.0,
}
# Other encodings, of a T5 3B trained and tested with each; percent.
_ENCODINGS_3B = {"def": 45.0, "def_pos_2_neg_2": 54.3, "def_pos_2_expl": 52.6}
_CROSS_LINGUAL = {
    "copy the input": 5.4,
    "copy a demonstration's output": 50.3,
    "GPT-3": 51.3,
    "InstructGPT": 52.8,
    "mTk-Instruct 13B": 66.1,
}

__all__ = ["MTK_INSTRUCT", "TK_INSTRUCT"]


def _find(subtask: str, format: str) -> Task:
    return get_task(f"{subtask}{HELD_OUT}{FORMAT_MARK}{format}")


def _benchmark(
    name: str, mixture: str, rouge: str, published: dict[str, float], encodings_3b: dict[str, float], note: str
) -> Benchmark:
    tasks = mixture_members(get_mixture(mixture))
    sizes = {known.name: min(known.num_instances, TEST_INSTANCES) for known in TASKS}
    formats: tuple[Format, ...] = tuple(
        generated_format(encoding, _find, (rouge, "normalised_exact_match"), MAX_TOKENS, description=text)
        for encoding, text in ENCODINGS.items()
    )
    return add_benchmark(
        Benchmark(
            name=name,
            title="Super-NaturalInstructions",
            paper="Wang et al. 2022 (2204.07705)",
            downloads=(),
            read=lambda subtask, split: questions(_find(subtask, next(iter(ENCODINGS))), split),
            subtasks=tuple(
                Subtask(task.base, groups=(task.cluster,), num_published={"test": sizes[task.base]}) for task in tasks
            ),
            splits=("test",),
            formats=formats,
            published=(
                *(Published(model, f"{OFFICIAL}def_pos_2", "test", score, PAPER) for model, score in published.items()),
                *(
                    Published("Tk-Instruct 3B", f"{OFFICIAL}{encoding}", "test", score, f"{PAPER}, table 4")
                    for encoding, score in encodings_3b.items()
                ),
            ),
            note=f"The first 100 instances of each task. The paper averages over instances: the micro average.{note}",
            tags=("tk_instruct",),
        )
    )


TK_INSTRUCT = _benchmark("tk_instruct_eval", "tk_instruct_test", "rouge_l", _ENGLISH, _ENCODINGS_3B, "")
MTK_INSTRUCT = _benchmark(
    "mtk_instruct_eval", "mtk_instruct_test", "rouge_l_gpt2", _CROSS_LINGUAL, {}, " Needs DATA_DIR/gpt2_tokenizer."
)
add_collection("tk", ((TK_INSTRUCT.name, f"{OFFICIAL}def_pos_2"),))
