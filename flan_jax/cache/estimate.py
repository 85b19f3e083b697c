"""What a run would see of a mixture that is not cached yet: estimates from a few tokenised examples a task."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping

import numpy as np

from flan_jax.cache.native import render
from flan_jax.core.errors import TaskError
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.declare.registry import mixture_members
from flan_jax.declare.task import Mixture

SAMPLED_ROWS = 8  # of each task
DENSITY = 0.95  # what packing reaches

__all__ = ["RunEstimate", "estimate_run"]


@dataclasses.dataclass(frozen=True)
class RunEstimate:
    """num_examples: that the run's rows would hold. mean_lengths: task -> mean tokens (inputs, targets) with EOS, cut
    at the row. num_sampled: examples tokenised for it. density: assumed share of the rows that is filled."""

    inputs_length: int
    targets_length: int
    num_examples: float
    mean_lengths: Mapping[str, tuple[float, float]]
    num_sampled: int
    density: float = DENSITY


def estimate_run(
    mixture: Mixture,
    rates: Mapping[str, float],
    missing: Collection[str],
    vocabulary: Vocabulary,
    feature_lengths: Mapping[str, int],
    num_rows: int,
) -> RunEstimate:
    """Tokenises `SAMPLED_ROWS` examples of each task that is here; tasks of `missing` have the mean of the others.

    Raises `TaskError` where no task of the mixture has any data here.

    Args:
      mixture: the mixture.
      rates: task -> rate.
      missing: tasks without data here.
      vocabulary: what text is tokenised with.
      feature_lengths: tokens of a row's inputs and targets.
      num_rows: rows of the run: steps times batch.
    """
    limits = (feature_lengths["inputs"], feature_lengths["targets"])
    means: dict[str, tuple[float, float]] = {}
    num_sampled = 0
    tasks = [task for task in mixture_members(mixture) if task.name in rates]
    for task in tasks:
        if task.name in missing or not task.splits():
            continue
        split = task.splits()[0]
        num_here = len(task.source.rows(split))
        spread = np.linspace(0, num_here - 1, min(num_here, SAMPLED_ROWS)).round().astype(int).tolist()
        examples = [example for _, example in render(task, split, spread)]
        if not examples:
            continue
        num_sampled += len(examples)
        sides = ([example.inputs() for example in examples], [example.targets for example in examples])
        lengths = [
            np.minimum([len(ids) + 1 for ids in vocabulary.encode_batch(texts)], limit).mean()
            for texts, limit in zip(sides, limits, strict=True)
        ]
        means[task.name] = (float(lengths[0]), float(lengths[1]))
    if not means:
        raise TaskError(f"no task of {mixture.name} has data here, so its lengths cannot be estimated: see --data_dir")
    typical = (
        math.fsum(inputs for inputs, _ in means.values()) / len(means),
        math.fsum(targets for _, targets in means.values()) / len(means),
    )
    means = {task.name: means.get(task.name, typical) for task in tasks}
    total = math.fsum(rates.values())
    # Rows that an example takes, by the side that fills up first.
    rows_an_example = max(
        math.fsum(rates[name] * means[name][side] for name in rates) / total / limits[side] / DENSITY
        for side in range(2)
    )
    return RunEstimate(limits[0], limits[1], num_rows / rows_an_example, means, num_sampled)
