"""The end of a run: the weights of the step that was picked, in a folder of their own."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
from jax.experimental import multihost_utils

from flan_jax.checkpoints.checkpoint import DamagedError
from flan_jax.checkpoints.find import HANDED_OVER, SELECTED, SELECTED_FILE, find_weights
from flan_jax.checkpoints.lineage import TRAINED_ON
from flan_jax.checkpoints.weights import save_weights
from flan_jax.core.disk import explain_full_disk, read_json_object, replace_folder, write_sealed
from flan_jax.core.errors import TrainingError
from flan_jax.train.judging import Picked
from flan_jax.train.run import Run

if TYPE_CHECKING:
    from flan_jax.checkpoints.store import Checkpoints

__all__ = ["hand_over"]


def hand_over(
    run: Run,
    checkpoints: Checkpoints,
    picked: Picked | None,
    abstract_params: Any,
    whole: Callable[[Any], Any] = lambda params: params,
) -> pathlib.Path:
    """Writes weights, the model's configuration and the vocabulary to MODEL_DIR/selected, and gives back that folder.

    Args:
      run: the run that ends.
      checkpoints: its checkpoints, written to the end.
      picked: the step to hand over and its score, which its judge has written down; None hands over the last step,
        and writes that down.
      abstract_params: what was trained, as `jax.ShapeDtypeStruct`s with shardings.
      whole: what was trained -> the parameters of the whole model.

    Raises `TrainingError` where the checkpoint of that step is gone or damaged.
    """
    step = run.last_step if picked is None else picked.step
    if picked is None and jax.process_index() == 0:
        rule = "The last step: no held-out task was named to choose by."
        write_sealed(run.model_dir / SELECTED_FILE, {"step": step, "rule": rule})
    if step not in checkpoints.steps():
        raise TrainingError(
            f"step {step} was selected but its checkpoint is gone from {checkpoints.folder}, which has "
            f"{', '.join(map(str, checkpoints.steps()))}: were checkpoints deleted by hand?"
        )
    folder = run.model_dir / SELECTED
    try:
        params = whole(checkpoints.restore_params(step, abstract_params))
    except DamagedError as error:
        others = ", ".join(str(other) for other in checkpoints.steps() if other != step) or "none"
        raise TrainingError(
            f"step {step} was selected and cannot be handed over: {error.reason}. Put its files back and give the same "
            f"command again, or `flan-jax export` another checkpoint ({others})"
        ) from error
    # As it was trained, whatever a finished run is told now. Read by all processes, which meet there as below.
    model = checkpoints.meta(step).model
    # A collective, so all processes are in it, though process 0 alone writes. `tiled`: the arrays are global already,
    # and a process axis in front would be wrong.
    if jax.process_count() > 1:
        params = multihost_utils.process_allgather(params, tiled=True)
    if jax.process_index() == 0:
        with explain_full_disk(folder), replace_folder(folder) as new:
            run.vocabulary.copy_to(new)
            save_weights(
                new,
                params,
                model,
                dtype=run.config.checkpoint.export_dtype,
                step=step,
                score=None if picked is None else picked.score,
                mixture=run.config.mixture,
                **{TRAINED_ON: run.lineage.to_json()},
                vocab_file=run.vocabulary.path.name,
                vocab_fingerprint=run.vocabulary.fingerprint,
            )
        # Last, so that the folder is there when it is named: whoever reads the run is told of another one in its place.
        choice = read_json_object(run.model_dir / SELECTED_FILE, "")
        write_sealed(run.model_dir / SELECTED_FILE, {**choice, HANDED_OVER: find_weights(folder).sha256})
    # Nobody goes on, to read the folder or to end, before process 0 has written it.
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices("handed over")
    return folder
