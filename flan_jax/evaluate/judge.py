"""Judging inside a run: held-out evaluations, the best steps so far, and the one that the rule picks."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable
from typing import Any, Protocol

import jax
from jax.experimental import multihost_utils
from jax.sharding import Mesh

from flan_jax.checkpoints.full_disk import explain_full_disk
from flan_jax.checkpoints.lineage import TrainedOn
from flan_jax.core.json_lines import drop_lines_after
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.evaluator import Evaluator, Progress
from flan_jax.evaluate.in_training import SuiteEvaluator
from flan_jax.evaluate.results import EvalResults
from flan_jax.evaluate.results_file import append_results, read_results, write_summary
from flan_jax.evaluate.select import Selection, select, write_selected
from flan_jax.models import ModelConfig

EVALS_FILE = "evals.jsonl"

__all__ = ["EVALS_FILE", "Judge", "JudgedRun", "make_judge"]


class JudgedRun(Protocol):
    """What a judge must know of a run: a `flan_jax.train.run.Run` has it.

    model: what the parameters belong to. mesh: where they lie. lineage: what they are trained on, the data of the
    weights that the run starts from included. last_step: where it ends.
    """

    @property
    def model(self) -> ModelConfig: ...
    @property
    def vocabulary(self) -> Vocabulary: ...
    @property
    def mesh(self) -> Mesh: ...
    @property
    def cache_root(self) -> pathlib.Path: ...
    @property
    def model_dir(self) -> pathlib.Path: ...
    @property
    def lineage(self) -> TrainedOn: ...
    @property
    def last_step(self) -> int: ...


class Judge:
    """A run's evaluations. All processes call its methods together; process 0 writes evals.jsonl.

    Args:
      config: tasks and how to score them.
      evaluator: scores parameters; None where no task is named.
      model_dir: the run's folder. Nothing is read or written before `resume`.
      suite: asks benchmarks; None where none is named.
    """

    def __init__(
        self,
        config: EvalConfig,
        evaluator: Evaluator | None,
        model_dir: pathlib.Path,
        suite: SuiteEvaluator | None = None,
    ):
        self._config = config
        self._evaluator = evaluator
        self._suite = suite
        self._model_dir = model_dir
        self._is_writer = jax.process_index() == 0
        self._results: dict[int, EvalResults] = {}
        self.notes: tuple[str, ...] = () if suite is None else suite.notes

    def resume(self, start_step: int) -> None:
        """Reads what was judged up to `start_step` and takes later lines out of evals.jsonl: they happen again."""
        path = self._model_dir / EVALS_FILE
        found = read_results(path) if path.exists() else []
        if jax.process_count() > 1:
            multihost_utils.sync_global_devices("evals read")  # before process 0 rewrites the file
        if self._is_writer:
            drop_lines_after(path, start_step)
        self._results = {results.step: results for results in found if results.step <= start_step}

    def run(self, params: Any, step: int, on_batch: Progress | None = None) -> EvalResults | None:
        """Judges `params` and adds a line to evals.jsonl; None where `step` has been judged, or nothing is asked.

        `on_batch(done, total)` is called between batches, and may raise to give up.
        """
        if (self._evaluator is None and self._suite is None) or step in self._results:
            return None
        begin = time.monotonic()
        results = EvalResults(step, {})
        if self._evaluator is not None:
            results = self._evaluator.run(params, step, on_batch)
        if self._suite is not None and self._suite.is_due(step):
            found, num_tokens = self._suite.run(params, step, on_batch)
            num_tokens += results.num_tokens
            results = EvalResults(step, {**results.tasks, **found}, time.monotonic() - begin, num_tokens)
        if self._is_writer:
            with explain_full_disk(self._model_dir):
                append_results(self._model_dir / EVALS_FILE, results)
        self._results[step] = results
        return results

    def best_steps(self, num: int) -> list[int]:
        """The best `num` steps so far by the selection rule, best first; none where no task selects."""
        left = list(self._results.values()) if self._config.selects else []
        best: list[int] = []
        while len(best) < num and any(results.step > 0 for results in left):
            best.append(select(left, num_resamples=1).step)
            left = [results for results in left if results.step != best[-1]]
        return best

    def select(self) -> Selection | None:
        """The step that the rule picks with its evidence, written to selected.json; None where no task selects."""
        config = self._config
        if not config.selects:
            return None
        options: dict[str, Any] = {
            "confidence": config.confidence,
            "num_resamples": config.num_resamples,
            "seed": config.seed,
        }
        if self._is_writer:
            return write_selected(self._model_dir, **options)
        return select(list(self._results.values()), **options)


def make_judge(
    config: EvalConfig, run: JudgedRun, write: Callable[[pathlib.Path, EvalResults], None] = write_summary
) -> Judge:
    """The judge of a run: its held-out tasks are read from the cache, its benchmarks looked up and checked.

    Args:
      config: tasks, benchmarks, and how to score them.
      run: what is judged.
      write: puts the results of a group of benchmarks into a folder (default: summary.json alone).

    Raises `CacheError`, `TaskError`, `ConfigError` and `CheckpointError` as `Evaluator` and `SuiteEvaluator` do.
    """
    evaluator = None
    if config.selection or config.report:
        evaluator = Evaluator(run.cache_root, run.vocabulary, run.model, config, run.mesh)
    suite = None
    if config.has_suite:
        suite = SuiteEvaluator(
            config,
            run.model,
            run.vocabulary,
            run.model_dir,
            run.lineage,
            run.last_step,
            mesh=run.mesh,
            tasks={} if evaluator is None else evaluator.task_names(),
            write=write,
        )
    return Judge(config, evaluator, run.model_dir, suite)
