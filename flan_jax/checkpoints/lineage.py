"""What weights were trained on, as folders of weights and runs say it: `trained_on` in model.json and in data.json."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Iterable
from typing import Any

from flan_jax.checkpoints.checkpoint import FOLDER
from flan_jax.checkpoints.find import WeightsSource, find_weights
from flan_jax.checkpoints.weights import is_weights_folder, read_model_info
from flan_jax.core.disk import read_json_object
from flan_jax.core.errors import CheckpointError

DATA_FILE = "data.json"
TRAINED_ON = "trained_on"

__all__ = ["DATA_FILE", "TRAINED_ON", "TrainedOn", "trained_on", "trained_on_of_run"]


@dataclasses.dataclass(frozen=True)
class TrainedOn:
    """What weights have seen, their starting weights' data included.

    tasks: names of the training tasks. mixtures: those that they were members of, in order. unknown: sentences, each on
    a part of the weights' history that is not recorded.
    """

    tasks: tuple[str, ...] = ()
    mixtures: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for field in ("tasks", "mixtures", "unknown"):
            object.__setattr__(self, field, tuple(getattr(self, field)))

    def then(self, mixture: str, tasks: Iterable[str]) -> TrainedOn:
        """After training on `tasks` of `mixture` too."""
        mixtures = dict.fromkeys([*self.mixtures, mixture])
        return TrainedOn(tuple(sorted({*self.tasks, *tasks})), tuple(mixtures), self.unknown)

    def joined(self, other: TrainedOn) -> TrainedOn:
        """What either has seen."""
        both = {
            f.name: dict.fromkeys([*getattr(self, f.name), *getattr(other, f.name)]) for f in dataclasses.fields(self)
        }
        return TrainedOn(tuple(sorted(both["tasks"])), tuple(both["mixtures"]), tuple(both["unknown"]))

    def to_json(self) -> dict[str, Any]:
        """JSON value; `TrainedOn(**value)` is the inverse."""
        return {field: list(value) for field, value in dataclasses.asdict(self).items()}


def trained_on(source: WeightsSource) -> TrainedOn:
    """The training data of weights found on disk, that of the weights they began from included.

    What is not recorded, as of imported weights, is said in `TrainedOn.unknown`.
    """
    info = read_model_info(source.path) if is_weights_folder(source.path) else _run_facts(source.path)
    if TRAINED_ON in info:
        return TrainedOn(**info[TRAINED_ON])
    mixtures = (info["mixture"],) if info.get("mixture") else ()
    origin = info.get("origin")
    if isinstance(origin, dict):
        kind = " ".join(str(origin[key]) for key in ("format", "name") if origin.get(key))
        return TrainedOn((), mixtures, (f"{source.path} was imported ({kind}) without a record of its training data",))
    after = " besides its last mixture" if mixtures else ""
    return TrainedOn((), mixtures, (f"{source.path} has no record of what it was trained on{after}",))


def trained_on_of_run(
    model_dir: pathlib.Path, mixture: str, tasks: tuple[str, ...], initial_path: str | None
) -> TrainedOn:
    """Of a run: its starting weights' data, then its own; of a run that goes on also what it wrote down before, as its
    starting weights may be gone by now, or others.

    Args:
      model_dir: the run's folder.
      mixture: the mixture that it trains on.
      tasks: the mixture's tasks.
      initial_path: the weights that it begins with; None for random ones.
    """
    path = model_dir / DATA_FILE
    facts = _read(path) if path.exists() else {}
    start = TrainedOn()
    if initial_path:
        try:
            start = trained_on(find_weights(initial_path))
        except CheckpointError:
            start = TrainedOn(**facts.get(TRAINED_ON, {"unknown": (f"{initial_path}, its start, cannot be read",)}))
    if TRAINED_ON in facts and any(step.name.isdigit() for step in (model_dir / FOLDER).glob("*")):
        start = TrainedOn(**facts[TRAINED_ON]).joined(start)
    return start.then(mixture, tasks)


def _run_facts(path: pathlib.Path) -> dict[str, Any]:
    """data.json of the run that a checkpoint's folder belongs to; empty where there is none."""
    file = (path.parent.parent if path.parent.name == FOLDER else path) / DATA_FILE
    return _read(file) if file.exists() else {}


def _read(file: pathlib.Path) -> dict[str, Any]:
    return read_json_object(file, "delete it, and what it said is unknown")
