"""A training run from its configuration to the report: what `flan-jax train`, `flan-jax demo` and `fj.train` call."""

from __future__ import annotations

import functools

import jax

from flan_jax.cache.ensure import ensure_cache
from flan_jax.cache.resolve import import_modules
from flan_jax.declare.benchmark import resolve
from flan_jax.evaluate.judge import make_judge
from flan_jax.jobs.config import RunConfig
from flan_jax.report import print_report, write_report, write_results
from flan_jax.sources.data_dir import set_data_dir
from flan_jax.train.loop import RunResult, run_training

__all__ = ["train_run"]


def train_run(config: RunConfig) -> RunResult:
    """Builds what the token cache lacks, trains, judges, hands the selected weights over, and writes the report of a
    finished run that judged. Goes on with a run that it finds in `config.train.model_dir`.

    Args:
      config: what to do.

    Raises errors of `flan_jax.core.errors`; whatever was saved stays loadable.
    """
    tasks = config.tasks
    if tasks.data_dir is not None:
        set_data_dir(tasks.data_dir)
    if config.evaluation.has_suite:  # benchmarks are asked in this process: their modules must do without TensorFlow
        import_modules(tasks.modules)
        resolve([*config.evaluation.suite, *config.evaluation.suite_selection])  # before a cache is built
    result = run_training(
        config.train,
        config.model,
        config.optimizer,
        config.tuning,
        make_judge=functools.partial(make_judge, config.evaluation, write=write_results),
        ensure_cache=functools.partial(ensure_cache, config.build_order()),
        operative_config=config.operative,
    )
    if result.is_finished and jax.process_index() == 0 and config.evaluation.selects:
        write_report(result.model_dir)
        print_report(result.model_dir)
    return result
