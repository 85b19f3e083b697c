"""Whether data and wordings are still what a run was trained and judged on."""

from __future__ import annotations

import concurrent.futures
import hashlib
import multiprocessing
from collections.abc import Sequence

from flan_jax.cache.native import fingerprint
from flan_jax.cache.resolve import register
from flan_jax.core.errors import FlanError
from flan_jax.core.own_code import own_code
from flan_jax.declare.registry import get, get_mixture, mixture_members
from flan_jax.declare.task import Mixture
from flan_jax.evaluate.metrics import get_metric
from flan_jax.sources.data_dir import set_data_dir
from flan_jax.workflows.config import RunConfig

__all__ = ["data_fingerprints"]


def data_fingerprints(configs: Sequence[RunConfig]) -> list[str]:
    """Of each run a hash of the texts of its tasks, those that it trains on and those that judge it, of how they are
    mixed, and of a user's own code that scores; "" where some of the data are not on this machine. Found in a process
    of its own, as modules of tasks may import anything.

    Args:
      configs: of the runs.
    """
    if not configs:
        return []
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_fingerprints, list(configs)).result()


def _fingerprints(configs: Sequence[RunConfig]) -> list[str]:
    known: dict[tuple[str, str], str] = {}

    def of_task(name: str, role: str) -> str:
        parts = []
        mixture = get_mixture(name)
        if role == "train":
            parts.append(repr(_mixing(mixture)))
        for task in mixture_members(mixture):
            if role == "eval":
                parts.append(own_code(get_metric(metric).fn for metric in task.metrics))
            split = task.train_split if role == "train" else task.eval_split
            if split is not None:
                if (task.name, split) not in known:
                    known[task.name, split] = fingerprint(task, split, None)
                parts.append(known[task.name, split])
        return "".join(parts)

    found = []
    for config in configs:
        try:
            if config.tasks.data_dir is not None:
                set_data_dir(config.tasks.data_dir)
            register(config.tasks.modules, config.tasks.folders)
            judged = dict.fromkeys([*config.evaluation.selection, *config.evaluation.report])
            texts = [of_task(config.train.mixture, "train"), *(of_task(name, "eval") for name in judged)]
        except FlanError:
            found.append("")
        else:
            found.append(hashlib.sha256("/".join(texts).encode()).hexdigest()[:16])
    return found


def _mixing(mixture: Mixture) -> tuple[object, ...]:
    """How its members are mixed, mixtures among them included."""
    members = [(member.name, member.rate) for member in mixture.members]
    inside = [item for name, _ in members if isinstance(item := get(name), Mixture)]
    return members, mixture.cap, mixture.temperature, [_mixing(each) for each in inside]
