"""A run's parts, checked and made: what it is told, its devices, its vocabulary and its data."""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import pathlib
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh

from flan_jax.checkpoints.checkpoint import check_model_dir
from flan_jax.checkpoints.find import find_weights
from flan_jax.checkpoints.lineage import TRAINED_ON, TrainedOn, trained_on_of_run
from flan_jax.core.errors import CacheError, ConfigError, counted
from flan_jax.core.manifest import MixtureManifest, cache_root, read_mixture_manifest, unwritten_line
from flan_jax.core.vocabulary import Vocabulary, load_vocabulary
from flan_jax.data import CacheReader, PackingPlan, PlanSpec, make_plan
from flan_jax.models.family import ModelConfig
from flan_jax.models.tuning import TuningConfig, tuned_model
from flan_jax.optim.optimizer import OptimizerConfig, for_run
from flan_jax.train import mesh as mesh_lib
from flan_jax.train.config import TrainConfig

_RUNNING, _DONE, _FAILED = range(3)
_TELL_SECS = 5.0
_Result = TypeVar("_Result")

__all__ = ["Run", "on_process_0", "plan_spec", "prepare_run"]


@dataclasses.dataclass(frozen=True)
class Run:
    """What does not change while a run trains.

    Attributes:
      config: what the run is told, its epochs counted in steps.
      model: the model that is trained, with a soft prompt if `tuning` adds one.
      optimizer: with schedules that know how many steps the run has.
      tuning: which parameters are trained.
      mesh: the devices of all processes.
      vocabulary: of the cache and of the model.
      reader: the token cache.
      plan: which example is in which row of which step.
      lineage: what the weights will have been trained on, those that they start from included.
      base_sha256: of the weights to which a run that trains a part adds (`WeightsSource.sha256`).
    """

    config: TrainConfig
    model: ModelConfig
    optimizer: OptimizerConfig
    tuning: TuningConfig
    mesh: Mesh
    vocabulary: Vocabulary
    reader: CacheReader
    plan: PackingPlan
    lineage: TrainedOn
    base_sha256: str | None = None

    @property
    def model_dir(self) -> pathlib.Path:
        """Where the run writes, absolute."""
        return pathlib.Path(self.config.model_dir).absolute()

    @property
    def cache_dir(self) -> pathlib.Path:
        """The token cache, of all vocabularies and lengths."""
        return pathlib.Path(self.config.cache_dir)

    @property
    def last_step(self) -> int:
        """Optimizer steps of the whole run."""
        return self.config.train_steps

    def headline(self) -> str:
        """Two lines for the log: what is done on which devices."""
        config, mesh = self.config, self.mesh
        axes = ", ".join(f"{name} {size}" for name, size in mesh.shape.items())
        return (
            f"{config.mixture}: {counted(config.train_steps, 'step')} of {counted(config.batch_size, 'row')} in "
            f"{counted(config.microbatches, 'microbatch', 'microbatches')}, {self.model.dtype}, "
            f"dropout {self.model.dropout_rate}\n{mesh.size} x {mesh.devices.flat[0].device_kind} over "
            f"{counted(jax.process_count(), 'process', 'processes')}: {axes}"
        )

    def vocabulary_notes(self) -> list[str]:
        """A line that says how many training examples the vocabulary cannot write; none where it can write all."""
        splits = read_mixture_manifest(self.reader.root, self.plan.mixture).splits
        trained = [(task, splits[task]["train"]) for task in self.plan.tasks if "train" in splits.get(task, {})]
        manifests = [self.reader.manifest(*pair) for pair in trained]
        unwritten = sum((collections.Counter(manifest.unwritten) for manifest in manifests), collections.Counter())
        line = unwritten_line(unwritten, sum(manifest.num_examples for manifest in manifests))
        return [line] if line else []

    def data_facts(self) -> dict[str, Any]:
        """What a reader of the run's folder must know of its data, as JSON values; notes are shown in the report."""
        return {
            "mixture": self.plan.mixture,
            "num_tasks": len(self.plan.tasks),
            "plan": self.plan.fingerprint,
            "steps_per_epoch": self.plan.steps_per_epoch,
            "note": self.plan.note,
            "vocabulary_notes": self.vocabulary_notes(),
            TRAINED_ON: self.lineage.to_json(),
        }


def prepare_run(
    config: TrainConfig,
    model: ModelConfig,
    optimizer: OptimizerConfig,
    tuning: TuningConfig,
    ensure_cache: Callable[[], None],
) -> Run:
    """Checks what a run is told, has its token cache built, and plans which example is in which row of which step.

    Args:
      config, model, optimizer, tuning: what the run is told.
      ensure_cache: builds what is missing of the token cache in another process; called on process 0 only.

    Raises `ConfigError` before anything is read or written where the devices cannot hold such a run, `CacheError` for
    a cache or a plan that cannot be made.
    """
    check_model_dir(config.model_dir)
    # What costs nothing is checked first, then comes the cache, which may take hours, then the plan.
    model = tuned_model(model, tuning)
    mesh = mesh_lib.make_mesh(config.mesh)
    mesh_lib.check_rows(config.batch_size, config.microbatches, mesh)
    mesh_lib.check_model(mesh, **model.split_sizes())
    vocabulary = _load_vocabulary(config, model)

    on_process_0(ensure_cache, "the token cache could not be built")
    root = cache_root(config.cache_dir, vocabulary.fingerprint, config.inputs_length)
    reader = CacheReader(root, vocabulary.fingerprint)
    plan = _make_plan(config, model, reader, vocabulary)
    config = dataclasses.replace(config, train_steps=plan.num_steps, train_epochs=None)
    lineage = trained_on_of_run(
        pathlib.Path(config.model_dir).absolute(), config.mixture, plan.tasks, config.initial_checkpoint_path
    )
    optimizer = for_run(optimizer, config.train_steps)
    base = config.initial_checkpoint_path if tuning.is_partial else None
    base_sha256 = find_weights(base).sha256 if base else None
    return Run(config, model, optimizer, tuning, mesh, vocabulary, reader, plan, lineage, base_sha256)


def plan_spec(config: TrainConfig, model: ModelConfig, mixture: MixtureManifest) -> PlanSpec:
    """What the packing plan of a run is made of: `mixture` is the run's, as its cache has it, and `model` the one that
    is trained, a soft prompt included."""
    return PlanSpec(
        mixture=mixture,
        feature_lengths=config.feature_lengths,
        batch_size=config.batch_size,
        num_steps=config.train_steps if config.train_epochs is None else None,
        num_epochs=config.train_epochs,
        seed=config.seed,
        split={task: roles["train"] for task, roles in mixture.splits.items() if "train" in roles},
        layout=model.row_layout(),
        prompt_tokens=model.prompt_tokens,
    )


def _make_plan(config: TrainConfig, model: ModelConfig, reader: CacheReader, vocabulary: Vocabulary) -> PackingPlan:
    """The run's packing plan: process 0 makes or reads it, then the others read what it saved."""

    def plan() -> PackingPlan:
        mixture = read_mixture_manifest(reader.root, config.mixture)
        return make_plan(plan_spec(config, model, mixture), reader, vocabulary)

    made = on_process_0(plan, "the packing plan could not be made")
    return plan() if made is None else made


def _load_vocabulary(config: TrainConfig, model: ModelConfig) -> Vocabulary:
    if config.vocab_path is None:
        raise ConfigError("TrainConfig.vocab_path is not set: give the path of a SentencePiece model (VOCAB_PATH)")
    vocabulary = load_vocabulary(config.vocab_path)
    if vocabulary.size > model.vocab_size:
        raise ConfigError(
            f"vocabulary {config.vocab_path} has {vocabulary.size} ids, the model has {model.vocab_size} rows for "
            # A multiple of 128 as T5X's 32,128 for 32,100 pieces: it fills a TPU's lanes and splits over a model axis.
            f"them: set VOCAB_SIZE to {-(-vocabulary.size // 128) * 128}"
        )
    return vocabulary


def on_process_0(work: Callable[[], _Result], failure: str) -> _Result | None:
    """What `work` gives on process 0, while the others wait and get None; all of them fail if it does.

    It may take hours, and a collective that waits so long is taken for dead: process 0 works in a thread and tells
    the others every few seconds how it stands.
    """
    if jax.process_count() == 1:
        return work()
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        future = executor.submit(work) if jax.process_index() == 0 else None
        status = _RUNNING
        while status == _RUNNING:
            if future is not None:
                concurrent.futures.wait([future], timeout=_TELL_SECS)
                status = _RUNNING if not future.done() else _FAILED if future.exception() else _DONE
            status = int(multihost_utils.broadcast_one_to_all(np.int32(status)))
        if future is not None:
            return future.result()
        if status == _FAILED:
            raise CacheError(f"{failure} on process 0: its log says why")
    return None
