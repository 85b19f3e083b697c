"""Scores a model on held-out tasks: all their items asked at once, then each task's metrics and intervals."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Sequence

import numpy as np
from jax.sharding import Mesh

from flan_jax.core.errors import ConfigError, Setting, counted
from flan_jax.core.manifest import read_split_manifest, split_dir
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.data import CacheReader
from flan_jax.evaluate.ask import ask
from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.held_out import read_task, splits_of
from flan_jax.evaluate.language_models.on_mesh import batch_shards
from flan_jax.evaluate.language_models.pooled_model import PooledModel
from flan_jax.evaluate.metrics.rouge import copy_input_baseline
from flan_jax.evaluate.results.eval_results import GROUPS, Basis, EvalResults
from flan_jax.evaluate.results.journal import Journal
from flan_jax.evaluate.results.record import Record
from flan_jax.evaluate.stop_texts import StopTexts
from flan_jax.evaluate.suite import Progress
from flan_jax.models import ModelConfig, Params

__all__ = ["Evaluator", "Progress", "metrics_named"]


class Evaluator:
    """Reads the held-out examples once; `run` may then be called at any step.

    All tasks' examples are pooled into batches of a few shapes, which compile at the first run. On a mesh the batch
    is split over its `data` and `fsdp` axes, parameters stay as they are; with several processes all of them call
    `run` and get the same results.
    """

    def __init__(
        self,
        cache_root: str | pathlib.Path,
        vocabulary: Vocabulary,
        model_config: ModelConfig,
        config: EvalConfig,
        mesh: Mesh | None = None,
    ):
        """
        Args:
          cache_root: the cache of this tokenizer and `config.inputs_length` (`core.manifest.cache_root`).
          vocabulary: the cache's and the model's.
          model_config: the model that `run` is given the parameters of.
          config: tasks and how to score them.
          mesh: devices to split batches over; None for where the parameters are.

        Raises `CacheError` for a task that is not cached, `TaskError` for an unknown metric, `ConfigError` for a task
        that both selects and is reported, a batch that the mesh cannot split, or a stop text that the vocabulary cannot
        write.
        """
        self.config, self.model_config, self.vocabulary, self._mesh = config, model_config, vocabulary, mesh
        batch_shards(mesh, config.batch_size, "EvalConfig.batch_size")
        stop = _stop_texts(vocabulary, config.stop)
        root = pathlib.Path(cache_root)
        with CacheReader(root, vocabulary.fingerprint) as reader:
            self._tasks = [
                read_task(reader, name, split, group, config, vocabulary, model_config, stop)
                for group, name, split in _held_out(root, config)
            ]

    def run(self, params: Params, step: int, on_item: Progress | None = None) -> EvalResults:
        """Scores `params`; deterministic. `on_item(done, total)` is called after each item that was answered."""
        start = time.monotonic()
        config = self.config
        model = PooledModel(
            self.model_config,
            params,
            self.vocabulary,
            inputs_length=config.inputs_length,
            targets_length=config.targets_length,
            batch_size=config.batch_size,
            mesh=self._mesh,
        )
        work = [work for task in self._tasks for work in task.work]
        records: dict[str, Record] = {}
        # Kept nowhere: held-out tasks that were broken off are asked again, as the step is.
        with Journal(None) as journal:
            for record in ask(work, model, journal):
                records[record.key] = record
                if on_item is not None:
                    on_item(len(records), len(work))
        results = {task.manifest.task: task.result(records, config, self.vocabulary) for task in self._tasks}
        num_tokens = sum(record.num_generated_tokens for record in records.values())
        return EvalResults(step, results, time.monotonic() - start, num_tokens)

    def task_names(self) -> dict[str, list[str]]:
        """Group -> the tasks in it."""
        return {group: [task.manifest.task for task in self._tasks if task.group == group] for group in GROUPS}

    def bases(self) -> dict[str, Basis]:
        """Task -> what its scores rest on."""
        return {task.manifest.task: Basis(task.asked, task.scored_by, task.settings) for task in self._tasks}

    def copy_input_scores(self) -> dict[str, np.ndarray]:
        """Task -> ROUGE-L [n] of answering with the instance's own input: a floor for free-form tasks. It is the
        task's own kind of ROUGE-L, where it has one."""
        return {
            task.manifest.task: np.array(
                [
                    copy_input_baseline(self.vocabulary.decode(prompt), references, _rouge_of(task.manifest.metrics))
                    for prompt, references in zip(task.prompts, task.references, strict=True)
                ]
            )
            for task in self._tasks
        }


def metrics_named(cache_root: str | pathlib.Path, vocab_fingerprint: str, config: EvalConfig) -> set[str]:
    """Names of the metrics that the tasks of `config` are scored by, known or not; reads manifests only.

    Args:
      cache_root: as for `Evaluator`.
      vocab_fingerprint: of the cache's tokenizer.
      config: which tasks.

    Raises `CacheError` for a task that is not cached.
    """
    root = pathlib.Path(cache_root)
    folders = [split_dir(root, name, split) for _, name, split in _held_out(root, config)]
    return {name for folder in folders for name in read_split_manifest(folder, vocab_fingerprint).metrics}


def _stop_texts(vocabulary: Vocabulary, stop: Sequence[str]) -> StopTexts:
    forms = {text: vocabulary.written_inside(text) for text in stop}
    if lost := [text for text, form in forms.items() if not form]:
        raise ConfigError(
            Setting("EvalConfig.stop"),
            f" has {lost[0]!r}, which vocabulary {vocabulary.path} cannot write, so that it would end nothing: give "
            f"texts that it has, or none",
        )
    return StopTexts(tuple(dict.fromkeys(forms.values())))


def _rouge_of(metrics: Sequence[str]) -> str:
    return next((name for name in metrics if name.startswith("rouge_l")), "rouge_l")


def _held_out(root: pathlib.Path, config: EvalConfig) -> list[tuple[str, str, str]]:
    """(group, task, split) of every task to score, group by group. Raises `ConfigError` for one in both groups."""
    splits: dict[str, dict[str, str]] = {group: {} for group in GROUPS}
    for group in GROUPS:
        for name in getattr(config, group):
            splits[group].update(splits_of(root, name, config.split))
    if both := sorted(set(splits["selection"]) & set(splits["report"])):
        raise ConfigError(
            f"{counted(len(both), 'task')} both in a selection and in a report mixture ({', '.join(both[:5])}): a gain "
            f"reported on what picked the checkpoint is not held out; take them out of one"
        )
    return [(group, name, split) for group in GROUPS for name, split in sorted(splits[group].items())]
