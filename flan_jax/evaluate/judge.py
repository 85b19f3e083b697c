"""Judging inside a run: evaluations of a step, the best steps so far, and the one that the rule picks.

What scores parameters is a function: held-out tasks (`Evaluator.run`), benchmarks (`SuiteEvaluator.run`), and those of
whoever trains, `(model, step) -> results` (`custom.py`).
"""

from __future__ import annotations

import dataclasses
import pathlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import jax
from jax.experimental import multihost_utils
from jax.sharding import Mesh

from flan_jax.checkpoints.find import SELECTED_FILE
from flan_jax.checkpoints.lineage import TrainedOn
from flan_jax.core.disk import explain_full_disk, write_sealed
from flan_jax.core.errors import ConfigError
from flan_jax.core.manifest import cache_root
from flan_jax.core.own_code import own_code
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.declare.benchmark import resolve
from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.custom import KIND, CustomEvaluator, name_of, score_by
from flan_jax.evaluate.evaluator import Evaluator, Progress
from flan_jax.evaluate.in_training import SuiteEvaluator
from flan_jax.evaluate.language_models.jax_model import JaxLanguageModel
from flan_jax.evaluate.results.eval_results import Basis, EvalResults
from flan_jax.evaluate.results.files import append_results, read_results, recover_results, write_results, write_summary
from flan_jax.evaluate.select import EVALS_FILE, Selection, best_first, select
from flan_jax.models import ModelConfig, Params

# Scores parameters at a step; is told whom to call after each item, who may raise to give up.
ScoreStep = Callable[[Params, int, Progress | None], EvalResults]

__all__ = ["EVALS_FILE", "Judge", "JudgedRun", "ScoreStep", "make_judge"]


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
    def cache_dir(self) -> pathlib.Path: ...
    @property
    def model_dir(self) -> pathlib.Path: ...
    @property
    def lineage(self) -> TrainedOn: ...
    @property
    def last_step(self) -> int: ...


class Judge:
    """A run's evaluations. All processes call its methods together; process 0 writes evals.jsonl and selected.json.

    There is one list of results, which evals.jsonl has to the last bit: from it come the checkpoints that are kept and
    the one that is selected, on every process.
    """

    def __init__(
        self,
        config: EvalConfig,
        evaluators: Sequence[ScoreStep],
        model_dir: pathlib.Path,
        notes: Sequence[str] = (),
        bases: Mapping[str, Basis] | None = None,
    ):
        """
        Args:
          config: whether anything selects, and how intervals are drawn.
          evaluators: score parameters at a step, one after the other; a step without any is not judged.
          model_dir: the run's folder. Nothing is read or written before `resume`.
          notes: lines to show at the run's start.
          bases: task, or "evaluator/" and a function's name -> what its scores rest on, where that is known.
        """
        self._config, self._evaluators, self._model_dir = config, tuple(evaluators), model_dir
        self._bases = bases or {}
        self._is_writer = jax.process_index() == 0
        self._results: dict[int, EvalResults] = {}
        self.notes = tuple(notes)

    def resume(self, start_step: int, found: Sequence[Any] | None = ()) -> Sequence[str]:
        """Reads what was judged up to `start_step` and takes later lines out of evals.jsonl: they happen again.

        Args:
          start_step: that the run goes on from.
          found: what `found()` gave when its checkpoint was saved, which goes before what evals.jsonl says by now. None
            where the checkpoint did not keep it: then a damaged line is an error.

        Returns lines for the run's log on what was lost or damaged. Raises `CheckpointError` for a line that is damaged
        and cannot be had otherwise, `ConfigError` where other benchmarks picked the checkpoint so far.
        """
        path = self._model_dir / EVALS_FILE
        if found is None and path.exists():
            read_results(path)
        results, notes = recover_results(path, found or (), start_step)
        if jax.process_count() > 1:
            multihost_utils.sync_global_devices("evals read")  # before process 0 rewrites the file
        if self._is_writer and (results or path.exists()):
            write_results(path, results)
        self._check_benchmarks(results)
        self._check_bases(results, self._bases)
        self._results = {each.step: each for each in results}
        return notes

    def _check_bases(self, results: Iterable[EvalResults], bases: Mapping[str, Basis]) -> None:
        """Raises `ConfigError` where steps before were asked other things than would be now, or scored by other code of
        a user's."""
        for before in results:
            for name, task in before.tasks.items():
                now = bases.get(name) or (bases.get(f"{KIND}/{task.cluster}") if task.kind == KIND else None)
                if now is not None and (difference := task.basis.difference(now)):
                    raise ConfigError(
                        f"step {before.step} of this run was judged on {name} with {difference} than now: "
                        f"scores of both cannot be compared; put back what was, or train in another folder"
                    )

    def _check_benchmarks(self, results: Sequence[EvalResults]) -> None:
        """Raises `ConfigError` where other benchmarks picked so far: their data came or went (AVAILABLE_ONLY)."""
        names = self._config.suite_selection
        now = {f"{benchmark.name}:{format.name}" for benchmark, format in (resolve(names) if names else ())}
        for result in results:
            before = {task.task for task in result.in_group("selection") if ":" in task.task}
            if before != now:
                raise ConfigError(
                    f"step {result.step} of this run was judged by {', '.join(sorted(before)) or 'no benchmark'}, and "
                    f"what can be asked now to pick the checkpoint is {', '.join(sorted(now)) or 'no benchmark'}: "
                    f"scores of both cannot be compared; set EVAL_SUITE_SELECTION and its data back, or train in "
                    f"another folder"
                )

    def found(self) -> list[dict[str, Any]]:
        """All results so far as JSON values, in order of step: a checkpoint keeps them."""
        return [self._results[step].to_json() for step in sorted(self._results)]

    def run(self, params: Params, step: int, on_batch: Progress | None = None) -> EvalResults | None:
        """Judges `params` and adds a line to evals.jsonl; None where `step` has been judged, or nothing is asked.

        `on_batch(done, total)` is called between batches, and may raise to give up.
        """
        if not self._evaluators or step in self._results:
            return None
        begin = time.monotonic()
        found = [score(params, step, on_batch) for score in self._evaluators]
        results = dataclasses.replace(EvalResults.merged(step, found), secs=time.monotonic() - begin)
        # What only reading the data told, as of benchmarks.
        self._check_bases(self._results.values(), {name: task.basis for name, task in results.tasks.items()})
        if self._is_writer:
            with explain_full_disk(self._model_dir):
                append_results(self._model_dir / EVALS_FILE, results)
        self._results[step] = results
        return results

    def best_steps(self, num: int) -> list[int]:
        """The best `num` steps so far by the selection rule, best first; none where no task selects."""
        if not self._config.selects or not self._results:
            return []
        return best_first(list(self._results.values()))[:num]

    def select(self) -> Selection | None:
        """The step that the rule picks with its evidence, written to selected.json; None where no task selects."""
        config = self._config
        if not config.selects:
            return None
        selection = select(
            [self._results[step] for step in sorted(self._results)],
            confidence=config.confidence,
            num_resamples=config.num_resamples,
            seed=config.seed,
        )
        if self._is_writer:
            write_sealed(self._model_dir / SELECTED_FILE, selection)
        return selection


def make_judge(
    config: EvalConfig,
    run: JudgedRun,
    write: Callable[[pathlib.Path, EvalResults], None] = write_summary,
    evaluators: Sequence[CustomEvaluator] = (),
    open_model: Callable[[Params], Any] | None = None,
    notes: Sequence[str] = (),
) -> Judge:
    """The judge of a run: its held-out tasks are read from the cache, its benchmarks looked up and checked.

    Args:
      config: tasks, benchmarks, and how to score them.
      run: what is judged.
      write: puts the results of a group of benchmarks into a folder (default: summary.json alone).
      evaluators: functions `(model, step) -> results` that score the run's model too: name -> score in [0, 1], which is
        reported, or an `EvalResults`. Every process calls them.
      open_model: makes of parameters the `model` that they get (default: a `JaxLanguageModel`).
      notes: lines to show at the run's start, before those of the benchmarks.

    Raises `CacheError`, `TaskError`, `ConfigError` and `CheckpointError` as `Evaluator` and `SuiteEvaluator` do.
    """

    def as_language_model(params: Params) -> JaxLanguageModel:
        return JaxLanguageModel(
            run.model_dir.name,
            run.model,
            params,
            run.vocabulary,
            inputs_length=config.suite_inputs_length,
            batch_size=config.batch_size,
            mesh=run.mesh,
        )

    scored_by: list[ScoreStep] = []
    held_out: dict[str, list[str]] = {}
    bases: dict[str, Basis] = {}
    if config.selection or config.report:
        root = cache_root(run.cache_dir, run.vocabulary.fingerprint, config.inputs_length)
        evaluator = Evaluator(root, run.vocabulary, run.model, config, run.mesh)
        held_out = evaluator.task_names()
        bases |= evaluator.bases()
        scored_by.append(evaluator.run)
    if config.has_suite:
        suite = SuiteEvaluator(
            config,
            run.model,
            run.vocabulary,
            run.model_dir,
            run.lineage,
            run.last_step,
            mesh=run.mesh,
            tasks=held_out,
            write=write,
        )
        notes = (*notes, *suite.notes)
        bases |= suite.bases()
        scored_by.append(suite.run)
    if evaluators:
        bases |= {f"{KIND}/{name_of(each)}": Basis(scored_by=own_code([each])) for each in evaluators}
        scored_by.append(score_by(evaluators, open_model or as_language_model))
    return Judge(config, scored_by, run.model_dir, notes, bases)
