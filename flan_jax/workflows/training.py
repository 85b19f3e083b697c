"""A training run from its configuration to the report: what `flan-jax train`, `flan-jax demo` and `fj.train` call."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from collections.abc import Sequence

import jax

from flan_jax.cache.ensure import ensure_cache
from flan_jax.cache.resolve import import_modules
from flan_jax.checkpoints.find import WeightsSource
from flan_jax.core.errors import Setting
from flan_jax.core.manifest import cache_root
from flan_jax.evaluate.custom import CustomEvaluator
from flan_jax.evaluate.data_here import asked_here
from flan_jax.evaluate.judge import Judge, make_judge
from flan_jax.optim.identity import optimizer_code
from flan_jax.report import print_report, write_report, write_results
from flan_jax.sources.data_dir import set_data_dir
from flan_jax.train.loop import RunResult, run_training
from flan_jax.train.run import Run
from flan_jax.workflows.arguments import check_folder
from flan_jax.workflows.config import RunConfig
from flan_jax.workflows.metrics import import_metrics
from flan_jax.workflows.model import Model

__all__ = ["train_run", "with_code"]


def train_run(config: RunConfig, evaluators: Sequence[CustomEvaluator] = ()) -> RunResult:
    """Builds what the token cache lacks, trains, judges, hands the selected weights over, and writes the report of a
    finished run that judged. Goes on with a run that it finds in `config.train.model_dir`.

    Args:
      config: what to do.
      evaluators: functions `(model, step) -> results` that score the run too, of a `flan_jax.workflows.model.Model`;
        their results, a score in [0, 1] by name, are reported and pick nothing.

    Raises errors of `flan_jax.core.errors`; whatever was saved stays loadable.
    """
    for name, folder in (("MODEL_DIR", config.train.model_dir), ("CACHE_DIR", config.train.cache_dir)):
        check_folder(Setting(name), pathlib.Path(folder))  # before a cache is built
    tasks = config.tasks
    not_asked: Sequence[str] = ()
    if tasks.data_dir is not None:
        set_data_dir(tasks.data_dir)
    if config.evaluation.has_suite:  # benchmarks are asked in this process: their modules must do without TensorFlow
        import_modules(tasks.modules)
        here, not_asked = asked_here(config.evaluation, tasks.available_only)  # before a cache is built
        config = dataclasses.replace(config, evaluation=here)

    def judge(run: Run) -> Judge:
        judged = config.evaluation
        if judged.selection or judged.report:
            root = cache_root(run.cache_dir, run.vocabulary.fingerprint, judged.inputs_length)
            import_metrics(tasks.modules, judged, root, run.vocabulary.fingerprint)
        source = WeightsSource(run.model_dir, None, run.model.to_json(), run.vocabulary.fingerprint)
        return make_judge(
            config.evaluation,
            run,
            notes=not_asked,
            write=write_results,
            evaluators=evaluators,
            open_model=lambda params: Model(run.model, params, run.vocabulary, source),
        )

    result = run_training(
        config.train,
        config.model,
        config.optimizer,
        config.tuning,
        make_judge=judge,
        ensure_cache=functools.partial(ensure_cache, config.build_order()),
        operative_config=with_code(config.operative, optimizer_code(config.optimizer)),
    )
    if result.is_finished and jax.process_index() == 0 and config.evaluation.selects:
        write_report(result.model_dir)
        print_report(result.model_dir)
    return result


def with_code(operative: str, code: str) -> str:
    """A configuration with the hash of a user's own code, which gin names and does not have, as a comment.

    Args:
      operative: gin's operative configuration; "" stays.
      code: of the optimizer and its schedule (`optimizer_code`); "" where all of it ships.
    """
    return f"# optimizer_code = {code[:16]}\n{operative}" if operative and code else operative
