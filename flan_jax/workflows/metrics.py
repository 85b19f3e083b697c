"""Metrics that a user's modules register, made known where tasks are scored."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from flan_jax.cache.resolve import import_modules
from flan_jax.evaluate import EvalConfig
from flan_jax.evaluate.evaluator import metrics_named
from flan_jax.evaluate.metrics import METRICS

__all__ = ["import_metrics"]


def import_metrics(
    modules: Sequence[str], config: EvalConfig, cache_root: str | pathlib.Path, vocab_fingerprint: str
) -> None:
    """Imports `modules` into this process where a cached task is scored by a metric that nobody here has registered.

    Only then: tasks are registered in the cache's own process, since their modules may import TensorFlow, and what they
    say of a task is in its manifest. A metric is a function, which no manifest holds.

    Args:
      modules: MIXTURE_OR_TASK_MODULE.
      config: which tasks are scored.
      cache_root: the cache of `config.inputs_length`.
      vocab_fingerprint: of its tokenizer.

    Raises `TaskError` for a module that cannot be imported, `CacheError` for a task that is not cached.
    """
    if metrics_named(cache_root, vocab_fingerprint, config) - METRICS.keys():
        import_modules(modules)
