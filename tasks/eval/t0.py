"""T0's evaluation (Sanh et al. 2022, section 5): 11 held-out data sets, every prompt, by the rank of its answers.

A benchmark is a data set, a subtask a prompt. The spread over prompts is the point: each benchmark's group `prompts`
has the median and the quartiles, and no prompt is picked.
"""

from __future__ import annotations

import collections

import flan_jax.tasks.t0.register  # noqa: F401  (registers the prompts)
from flan_jax.declare.benchmark import Benchmark, Published, Subtask, add_benchmark, add_collection
from flan_jax.declare.registry import get_mixture, get_task, mixture_members
from flan_jax.declare.task import Task
from flan_jax.tasks.eval.from_tasks import questions, ranked_format

SOURCE = "Kim et al. 2023 (CoT Collection), table 3: mean over prompts"
# T0 11B, T0 3B; percent.
_PUBLISHED = {
    "super_glue_rte": (80.83, 60.61),
    "super_glue_cb": (70.12, 48.81),
    "anli_r1": (43.56, 35.10),
    "anli_r2": (38.68, 33.27),
    "anli_r3": (41.26, 33.52),
    "super_glue_copa": (90.02, 75.13),
    "hellaswag": (33.58, 27.18),
    "story_cloze_2016": (92.40, 84.91),
    "winogrande_winogrande_xl": (59.94, 50.91),
    "super_glue_wsc_fixed": (61.45, 65.00),
    "super_glue_wic": (56.58, 51.27),
}

__all__ = ["T0_BENCHMARKS"]


def _find(subtask: str, format: str) -> Task:
    return get_task(subtask)


def _register() -> tuple[Benchmark, ...]:
    prompts: dict[str, list[Task]] = collections.defaultdict(list)
    for task in mixture_members(get_mixture("t0_report")):
        prompts[task.dataset].append(task)
    return tuple(
        add_benchmark(
            Benchmark(
                name=f"t0_{dataset}",
                title=f"T0: {dataset}",
                paper="Sanh et al. 2022 (2110.08207)",
                downloads=(),
                read=lambda subtask, split: questions(get_task(subtask), split),
                subtasks=tuple(Subtask(task.name, groups=("prompts",), chance=task.chance) for task in tasks),
                splits=(str(tasks[0].eval_split),),
                formats=(ranked_format("rank", _find, description="the likeliest of the prompt's answer choices"),),
                published=tuple(
                    Published(model, "rank", str(tasks[0].eval_split), score, SOURCE)
                    for model, score in zip(("T0 11B", "T0 3B"), _PUBLISHED.get(dataset, ()), strict=False)
                ),
                note="The score is the mean over prompts; the group `prompts` has median and quartiles.",
                tags=("t0",),
            )
        )
        for dataset, tasks in prompts.items()
    )


T0_BENCHMARKS = _register()
add_collection("t0", tuple((benchmark.name, "rank") for benchmark in T0_BENCHMARKS))
