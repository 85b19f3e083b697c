"""The normalised average of Chung et al. 2022 (section 2.3) over their six headline scores.

Each score is scaled so that its task's lower bound is 0 and perfect is 1, then the six are averaged. The paper does
not print the lower bounds. The ones used here (`Subtask.baseline`, else `Subtask.chance`) were FITTED to the paper's
table 5 from its per-task tables: a quarter for MMLU, chance of the options for each of BBH's 27 files but for one
correction whose task cannot be identified, 0 for TyDiQA and MGSM. They reproduce table 5 to 0.1 (PaLM 540B, whose
per-task table has a misprint, to 0.3); do not cite them as the paper's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from flan_jax.core.errors import TaskError
from flan_jax.declare.benchmark import Benchmark

# Benchmark and format of each of the six.
FLAN_COMPONENTS: tuple[tuple[str, str], ...] = (
    ("mmlu", "direct"),
    ("mmlu", "cot"),
    ("bbh", "direct"),
    ("bbh", "cot"),
    ("tydiqa", "direct"),
    ("mgsm", "cot"),
)

__all__ = ["FLAN_COMPONENTS", "flan_normalised_average", "normalised_score"]


def normalised_score(benchmark: Benchmark, scores: Mapping[str, float]) -> float:
    """Mean over the benchmark's subtasks of (score - baseline) / (1 - baseline); negative below the baseline.

    Args:
      benchmark: whose subtasks have baselines.
      scores: subtask -> score in [0, 1], one for each subtask of the benchmark: a mean over fewer would be of
        something else. Raises `TaskError` that names the missing ones.
    """
    if missing := [subtask.name for subtask in benchmark.subtasks if subtask.name not in scores]:
        raise TaskError(
            f"{benchmark.name} has no score for {len(missing)} of {len(benchmark.subtasks)} subtasks "
            f"({', '.join(missing[:3])}…): score them all for a normalised score"
        )
    values = []
    for subtask in benchmark.subtasks:
        baseline = subtask.chance if subtask.baseline is None else subtask.baseline
        values.append((scores[subtask.name] - baseline) / (1.0 - baseline))
    return math.fsum(values) / len(values)


def flan_normalised_average(components: Mapping[tuple[str, str], float]) -> float | None:
    """The mean of the six normalised scores, keyed (benchmark, format); None where one of them is missing."""
    if any(key not in components for key in FLAN_COMPONENTS):
        return None
    return math.fsum(components[key] for key in FLAN_COMPONENTS) / len(FLAN_COMPONENTS)
