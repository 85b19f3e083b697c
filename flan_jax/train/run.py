"""A run's parts, checked and made: what it is told, its devices, its vocabulary and its data."""

from __future__ import annotations

import dataclasses
import pathlib

from jax.sharding import Mesh

from flan_jax.checkpoints.lineage import TrainedOn
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.data import CacheReader, PackingPlan
from flan_jax.models import ModelConfig
from flan_jax.models.tuning import TuningConfig
from flan_jax.optim import OptimizerConfig
from flan_jax.train.config import TrainConfig

__all__ = ["Run"]


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

    @property
    def model_dir(self) -> pathlib.Path:
        """Where the run writes, absolute."""
        return pathlib.Path(self.config.model_dir).absolute()

    @property
    def cache_root(self) -> pathlib.Path:
        """The vocabulary's folder of the token cache."""
        return self.reader.root

    @property
    def last_step(self) -> int:
        """Optimizer steps of the whole run."""
        return self.config.train_steps
