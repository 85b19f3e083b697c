"""A model's scores on tasks and mixtures, as a run judges its checkpoints on them."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping

import numpy as np

from flan_jax.cache.build import DEFAULT_MODULES
from flan_jax.cache.ensure import BuildOrder, CacheRequest, ensure_cache
from flan_jax.checkpoints.load import LoadedModel
from flan_jax.core.manifest import cache_root
from flan_jax.evaluate import EvalConfig, EvalResults, Evaluator
from flan_jax.workflows.devices import on_all_devices
from flan_jax.workflows.metrics import import_metrics
from flan_jax.workflows.progress import shown_progress

__all__ = ["TaskScores", "score_tasks"]


@dataclasses.dataclass(frozen=True)
class TaskScores:
    """What `score_tasks` found.

    Attributes:
      results: scores by task.
      copy_input: task -> ROUGE-L of each example, answered with the prompt's own input; empty where it was not asked.
    """

    results: EvalResults
    copy_input: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)


def score_tasks(
    model: LoadedModel,
    config: EvalConfig,
    *,
    cache_dir: str | pathlib.Path,
    modules: tuple[str, ...] = DEFAULT_MODULES,
    task_folders: Mapping[str, str] | None = None,
    available_only: bool = False,
    copy_input_baseline: bool = False,
) -> TaskScores:
    """Scores `model` on the tasks and mixtures of `config.report`, on all devices; what the cache lacks is built.

    Args:
      model: from `load_model`.
      config: names, lengths, limits.
      cache_dir: the token cache.
      modules: what registers tasks.
      task_folders: name -> folder, for tasks read from a folder.
      available_only: whether tasks of a mixture whose data is not on this machine are left out, or an error.
      copy_input_baseline: whether to score answering with the prompt's own input too.

    Raises `TaskError` for unknown names, `CacheError` for absent data, `ConfigError` for a batch that the devices
    cannot split.
    """
    requests = tuple(CacheRequest(name, ("eval",), config.inputs_length, config.split) for name in config.report)
    vocab_path, folders = str(model.vocabulary.path), dict(task_folders or {})
    ensure_cache(BuildOrder(requests, str(cache_dir), vocab_path, modules, folders, available_only=available_only))
    root = cache_root(cache_dir, model.vocabulary.fingerprint, config.inputs_length)
    import_metrics(modules, config, root, model.vocabulary.fingerprint)
    params, mesh = on_all_devices(model.params)
    evaluator = Evaluator(root, model.vocabulary, model.config, config, mesh)
    with shown_progress() as on_batch:
        results = evaluator.run(params, model.source.step or 0, on_batch)
    return TaskScores(results, evaluator.copy_input_scores() if copy_input_baseline else {})
