"""Everything that a run is told, as frozen dataclasses: from gin on the command line, from arguments in Python."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping

from flan_jax.cache.ensure import BuildOrder, CacheRequest
from flan_jax.core.settings import PathText, settle
from flan_jax.evaluate import EvalConfig
from flan_jax.models import ModelConfig
from flan_jax.models.tuning import FULL, TuningConfig
from flan_jax.optim import OptimizerConfig
from flan_jax.train.config import TrainConfig

__all__ = ["RunConfig", "TaskConfig"]


@dataclasses.dataclass(frozen=True)
class TaskConfig:
    """Where tasks are registered.

    Attributes:
      modules: MIXTURE_OR_TASK_MODULE: modules whose import registers tasks (ours or SeqIO's).
      folders: TASK_FOLDERS: name -> directory of tasks that are read from a folder (`declare.task_folders`), e.g.
        {"niv2": "/data/niv2"}.
      suites: TASK_SUITES, the old name of `folders`, to which it is added.
      available_only: AVAILABLE_ONLY: whether tasks whose data is not on this machine are left out of mixtures, with a
        note of their share, or stop the run.
      data_dir: DATA_DIR: folder of the data sets' own folders (`flan_jax.sources.data_dir`); None leaves it to
        FLAN_JAX_DATA_DIR, then ./data.
    """

    modules: tuple[str, ...] = ("flan_jax.tasks",)
    folders: Mapping[str, PathText] = dataclasses.field(default_factory=dict)
    suites: Mapping[str, PathText] = dataclasses.field(default_factory=dict)
    data_dir: PathText | None = None
    available_only: bool = False

    def __post_init__(self) -> None:
        settle(self)
        if self.suites:
            print("TASK_SUITES is called TASK_FOLDERS now", file=sys.stderr)
        object.__setattr__(self, "folders", {**self.suites, **self.folders})
        object.__setattr__(self, "suites", {})


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Everything a run is told. `operative` is the gin text that gives the same run again, "" where no gin gave it."""

    train: TrainConfig
    model: ModelConfig
    optimizer: OptimizerConfig
    evaluation: EvalConfig
    tasks: TaskConfig = TaskConfig()
    tuning: TuningConfig = FULL
    operative: str = ""

    def cache_requests(self) -> tuple[CacheRequest, ...]:
        """What the run trains on, then what it is judged on."""
        evaluation = self.evaluation
        judged = dict.fromkeys([*evaluation.selection, *evaluation.report])
        return (
            CacheRequest(self.train.mixture, ("train",), self.train.feature_lengths["inputs"]),
            *(CacheRequest(name, ("eval",), evaluation.inputs_length, evaluation.split) for name in judged),
        )

    def build_order(self) -> BuildOrder:
        """What the run needs of the token cache. Its tasks are registered where the cache is built, in a process of its
        own: a module of tasks may import TensorFlow."""
        return BuildOrder(
            self.cache_requests(),
            self.train.cache_dir,
            str(self.train.vocab_path),
            tuple(self.tasks.modules),
            dict(self.tasks.folders),
            available_only=self.tasks.available_only,
        )
