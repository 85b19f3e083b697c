"""Finding weights by path, whatever kind of folder it is: to start a run from, to evaluate, to generate with."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import pathlib
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from jax.sharding import NamedSharding, PartitionSpec
from safetensors import SafetensorError
from safetensors.numpy import load_file

from flan_jax.checkpoints.checkpoint import FOLDER, DamagedError, check_same_shapes, tensor_shapes
from flan_jax.checkpoints.weights import (
    MODEL_FILE,
    MOMENTS_FILE,
    WEIGHTS_FILE,
    check_files,
    is_weights_folder,
    load_weights,
    read_model_info,
)
from flan_jax.core.disk import file_of_folder, file_sha256, read_json_object
from flan_jax.core.errors import CheckpointError, ConfigError, Setting
from flan_jax.models.family import ModelConfig, family_of, model_from_json
from flan_jax.models.tuning import TuningConfig, adapt, base_model, join, merged, part_shapes

if TYPE_CHECKING:
    from flan_jax.checkpoints.store import Checkpoints

SELECTED = "selected"
SELECTED_FILE = "selected.json"  # which step that is, and why
HANDED_OVER = "weights_sha256"  # in it, of what `selected` holds
# Settings that change nothing about what the weights mean.
_FREE_FIELDS = (
    "dropout_rate",
    "dropout_sites",
    "dtype",
    "remat",
    "embedding_init_std",
)
# Of a decoder: how its rows are laid out and masked, which finetuning may change (U-PaLM made PaLM a prefix LM).
_READING = ("attention", "prompt_end", "start_id")

__all__ = [
    "HANDED_OVER",
    "SELECTED",
    "SELECTED_FILE",
    "WeightsSource",
    "check_is_no_run",
    "check_same_model",
    "find_weights",
    "reads_otherwise",
]


@dataclasses.dataclass(frozen=True)
class WeightsSource:
    """Weights found on disk, not yet read.

    Attributes:
      path: the folder they are in, as a user would name it.
      step: of the run that made them; None where it is not known.
      model: the model's configuration as JSON values.
      vocab_fingerprint: of the tokenizer they were trained with; None where it is not known.
      vocab_path: a copy of that tokenizer beside the weights, None where there is none.
      tuning, base, base_sha256: see `CheckpointMeta`; None for weights that are whole.
      digests: see `CheckpointMeta`; None for a weights folder, whose files have a sha256 in model.json.
    """

    path: pathlib.Path
    step: int | None
    model: Mapping[str, Any]
    vocab_fingerprint: str | None
    vocab_path: pathlib.Path | None = None
    tuning: Mapping[str, Any] | None = None
    base: str | None = None
    base_sha256: str | None = None
    digests: Mapping[str, Mapping[str, str]] | None = None

    @property
    def sha256(self) -> str | None:
        """Another one for other weights, from what their folder states of them, or from the file of weights where
        model.json is older than such statements; None for a checkpoint without digests (`has_digests`)."""
        if is_weights_folder(self.path):
            stated: Any = read_model_info(self.path).get("sha256", {}).get(WEIGHTS_FILE)
            stated = stated or file_sha256(self.path / WEIGHTS_FILE)
        else:
            stated = (self.digests or {}).get("params")
        if stated is None:
            return None
        return hashlib.sha256(json.dumps([stated, self.base_sha256], sort_keys=True).encode()).hexdigest()

    def check_sha256(self, expected: str | None, whose: str) -> None:
        """Raises `CheckpointError` for other weights than those that something else was trained on.

        Args:
          expected: their `sha256` then; None where it is not known.
          whose: what was trained on them, as the error begins.
        """
        found = self.sha256
        if None in (expected, found):
            unknown = whose if expected is None else self.path
            note = f"{unknown} does not say which weights it is of, so {self.path}'s are taken for those that {whose} "
            print(f"note: {note}was trained on", file=sys.stderr, flush=True)
        elif found != expected:
            raise CheckpointError(
                f"{whose} was trained on other weights than {self.path} has by now: put those back, or train anew in "
                f"another ",
                Setting("MODEL_DIR"),
            )

    def model_config(self, **changes: Any) -> ModelConfig:
        """The model's configuration; `changes` are for `dtype`, `remat`, `dropout_rate`."""
        try:
            return model_from_json(self.model, **changes)
        except (TypeError, ConfigError) as error:
            raise CheckpointError(f"{self.path} holds no model that this program knows: {error}") from error

    def load(self, abstract_params: Any) -> Any:
        """The parameters on the devices that `abstract_params` (`jax.ShapeDtypeStruct`s with shardings) says.

        Raises `CheckpointError`, naming tensors with their shapes, when they are of another model.
        """
        if is_weights_folder(self.path):
            params, _ = load_weights(self.path)
            check_same_shapes(self.path, tensor_shapes(abstract_params), tensor_shapes(params))
            return jax.tree.map(_place, params, abstract_params)
        if self.tuning is not None:
            return self._load_tuned(TuningConfig(**self.tuning), abstract_params)
        with _opened(self.path.parent.parent) as checkpoints:
            return checkpoints.restore_params(int(self.path.name), abstract_params)

    def load_opt_state(self, abstract_opt_state: Any) -> Any:
        """The optimizer's state beside the weights, laid out as `abstract_opt_state` says.

        Raises `CheckpointError` where there is none, or, naming tensors with their shapes, another optimizer's.
        """
        remedy = "set RESTORE_OPTIMIZER_STATE = False to begin with a fresh one"
        if self.tuning is not None:
            raise CheckpointError(f"{self.path} has the optimizer's state of {self.tuning['method']} alone: {remedy}")
        if not is_weights_folder(self.path):
            with _opened(self.path.parent.parent) as checkpoints:
                return checkpoints.restore_opt_state(int(self.path.name), abstract_opt_state)
        file = self.path / MOMENTS_FILE
        if not file.is_file():
            raise CheckpointError(f"{file} does not exist, so there is no optimizer's state to go on from: {remedy}")
        check_files(self.path, read_model_info(self.path), [MOMENTS_FILE])
        try:
            found = unflatten_dict(load_file(file), sep="/")
            found["count"] = np.reshape(found["count"], ())  # [1] by `np.ascontiguousarray` on import
        except (SafetensorError, KeyError) as error:
            raise CheckpointError(f"{file} cannot be read ({error}): import it again, or {remedy}") from error
        from flax import serialization

        target = serialization.to_state_dict(abstract_opt_state)
        check_same_shapes(file, tensor_shapes(target), tensor_shapes(found))
        return serialization.from_state_dict(abstract_opt_state, jax.tree.map(_place, found, target))

    def _load_tuned(self, tuning: TuningConfig, abstract_params: Any) -> Any:
        """The base's parameters with what was trained put into them."""
        model = self.model_config()
        base = part_shapes(base_model(model, tuning), TuningConfig()).trained
        flat = flatten_dict(abstract_params, sep="/")
        abstract_base = unflatten_dict({name: flat[name] for name in flatten_dict(base, sep="/")}, sep="/")
        if self.base is None:
            raise CheckpointError(f"{self.path} does not say which weights its {tuning.method} belongs to")
        base_weights = find_weights(self.base)
        base_weights.check_sha256(self.base_sha256, str(self.path))
        params = base_weights.load(abstract_base)
        # What was trained is small: whole on every device until it is put together with the rest.
        whole = _whole_on(jax.tree.leaves(abstract_params)[0].sharding)
        shapes = part_shapes(model, tuning).trained
        abstract_trained = jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=whole), shapes)
        with _opened(self.path.parent.parent) as checkpoints:
            trained = checkpoints.restore_params(int(self.path.name), abstract_trained)
        shardings = jax.tree.map(lambda leaf: leaf.sharding, abstract_params)

        def put_together(trained: Any, params: Any) -> Any:
            # Any key will do: it draws what is trained, which the checkpoint has; the frozen part follows from
            # `params`.
            return merged(join(trained, adapt(tuning, params, jax.random.key(0))[1]), tuning)

        return jax.jit(put_together, out_shardings=shardings)(trained, params)


def read_selected_step(run: pathlib.Path) -> int | None:
    """The step that a run's selected.json names; None where there is none yet. Raises `CheckpointError` for a damaged
    one."""
    remedy = (
        f"apply the rule again with flan_jax.evaluate.write_selected({str(run)!r}), or, of a run that is not judged, "
        f"delete it and train again, which writes it"
    )
    try:
        return int(read_json_object(run / SELECTED_FILE, remedy, {"step": int})["step"])
    except FileNotFoundError:
        return None


def check_is_no_run(folder: pathlib.Path) -> None:
    """Raises `CheckpointError` for a folder where weights would be written beside a run's own, which readers take."""
    if (folder / FOLDER).is_dir() or (folder / SELECTED).is_dir():
        raise CheckpointError(
            f"{folder} is a run's folder, whose own weights would be read in place of those written there: give "
            f"another --out"
        )


def find_weights(path: str | pathlib.Path) -> WeightsSource:
    """Weights at `path`: a run's folder (its selected weights, else its newest checkpoint), one step's folder in
    `checkpoints`, or a folder with weights.safetensors. Raises `CheckpointError` for anything else."""
    folder = pathlib.Path(path).absolute()
    if not folder.is_dir():
        raise CheckpointError(f"{path} is no folder: give a run's folder, one of its checkpoints, or a weights folder")
    if is_weights_folder(folder / SELECTED):
        selected = find_weights(folder / SELECTED)
        _check_handed_over(folder, selected)
        return selected
    if is_weights_folder(folder):
        info = read_model_info(folder)
        vocab = file_of_folder(folder, info["vocab_file"], folder / MODEL_FILE) if info.get("vocab_file") else None
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


def _check_handed_over(run: pathlib.Path, selected: WeightsSource) -> None:
    """Raises `CheckpointError` where a run's `selected` holds other weights than the run put there."""
    if not (run / SELECTED_FILE).is_file():
        return  # a folder of exported weights may have one called so
    stated = read_json_object(run / SELECTED_FILE, f"delete it, or give {selected.path}").get(HANDED_OVER)
    if stated is not None and stated != selected.sha256:
        raise CheckpointError(
            f"{selected.path} holds other weights than {run} handed over, by its {SELECTED_FILE}: put those back, or "
            f"give {selected.path} itself"
        )


def _at_step(run: pathlib.Path, step: int | None) -> WeightsSource:
    with _opened(run) as checkpoints:
        step = _selected_step(run, checkpoints) if step is None else step
        if step is None:
            raise CheckpointError(f"{run / FOLDER} has no whole checkpoint yet: train further, or give other weights")
        meta = checkpoints.meta(step)
        path = run / FOLDER / str(step)
        return WeightsSource(
            path,
            step,
            meta.model,
            meta.vocab_fingerprint,
            tuning=meta.tuning,
            base=meta.base,
            base_sha256=meta.base_sha256,
            digests=meta.digests,
        )


@contextlib.contextmanager
def _opened(run: pathlib.Path) -> Iterator[Checkpoints]:
    """The run's checkpoints, to read from. Who reads weights does not go on from another checkpoint by itself."""
    from flan_jax.checkpoints.store import Checkpoints  # Orbax, which a folder of weights does without

    try:
        with contextlib.closing(Checkpoints(run)) as checkpoints:
            yield checkpoints
    except DamagedError as error:
        steps = sorted((path.name for path in (run / FOLDER).iterdir() if path.name.isdigit()), key=int)
        raise DamagedError(
            error.reason,
            f"put its files back, or give another checkpoint (those of steps {', '.join(steps)} are there)",
        ) from error


def _selected_step(run: pathlib.Path, checkpoints: Checkpoints) -> int | None:
    step = read_selected_step(run)
    # selected.json is written before selected/ is: a run killed in between is known by the step that it picked.
    return step if step in checkpoints.steps() else checkpoints.latest_step()


def check_same_model(path: pathlib.Path | str, model: ModelConfig, found: Mapping[str, Any]) -> None:
    """Raises `CheckpointError` naming the settings in which the checkpoint's model `found` is another than `model`."""
    # As JSON has them. A setting that a checkpoint does not name is younger than it, and had its default's meaning.
    ours = json.loads(json.dumps(model.to_json()))
    found = {"family": family_of(found), **json.loads(json.dumps(dict(found)))}
    if found["family"] == model.family:
        found = {**json.loads(json.dumps(type(model)().to_json())), **found}
    lines = [
        f"  {name}: this run {ours.get(name, 'absent')}, the checkpoint {found.get(name, 'absent')}"
        for name in sorted(ours.keys() | found.keys())
        if name not in (*_FREE_FIELDS, *_READING) and ours.get(name) != found.get(name)
    ]
    if lines:
        raise CheckpointError(
            f"{path} is a checkpoint of another model. Give the model these settings ({type(model).__name__}), or use "
            f"another ",
            Setting("MODEL_DIR"),
            " or ",
            Setting("INITIAL_CHECKPOINT_PATH"),
            "; nothing was changed.\n" + "\n".join(lines),
        )


def reads_otherwise(model: ModelConfig, found: Mapping[str, Any]) -> str:
    """A clause on the settings in which the checkpoint's `found` read its rows otherwise, which may be; "" for none."""
    pairs = [(name, getattr(model, name, None), found[name]) for name in _READING if name in found]
    told = ", ".join(f"{name} {mine!r}, there {theirs!r}" for name, mine, theirs in pairs if mine != theirs)
    return f", which read rows otherwise ({told})" if told else ""


def _whole_on(sharding: Any) -> Any:
    """A sharding over the same devices that splits nothing."""
    return NamedSharding(sharding.mesh, PartitionSpec()) if isinstance(sharding, NamedSharding) else sharding


def _place(value: Any, abstract: jax.ShapeDtypeStruct) -> jax.Array:
    # Each process copies only the part that its own devices hold.
    return jax.make_array_from_callback(value.shape, abstract.sharding, lambda index: value[index])
