"""Finding weights by path, whatever kind of folder it is: to start a run from, to evaluate, to generate with."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any

import jax

from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.models import T5Config
from flan_jax.train.checkpoint import FOLDER, Checkpoints, check_same_shapes, tensor_shapes
from flan_jax.train.weights import WEIGHTS_FILE, is_weights_folder, load_weights, read_model_info

SELECTED = "selected"
# Settings that change nothing about what the weights mean.
_FREE_FIELDS = ("dropout_rate", "dtype", "remat")

__all__ = ["SELECTED", "WeightsSource", "check_same_model", "find_weights"]


@dataclasses.dataclass(frozen=True)
class WeightsSource:
    """Weights found on disk, not yet read.

    Attributes:
      path: the folder they are in, as a user would name it.
      step: of the run that made them; None where it is not known.
      model: the model's configuration as JSON values.
      vocab_fingerprint: of the tokenizer they were trained with; None where it is not known.
      vocab_path: a copy of that tokenizer beside the weights, None where there is none.
    """

    path: pathlib.Path
    step: int | None
    model: Mapping[str, Any]
    vocab_fingerprint: str | None
    vocab_path: pathlib.Path | None = None

    def model_config(self, **changes: Any) -> T5Config:
        """The model's configuration; `changes` are for `dtype`, `remat`, `dropout_rate`."""
        try:
            return T5Config(**{**self.model, **changes})
        except (TypeError, ConfigError) as error:
            raise CheckpointError(f"{self.path} holds no T5 1.1 model that this program knows: {error}") from error

    def load(self, abstract_params: Any) -> Any:
        """The parameters on the devices that `abstract_params` (`jax.ShapeDtypeStruct`s with shardings) says.

        Raises `CheckpointError`, naming tensors with their shapes, when they are of another model.
        """
        if is_weights_folder(self.path):
            params, _ = load_weights(self.path)
            check_same_shapes(self.path, tensor_shapes(abstract_params), tensor_shapes(params))
            return jax.tree.map(_place, params, abstract_params)
        checkpoints = Checkpoints(self.path.parent.parent)
        try:
            return checkpoints.restore_params(int(self.path.name), abstract_params)
        finally:
            checkpoints.close()


def find_weights(path: str | pathlib.Path) -> WeightsSource:
    """Weights at `path`: a run's folder (its selected weights, else its newest checkpoint), one step's folder in
    `checkpoints`, or a folder with weights.safetensors. Raises `CheckpointError` for anything else."""
    folder = pathlib.Path(path).absolute()
    if not folder.is_dir():
        raise CheckpointError(f"{path} is no folder: give a run's folder, one of its checkpoints, or a weights folder")
    if is_weights_folder(folder / SELECTED):
        folder = folder / SELECTED
    if is_weights_folder(folder):
        info = read_model_info(folder)
        vocab = folder / info["vocab_file"] if info.get("vocab_file") else None
        return WeightsSource(folder, info.get("step"), info["model"], info.get("vocab_fingerprint"), vocab)
    if folder.name.isdigit() and folder.parent.name == FOLDER:
        return _at_step(folder.parent.parent, int(folder.name))
    run = folder.parent if folder.name == FOLDER else folder
    if (run / FOLDER).is_dir():
        return _at_step(run, None)
    raise CheckpointError(
        f"{path} holds neither {FOLDER}/ nor {SELECTED}/ nor {WEIGHTS_FILE}: give a run's folder, one of its "
        f"checkpoints ({FOLDER}/<step>), or a folder of exported weights"
    )


def _at_step(run: pathlib.Path, step: int | None) -> WeightsSource:
    checkpoints = Checkpoints(run)
    try:
        step = _selected_step(run, checkpoints) if step is None else step
        if step is None:
            raise CheckpointError(f"{run / FOLDER} has no whole checkpoint yet: train further, or give other weights")
        meta = checkpoints.meta(step)
        return WeightsSource(run / FOLDER / str(step), step, meta.model, meta.vocab_fingerprint)
    finally:
        checkpoints.close()


def _selected_step(run: pathlib.Path, checkpoints: Checkpoints) -> int | None:
    try:
        step = json.loads((run / "selected.json").read_text())["step"]
    except (OSError, ValueError, KeyError):
        return checkpoints.latest_step()
    return step if step in checkpoints.steps() else checkpoints.latest_step()


def check_same_model(path: pathlib.Path | str, model: T5Config, found: Mapping[str, Any]) -> None:
    """Raises `CheckpointError` naming the settings in which the checkpoint's model `found` is another than `model`."""
    ours = dataclasses.asdict(model)
    lines = [
        f"  {name}: this run {ours.get(name, 'absent')}, the checkpoint {found.get(name, 'absent')}"
        for name in sorted(ours.keys() | found.keys())
        if name not in _FREE_FIELDS and ours.get(name) != found.get(name)
    ]
    if lines:
        raise CheckpointError(
            f"{path} is a checkpoint of another model. Give the model these settings (T5Config), or use another "
            f"MODEL_DIR or INITIAL_CHECKPOINT_PATH; nothing was changed.\n" + "\n".join(lines)
        )


def _place(value: Any, abstract: jax.ShapeDtypeStruct) -> jax.Array:
    return jax.make_array_from_callback(value.shape, abstract.sharding, lambda index: value[index])
