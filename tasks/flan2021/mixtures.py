"""The mixtures of FLAN 2021 (Wei et al. 2022): all of it, one cluster held out, and the ablations.

All are examples-proportional with a rate cap of 3,000 (section 2.4); the cap of 30,000 examples a data set is in the
tasks' sources. `flan_jax.declare.registry.add_mixture` refuses a member that a mixture promises to hold out.
"""

from __future__ import annotations

from collections.abc import Iterable

from flan_jax.declare.registry import add_mixture
from flan_jax.declare.task import HeldOut, Member, Mixture
from flan_jax.tasks.flan2021.clusters import (
    ABLATION_HELD_OUT,
    ABLATION_ORDER,
    CLUSTERS,
    CODE_CLUSTERS,
    HELD_OUT_WITH,
)
from flan_jax.tasks.flan2021.dataset import DATASETS, Dataset

RATE_CAP = 3_000
TEMPLATE_COUNTS = (1, 2, 4, 7, 10)
BASELINES = ("no_template", "dataset_name")

__all__ = ["BASELINES", "RATE_CAP", "TEMPLATE_COUNTS"]

_TRAINABLE = [dataset for dataset in DATASETS.values() if dataset.train is not None]
_EVALUATION_ONLY = frozenset(dataset.task_name for dataset in DATASETS.values() if dataset.train is None)


def _names(datasets: Iterable[Dataset], form: str = "") -> tuple[Member, ...]:
    return tuple(Member(dataset.task_name + (f"__{form}" if form else "")) for dataset in datasets)


def _add(name: str, members: tuple[Member, ...], description: str, held_out: HeldOut) -> None:
    add_mixture(Mixture(name, members, cap=RATE_CAP, held_out=held_out, description=description))


def _held_out(clusters: Iterable[str]) -> HeldOut:
    """Whole clusters, and their data sets under the names that they go by here and in suites that name them after their
    builder, e.g. T0's `super_glue_rte`."""
    apart = frozenset(clusters)
    held_out = [dataset for dataset in DATASETS.values() if dataset.cluster in apart]
    return HeldOut(
        clusters=apart,
        datasets=frozenset(name for dataset in held_out for name in dataset.names),
        tasks=_EVALUATION_ONLY | {dataset.task_name for dataset in held_out},
    )


def _without(clusters: Iterable[str]) -> list[Dataset]:
    apart = frozenset(clusters)
    return [dataset for dataset in _TRAINABLE if dataset.cluster not in apart]


def _register() -> None:
    _add(
        "flan2021",
        _names(_TRAINABLE),
        "Every trainable task of FLAN 2021.",
        HeldOut(tasks=_EVALUATION_ONLY),
    )
    for cluster in CLUSTERS:
        apart = (cluster, *HELD_OUT_WITH.get(cluster, ()))
        _add(
            f"flan2021_without_{cluster}",
            _names(_without(apart)),
            f"FLAN 2021 for judging {cluster}: trained without {' and '.join(apart)}.",
            _held_out(apart),
        )
        _add(
            f"flan2021_held_out_{cluster}",
            _names([d for d in DATASETS.values() if d.cluster == cluster], "heldout"),
            f"The tasks of {cluster}, judged only.",
            HeldOut(),
        )
    for cluster, names in CODE_CLUSTERS.items():
        tasks = frozenset(f"flan2021_{name}" for name in names)
        datasets = frozenset(names)
        _add(
            f"flan2021_without_{cluster}",
            _names([d for d in _TRAINABLE if d.name not in datasets]),
            f"FLAN 2021 without {cluster}, a cluster of the published code within the paper's misc.",
            HeldOut(datasets=datasets, tasks=tasks | _EVALUATION_ONLY),
        )
    dropped = {*ABLATION_HELD_OUT, *(near for c in ABLATION_HELD_OUT for near in HELD_OUT_WITH.get(c, ()))}
    trained: list[Dataset] = []
    for count, (cluster, names) in enumerate(ABLATION_ORDER, 1):
        trained += [d for d in _TRAINABLE if d.cluster == cluster and (not names or d.name in names)]
        added = ", ".join(names) or cluster
        _add(
            f"flan2021_clusters_{count}",
            _names(trained),
            f"Number of clusters: the first {count}, with {added} added last.",
            _held_out(dropped),
        )
    for number in TEMPLATE_COUNTS:
        _add(
            f"flan2021_templates_{number}",
            _names(trained, f"templates_{number}"),
            f"Number of templates: the {len(ABLATION_ORDER)} clusters, the first {number} templates of each data set.",
            _held_out(dropped),
        )
    for baseline in BASELINES:
        _add(
            f"flan2021_{baseline}",
            _names(trained, baseline),
            f"Role of instructions: the {len(ABLATION_ORDER)} clusters, rendered as {baseline.replace('_', ' ')}.",
            _held_out(dropped),
        )


_register()
