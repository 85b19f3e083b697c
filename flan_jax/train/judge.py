"""Judging inside a run: held-out evaluations, the best steps so far, and the weights that are handed over."""

from __future__ import annotations

import dataclasses
import pathlib
import time
from collections.abc import Callable
from typing import Any

import jax
from jax.experimental import multihost_utils

from flan_jax.checkpoints.find import SELECTED
from flan_jax.checkpoints.lineage import TRAINED_ON
from flan_jax.checkpoints.store import Checkpoints, explain_full_disk
from flan_jax.checkpoints.weights import save_weights
from flan_jax.core.errors import TrainingError
from flan_jax.core.manifest import write_json_atomically
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.evaluate import EvalConfig
from flan_jax.evaluate.contamination import TrainedOn
from flan_jax.evaluate.evaluator import Evaluator
from flan_jax.evaluate.in_training import SuiteEvaluator
from flan_jax.evaluate.results import EvalResults
from flan_jax.evaluate.results_file import append_results, read_results
from flan_jax.evaluate.select import Selection, select, write_selected
from flan_jax.models import ModelConfig
from flan_jax.train.config import TrainConfig
from flan_jax.train.logs import RunLog, drop_lines_after
from flan_jax.train.stop import StopSignal

EVALS_FILE = "evals.jsonl"
SELECTED_FILE = "selected.json"

__all__ = ["EVALS_FILE", "SELECTED_FILE", "Judge", "hand_over"]


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

    def resume(self, start_step: int) -> None:
        """Reads what was judged up to `start_step` and takes later lines out of evals.jsonl: they happen again."""
        path = self._model_dir / EVALS_FILE
        found = read_results(path) if path.exists() else []
        if jax.process_count() > 1:
            multihost_utils.sync_global_devices("evals read")  # before process 0 rewrites the file
        if self._is_writer:
            drop_lines_after(path, start_step)
        self._results = {results.step: results for results in found if results.step <= start_step}

    def __call__(self, params: Any, step: int, log: RunLog, stop: StopSignal) -> None:
        """Judges `params` unless `step` has been judged; raises `Stopped` between batches when asked to stop."""
        if (self._evaluator is None and self._suite is None) or step in self._results:
            return
        begin = time.monotonic()
        results = EvalResults(step, {})
        if self._evaluator is not None:
            results = self._evaluator.run(params, step, lambda done, total: stop.raise_if_set())
        if self._suite is not None and self._suite.is_due(step):
            found, num_tokens = self._suite.run(params, step, lambda done, total: stop.raise_if_set())
            num_tokens += results.num_tokens
            results = EvalResults(step, {**results.tasks, **found}, time.monotonic() - begin, num_tokens)
        if self._is_writer:
            with explain_full_disk(self._model_dir):
                append_results(self._model_dir / EVALS_FILE, results)
        self._results[step] = results
        log.scalars(step, results.scalars())
        averages = {group: results.average(group) for group in ("selection", "report")}
        scores = ", ".join(f"{group} {score:.4f}" for group, score in averages.items() if score is not None)
        log.say(f"step {step:>7,}  judged on {len(results.tasks)} held-out tasks: {scores} ({results.secs:.1f} s)")

    def best_steps(self, num: int) -> list[int]:
        """The best `num` steps so far by the selection rule, best first; none where no task selects."""
        left = list(self._results.values()) if self._config.selects else []
        best: list[int] = []
        while len(best) < num and any(results.step > 0 for results in left):
            best.append(select(left, num_resamples=1).step)
            left = [results for results in left if results.step != best[-1]]
        return best

    def select(self, last_step: int) -> tuple[int, Selection | None]:
        """(the step that the rule picks, its evidence), written to selected.json; the last where no task selects."""
        config = self._config
        if not config.selects:
            if self._is_writer:
                rule = "The last step: EvalConfig.selection names no task to choose by."
                write_json_atomically(self._model_dir / SELECTED_FILE, {"step": last_step, "rule": rule})
            return last_step, None
        options: dict[str, Any] = {
            "confidence": config.confidence,
            "num_resamples": config.num_resamples,
            "seed": config.seed,
        }
        if self._is_writer:
            selection = write_selected(self._model_dir, **options)
        else:
            selection = select(list(self._results.values()), **options)
        return selection.step, selection


def hand_over(
    checkpoints: Checkpoints,
    step: int,
    selection: Selection | None,
    abstract_params: Any,
    config: TrainConfig,
    model: ModelConfig,
    vocabulary: Vocabulary,
    whole: Callable[[Any], Any] = lambda params: params,
    lineage: TrainedOn | None = None,
) -> pathlib.Path:
    """Writes the weights of `step`, the model's configuration and the vocabulary to MODEL_DIR/selected.

    whole: what was trained -> the parameters of the whole model. lineage: what they were trained on, for the
    evaluations to come.
    """
    if step not in checkpoints.steps():
        raise TrainingError(
            f"step {step} was selected but its checkpoint is gone from {checkpoints.folder}, which has "
            f"{', '.join(map(str, checkpoints.steps()))}: were checkpoints deleted by hand?"
        )
    folder = pathlib.Path(config.model_dir).absolute() / SELECTED
    params = whole(checkpoints.restore_params(step, abstract_params))
    if jax.process_count() > 1:
        params = multihost_utils.process_allgather(params, tiled=True)
    if jax.process_index() == 0:
        with explain_full_disk(folder):
            folder.mkdir(exist_ok=True)
            vocabulary.copy_to(folder)
            save_weights(
                folder,
                params,
                dataclasses.asdict(model),
                dtype=config.checkpoint.export_dtype,
                step=step,
                score=None if selection is None else selection.score,
                mixture=config.mixture,
                **({} if lineage is None else {TRAINED_ON: lineage.to_json()}),
                vocab_file=vocabulary.path.name,
                vocab_fingerprint=vocabulary.fingerprint,
            )
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices("handed over")
    return folder
