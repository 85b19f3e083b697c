"""Where a run's state comes from: its own newest whole checkpoint, given weights, or random numbers."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp

from flan_jax.checkpoints.checkpoint import FOLDER, CheckpointMeta, DamagedError, TrainState
from flan_jax.checkpoints.find import check_same_model, find_weights, reads_otherwise
from flan_jax.core.disk import sweep_partial
from flan_jax.core.errors import CheckpointError, ConfigError, Setting, counted
from flan_jax.models import Params
from flan_jax.models.tuning import TuningConfig, base_model
from flan_jax.train.config import TrainConfig
from flan_jax.train.judging import Judge
from flan_jax.train.run import Run
from flan_jax.train.state import StateLayout, fresh_state, init_state, resumed_state

if TYPE_CHECKING:
    from flan_jax.checkpoints.store import Checkpoints

__all__ = ["Start", "check_tuning", "first_state", "meta_of", "open_checkpoints", "sweep"]


@dataclasses.dataclass(frozen=True, eq=False)
class Start:
    """The state that a run goes on from.

    Attributes:
      state: on the devices.
      step: optimizer steps that were done for it in this run.
      origin: where it comes from, in words for the log.
      judged: what the run's judge had found when that state was saved, None where it was not kept.
    """

    state: TrainState
    step: int
    origin: str
    judged: Sequence[Any] | None = ()


def open_checkpoints(run: Run, judge: Judge) -> Checkpoints:
    """The run's checkpoints; the best that are kept are those that `judge` names."""
    # Orbax takes long to import: what is wrong with a run's settings or its data has been said before.
    from flan_jax.checkpoints.store import Checkpoints

    config = run.config.checkpoint
    return Checkpoints(run.model_dir, config, lambda: judge.best_steps(config.keep_best))


def sweep(run: Run) -> str:
    """Deletes what killed processes left half-written in the run's folder; returns a line that says so, "" for none."""
    # Orbax does so itself for its own.
    number, num_bytes = sweep_partial(run.model_dir, skipped=(FOLDER,)) if run.model_dir.is_dir() else (0, 0)
    return f"deleted {counted(number, 'half-written file')} ({num_bytes / 2**20:,.1f} MiB)" if number else ""


def first_state(run: Run, layout: StateLayout, checkpoints: Checkpoints) -> Start:
    """The state to train on from: the newest of the run's `checkpoints`, else the weights that it is told to start
    from, else random ones. A checkpoint that is damaged is set aside, and the one before it taken.

    Raises `CheckpointError` for a checkpoint or weights of another model, tokenizer, data or tuning, and for a damaged
    checkpoint that has none before it.
    """
    lines = []
    while step := checkpoints.latest_step():
        try:
            state, judged = _restored(run, layout, checkpoints, step), checkpoints.judged(step)
        except DamagedError as error:
            if len(checkpoints.steps()) == 1:
                raise DamagedError(
                    error.reason, "there is none before it; put its files back, or delete it, and the run begins anew"
                ) from error
            lines.append(f"{error.reason}; moved to {checkpoints.set_aside(step)}: delete it when you have looked")
            continue
        is_checked = checkpoints.meta(step).digests is not None
        unchecked = "" if is_checked else ", which was saved without digests, so damage to it would not be seen"
        return Start(
            state, step, "\n".join([*lines, f"continuing from step {step:,} of {run.model_dir}{unchecked}"]), judged
        )
    if run.config.initial_checkpoint_path:
        return Start(*_from_weights(run, layout))
    state = init_state(run.model, layout.tx, run.config.seed, layout.shardings)
    return Start(state, 0, f"random weights, seed {run.config.seed}")


def meta_of(run: Run, step: int) -> CheckpointMeta:
    """What the checkpoint of `step` says of itself."""
    return CheckpointMeta(
        step,
        run.model.to_json(),
        run.vocabulary.fingerprint,
        run.plan.fingerprint,
        **_tuning_fields(run.config, run.tuning),
        base_sha256=run.base_sha256,
    )


def check_tuning(config: TrainConfig, tuning: TuningConfig) -> None:
    """Raises `ConfigError` for a run that trains a part and has no weights for the rest, or another's optimizer."""
    if not tuning.is_partial:
        return
    if not config.initial_checkpoint_path:
        raise ConfigError(
            f"TuningConfig.method is {tuning.method!r}, which adds to weights that are there: set "
            f"INITIAL_CHECKPOINT_PATH, or train with 'full'"
        )
    if config.restore_optimizer_state:
        raise ConfigError(
            f"TuningConfig.method is {tuning.method!r}, whose parameters no optimizer has seen: set "
            f"RESTORE_OPTIMIZER_STATE = False"
        )


def _tuning_fields(config: TrainConfig, tuning: TuningConfig) -> dict[str, Any]:
    """What a checkpoint says of the part that its run trains: fields of `CheckpointMeta`, None for all of it."""
    if not tuning.is_partial:
        return {"tuning": None, "base": None}
    return {"tuning": tuning.summary(), "base": str(pathlib.Path(config.initial_checkpoint_path or "").absolute())}


def _check_same_tuning(path: pathlib.Path, config: TrainConfig, tuning: TuningConfig, meta: CheckpointMeta) -> None:
    """Raises `CheckpointError` when the checkpoint is of a run that trained another part, or of another base."""
    for name, ours in _tuning_fields(config, tuning).items():
        theirs = getattr(meta, name)
        if ours != theirs:
            raise CheckpointError(
                f"{path} has {name} {theirs or 'full'}, this run {ours or 'full'}: give the same TuningConfig and ",
                Setting("INITIAL_CHECKPOINT_PATH"),
                ", or start in another ",
                Setting("MODEL_DIR"),
            )


def _restored(run: Run, layout: StateLayout, checkpoints: Checkpoints, step: int) -> TrainState:
    """The state of `step`, if it is this run's: same model, tuning, tokenizer and data."""
    path, vocabulary, plan = checkpoints.folder / str(step), run.vocabulary, run.plan
    meta = checkpoints.meta(step)
    check_same_model(path, run.model, meta.model)
    _check_same_tuning(path, run.config, run.tuning, meta)
    another = (
        "give the same, or start in another ",
        Setting("MODEL_DIR"),
        " with ",
        Setting("INITIAL_CHECKPOINT_PATH"),
        " set to this one",
    )
    if meta.vocab_fingerprint != vocabulary.fingerprint:
        raise CheckpointError(
            f"{path} was trained with vocabulary {meta.vocab_fingerprint[:12]}, this run uses "
            f"{vocabulary.fingerprint[:12]}: ",
            *another,
        )
    if meta.plan != plan.fingerprint:
        raise CheckpointError(
            f"{path} was trained on data plan {meta.plan[:12]}, this run's is {plan.fingerprint[:12]}, so it would not "
            f"be one run: the mixture, its tasks' text, row lengths, batch size or seed differ, or the version of "
            f"flan_jax that began it; ",
            *another,
        )
    if step > run.last_step:
        steps = Setting("TRAIN_STEPS")
        raise CheckpointError(f"{path} is past ", steps, f" {run.last_step}: raise it to at least {step}")
    state = checkpoints.restore(step, layout.abstract)
    if layout.abstract.frozen is None:
        return state
    # A checkpoint holds what is trained; the rest is made again from the weights that it was made from.
    base = find_weights(run.config.initial_checkpoint_path or "")
    base.check_sha256(meta.base_sha256, str(path))
    params = base.load(layout.base)
    return resumed_state(state, params, layout.shardings, run.tuning, run.config.seed)


@jax.jit
def _num_not_finite(params: Params) -> jax.Array:
    """Values of all parameters that are NaN or infinite, counted where they lie."""
    leaves = jax.tree.leaves(params)
    return sum((jnp.sum(~jnp.isfinite(leaf), dtype=jnp.float32) for leaf in leaves), start=jnp.zeros(()))


def _from_weights(run: Run, layout: StateLayout) -> tuple[TrainState, int, str]:
    source = find_weights(run.config.initial_checkpoint_path or "")
    check_same_model(source.path, base_model(run.model, run.tuning), source.model)
    if source.vocab_fingerprint not in (None, run.vocabulary.fingerprint):
        raise CheckpointError(
            f"{source.path} was trained with vocabulary {str(source.vocab_fingerprint)[:12]}, this run uses "
            f"{run.vocabulary.fingerprint[:12]}: set VOCAB_PATH to the one it was trained with"
        )
    at = "" if source.step is None else f" (step {source.step:,})"
    origin = f"weights of {source.path}{at}{reads_otherwise(run.model, source.model)}"
    params = source.load(layout.base)
    num_bad = int(_num_not_finite(params))
    if num_bad:
        origin += f", of which {counted(num_bad, 'value')} {'is' if num_bad == 1 else 'are'} NaN or infinite"
    state = fresh_state(params, layout.tx, layout.shardings, run.tuning, run.config.seed)
    if run.config.restore_optimizer_state:
        state = state._replace(opt_state=source.load_opt_state(layout.abstract.opt_state))
        origin += f" with its optimizer's state after {int(state.opt_state.count):,} updates"
    return state, 0, origin
