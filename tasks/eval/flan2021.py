"""FLAN 2021's own evaluation (Wei et al. 2022, section 3): each data set of a cluster through each of its templates.

`flan_CLUSTER` ranks the options of a cluster's classification sets; data sets with free answers have a benchmark a
metric, `flan_CLUSTER_METRIC`. A subtask is one template of one data set; a group is a data set, with mean, median and
quartiles over its templates. The paper's other figure, the template that is best on the development set, comes from
both splits: `flan_jax.evaluate.aggregates.best_template`.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Sequence

from flan_jax.declare.benchmark import Benchmark, Format, Subtask, add_benchmark, add_collection
from flan_jax.declare.formatted import format_task
from flan_jax.declare.registry import get_task
from flan_jax.declare.task import Task
from flan_jax.declare.templates import TemplateRenderer
from flan_jax.sources.source import left_out
from flan_jax.tasks.eval.from_tasks import generated_format, questions, ranked_format
from flan_jax.tasks.flan2021.dataset import DATASETS, Dataset

ZERO_SHOT, FEW_SHOT = "zero_shot", "few_shot"
MAX_SHOTS = 16  # appendix C.1: as many as fit, 16 at most
MAX_TOKENS = 128
_MARK = "_template_"

__all__ = ["FLAN_BENCHMARKS", "template_task"]


def template_task(subtask: str, format: str) -> Task:
    """The task of `DATASET_template_NUMBER` with that template alone, with exemplars for "few_shot"."""
    name, _, number = subtask.rpartition(_MARK)
    task = get_task(f"flan2021_{name}")
    assert isinstance(task.render, TemplateRenderer)
    render = dataclasses.replace(task.render, template_ids=(int(number),))
    single = dataclasses.replace(task, name=f"{task.name}{_MARK}{number}", render=render)
    return format_task(single, f"fewshot_{MAX_SHOTS}") if format == FEW_SHOT else single


def _subtasks(dataset: Dataset) -> list[Subtask]:
    """One for each template that asks for the answer."""
    return [
        Subtask(f"{dataset.name}{_MARK}{i}", groups=(dataset.name,), chance=dataset.chance, parent=dataset.name)
        for i, template in enumerate(dataset.templates)
        if not template.is_turned_around
    ]


def _left_out(subtasks: Sequence[str], split: str) -> dict[str, int]:
    """Of each data set the rows without what its templates need, once for all of these."""
    datasets = dict.fromkeys(subtask.rpartition(_MARK)[0] for subtask in subtasks)
    return {
        f"of {name} {reason}": num
        for name in datasets
        for reason, num in left_out(get_task(f"flan2021_{name}").source, split).items()
    }


def _formats(metrics: tuple[str, ...], can_be_shown: bool) -> tuple[Format, ...]:
    make = ranked_format
    if metrics[0] != "rank_accuracy":
        make = functools.partial(generated_format, metrics=metrics, max_tokens=MAX_TOKENS)
    zero = make(ZERO_SHOT, template_task, description="the instruction alone")
    few = make(FEW_SHOT, template_task, num_shots=MAX_SHOTS, description=f"up to {MAX_SHOTS} exemplars, what fits")
    return (zero, few) if can_be_shown else (zero,)


def _register() -> tuple[Benchmark, ...]:
    kinds: dict[tuple[str, tuple[str, ...], tuple[str, ...], bool], list[Dataset]] = collections.defaultdict(list)
    for dataset in DATASETS.values():
        metrics = ("rank_accuracy",) if dataset.metrics[0] == "rank_accuracy" else dataset.metrics
        splits = tuple(split for split in ("test", "validation") if getattr(dataset, split))
        kinds[dataset.cluster, metrics, splits, dataset.train is not None].append(dataset)
    benchmarks: list[Benchmark] = []
    for (cluster, metrics, splits, can_be_shown), datasets in kinds.items():
        name = f"flan_{cluster}" if metrics[0] == "rank_accuracy" else f"flan_{cluster}_{metrics[0]}"
        if any(benchmark.name == name for benchmark in benchmarks):  # its data sets have other splits
            name = f"{name}_{datasets[0].name}"
        benchmarks.append(
            add_benchmark(
                Benchmark(
                    name=name,
                    title=f"FLAN: {cluster.replace('_', ' ')} ({', '.join(d.name for d in datasets)})",
                    paper="Wei et al. 2022 (2109.01652)",
                    downloads=(),
                    read=lambda subtask, split: questions(template_task(subtask, ZERO_SHOT), split),
                    subtasks=tuple(subtask for dataset in datasets for subtask in _subtasks(dataset)),
                    splits=splits,
                    formats=_formats(metrics, can_be_shown),
                    note="Templates are ours, so scores are of our wordings. Test splits are TFDS's validation splits "
                    "where the labels of its test splits are not public, as in the paper.",
                    tags=("flan2021",),
                    left_out=_left_out,
                )
            )
        )
    return tuple(benchmarks)


FLAN_BENCHMARKS = _register()
add_collection("flan2021", tuple((benchmark.name, ZERO_SHOT) for benchmark in FLAN_BENCHMARKS))
add_collection(
    "flan2021_few_shot",
    tuple((b.name, FEW_SHOT) for b in FLAN_BENCHMARKS if FEW_SHOT in [format.name for format in b.formats]),
)
