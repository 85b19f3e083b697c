"""Finetuning on rows of one's own: what a run is told where no recipe tells it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
from collections.abc import Mapping

import jax

from flan_jax.cache.native import fingerprint
from flan_jax.checkpoints.find import SELECTED, SELECTED_FILE
from flan_jax.checkpoints.store import Checkpoints
from flan_jax.checkpoints.weights import is_weights_folder, read_model_info
from flan_jax.core.disk import read_json_object, write_sealed
from flan_jax.core.errors import CheckpointError, counted
from flan_jax.core.own_code import own_code
from flan_jax.core.settings import BatchSize, Count, Natural, Rate, RowLength, Seed, Steps, settle
from flan_jax.declare.registry import get_mixture, is_local, mixture_members
from flan_jax.evaluate import EvalConfig, read_results
from flan_jax.evaluate.metrics import get_metric
from flan_jax.evaluate.select import EVALS_FILE
from flan_jax.models.family import DropoutRate
from flan_jax.models.tuning import FULL, TuningConfig
from flan_jax.optim import AdafactorConfig
from flan_jax.train.config import TrainConfig
from flan_jax.workflows.config import RunConfig
from flan_jax.workflows.lengths import measure
from flan_jax.workflows.model import Model

START = "start"  # below a run's folder: weights that it begins from and nobody else keeps
ROWS_FILE = "rows.json"  # fingerprints of what a run is trained and judged on, and how
# What makes another run: steps may be added, and judging may change.
_KEPT = ("learning_rate", "dropout_rate", "batch_size", "feature_lengths", "tuning", "seed")
NUM_EVALUATIONS = 5
EVAL_LIMIT = 200
_ANEW = "give another `to`, or delete that folder to begin anew"

__all__ = ["EVAL_LIMIT", "Finetuning", "finetuning_config", "is_finished", "keep_start", "remember_run"]


@dataclasses.dataclass(frozen=True)
class Finetuning:
    """What a finetuning run is told; `finetuning_config` fills in the rest.

    Attributes:
      folder: of the run.
      mixture: registered name of what it is trained on.
      held_out: registered name of what it is judged on and picks its checkpoint by; None for the last step.
      steps: optimizer steps of the whole run.
      batch_size: packed rows a step; None for 16, or the next multiple of the devices.
      learning_rate: of Adafactor, constant, relative to a parameter's size.
      dropout_rate: in [0, 1).
      feature_lengths: {"inputs": L, "targets": T}, tokens a packed row holds; None measures the examples.
      eval_steps: steps between evaluations; None for a fifth of the run.
      eval_limit: held-out examples a task; None for all.
      tuning: which parameters are trained.
      seed: of data order and dropout.
      cache_dir: the token cache; None for the run's own folder.
    """

    folder: pathlib.Path
    mixture: str
    held_out: str | None = None
    steps: Steps = 300
    batch_size: BatchSize | None = None
    learning_rate: Rate = 1e-3
    dropout_rate: DropoutRate = 0.1
    feature_lengths: Mapping[str, RowLength] | None = None
    eval_steps: Natural | None = None
    eval_limit: Count | None = EVAL_LIMIT
    tuning: TuningConfig = FULL
    seed: Seed = 0
    cache_dir: str | None = None

    def __post_init__(self) -> None:
        settle(self)  # NumPy's numbers become Python's: JSON and gin have no others


def finetuning_config(told: Finetuning, model: Model) -> tuple[RunConfig, str]:
    """The run's whole configuration, and a line that tells what was chosen.

    Args:
      told: what the user says.
      model: the model to begin from.

    Raises `ConfigError` for settings out of their range.
    """
    num_devices = jax.device_count()
    batch_size = -(-16 // num_devices) * num_devices if told.batch_size is None else told.batch_size
    lengths: Mapping[str, int] | None = told.feature_lengths
    note = ""
    if lengths is None:
        found = measure(told.mixture, model.vocabulary)
        if told.held_out is not None:
            found = found.joined(measure(told.held_out, model.vocabulary))
        chosen = found.row_lengths()
        lengths, note = chosen, f", chosen by the examples: {found.describe(chosen)}"
    eval_steps = max(1, told.steps // NUM_EVALUATIONS) if told.eval_steps is None else told.eval_steps
    start = told.folder / START if model.is_temporary else model.source.path
    train = TrainConfig(
        model_dir=str(told.folder),
        mixture=told.mixture,
        cache_dir=told.cache_dir or str(told.folder / "cache"),
        feature_lengths=lengths,
        batch_size=batch_size,
        train_steps=told.steps,
        vocab_path=str(model.vocabulary.path),
        seed=told.seed,
        initial_checkpoint_path=str(start),
        eval_period=eval_steps,
        log_period=max(1, min(10, told.steps // 20)),  # a curve of a short run needs points, too
    )
    config = RunConfig(
        train=train,
        model=model.config.replace(dropout_rate=told.dropout_rate),
        optimizer=AdafactorConfig(learning_rate=told.learning_rate),
        evaluation=EvalConfig(
            selection=() if told.held_out is None else (told.held_out,),
            batch_size=-(-32 // num_devices) * num_devices,
            inputs_length=train.inputs_length,
            targets_length=train.targets_length,
            limit=told.eval_limit,
        ),
        tuning=told.tuning,
    )
    judged = "its last step is kept, as no held-out rows pick one"
    if told.held_out is not None:
        often = f"every {counted(eval_steps, 'step')}" if eval_steps else "before and after"
        judged = f"{told.held_out} picks the checkpoint, judged {often}"
    lengths = train.feature_lengths
    line = (
        f"{told.folder}: {counted(told.steps, 'step')} of {counted(batch_size, 'packed row')} of {lengths['inputs']} + "
        f"{lengths['targets']} tokens{note}; Adafactor at {told.learning_rate:g}, dropout {told.dropout_rate:g}; "
        f"{judged}"
    )
    return config, line


def keep_start(model: Model, folder: pathlib.Path) -> pathlib.Path:
    """A copy of `model`'s weights folder inside a run's `folder`, for weights that are gone when the program ends:
    where `finetuning_config` says that the run begins."""
    start = folder / START
    if not (start.exists() and _latest_step(folder)):  # what was copied and never trained may be of another `init`
        shutil.rmtree(start, ignore_errors=True)
        partial = folder / f".{START}.{os.getpid()}.partial"
        shutil.copytree(model.source.path, partial)
        os.replace(partial, start)
    return start


def remember_run(told: Finetuning, start: str, weights: str | None = None, evaluators: str = "") -> None:
    """Notes what a run is trained and judged on, from which weights and how, so that a cell that runs twice goes on
    only with the same.

    Args:
      told: the run.
      start: the folder of the weights that it begins from; "" for one that is gone when the program ends.
      weights: what those weights are (`WeightsSource.sha256`); None where that is not known.
      evaluators: hash of the code of the functions that score it (`own_code`); "" for none.

    Raises `CheckpointError` for a run that has begun with others, or has done more steps.
    """
    path, latest = told.folder / ROWS_FILE, _latest_step(told.folder)
    names = {"rows": told.mixture, "held_out": told.held_out}
    now = {role: _fingerprint(name) for role, name in names.items() if name is not None}
    if told.held_out is not None:
        now["metric"] = _metrics_fingerprint(told.held_out)
    now["evaluators"] = evaluators
    now["weights"] = weights or ""
    kept = _KEPT if told.held_out is None else (*_KEPT, "eval_limit")  # steps are compared on the same examples
    settings = {name: value for name, value in dataclasses.asdict(told).items() if name in kept}
    settings = json.loads(json.dumps({"init": start, **settings}))
    found = read_json_object(path, _ANEW) if path.exists() and latest else {}
    if latest and not path.exists():
        raise CheckpointError(
            f"{told.folder} holds a run without {ROWS_FILE}, so that nobody knows which rows it is of: give another "
            f"`to`, or go on with `flan-jax train` if that began it"
        )
    remedy = f"so that going on would not be one run: {_ANEW}"
    for role in ("rows", "held_out", "metric"):
        if found and found.get(role) != now.get(role):
            raise CheckpointError(
                f"{told.folder} holds a run with other {role} (their text, template, metric or number differ), {remedy}"
            )
    if found.get("evaluators", evaluators) != evaluators:  # a run of before this was noted does not say
        raise CheckpointError(
            f"{told.folder} holds a run with other evaluators (their code or number differ), {remedy}"
        )
    for name, before in found.get("settings", {}).items():
        if before != settings[name]:
            raise CheckpointError(f"{told.folder} holds a run with {name} {before!r}, now {settings[name]!r}, {remedy}")
    if weights and found.get("weights") and found["weights"] != weights:
        raise CheckpointError(f"{told.folder} holds a run that began from other weights than `init` is now, {remedy}")
    if latest > told.steps:
        raise CheckpointError(
            f"{told.folder} holds a run of {counted(latest, 'step')}, steps is {told.steps:,}: give at least that many "
            f"steps, or another `to`"
        )
    write_sealed(path, {**now, "settings": settings})


def is_finished(folder: pathlib.Path, steps: int) -> bool:
    """Whether a run has done its steps, judged the last, and handed over what was then picked. One that was given more
    steps has the files of its first end until it comes to the second."""
    selected, weights, evals = folder / SELECTED_FILE, folder / SELECTED, folder / EVALS_FILE
    if _latest_step(folder) != steps or not selected.exists() or not is_weights_folder(weights):
        return False
    choice = read_json_object(selected, _ANEW, {"step": int})
    judged = max((score["step"] for score in choice.get("table", [])), default=choice["step"])
    if evals.exists():
        judged = min(judged, max((results.step for results in read_results(evals)), default=0))
    return bool(judged == steps and read_model_info(weights)["step"] == choice["step"])


def _latest_step(folder: pathlib.Path) -> int:
    checkpoints = Checkpoints(folder)
    try:
        return checkpoints.latest_step() or 0
    finally:
        checkpoints.close()


def _fingerprint(name: str) -> str:
    """Of the texts of a task or mixture; of one that is registered by a module, its name."""
    if not is_local(name):
        return name
    tasks = mixture_members(get_mixture(name))
    return "".join(fingerprint(task, split, None)[:16] for task in tasks for split in task.splits())


def _metrics_fingerprint(name: str) -> str:
    """Of the metrics of a task or mixture: their names, and the code of those that are a user's own functions, which a
    notebook edits."""
    names = sorted({metric for task in mixture_members(get_mixture(name)) for metric in task.metrics})
    text = "\n".join((*names, own_code(get_metric(metric).fn for metric in names)))
    return hashlib.sha256(text.encode()).hexdigest()
