"""Checkpoints of a run: parameters, optimizer state, step and data position, written in the background by Orbax.

    MODEL_DIR/checkpoints/<step>/params      parameters, one tensor a name
                                 opt_state   the optimizer's state
                                 meta        `CheckpointMeta` as JSON, with the sha256 of the rest
                                 judged      what the run's judge has found so far, as JSON, likewise

A step's folder appears by one rename when it is whole. meta has a digest of every array (`digests.py`), which one that
is restored is compared with. The newest steps are kept, for a restart, and the best by the selection rule, to be handed
over: Orbax's own `best_fn` with `max_to_keep` would throw the newest away whenever the score falls.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
from flax import serialization
from jax.experimental import multihost_utils
from orbax.checkpoint.checkpoint_managers import AnyPreservationPolicy, LatestN

from flan_jax.checkpoints.checkpoint import (
    FOLDER,
    READABLE_VERSIONS,
    CheckpointConfig,
    CheckpointMeta,
    DamagedError,
    TrainState,
    check_same_shapes,
    tensor_shapes,
)
from flan_jax.checkpoints.digests import array_digests, differing
from flan_jax.core.disk import explain_full_disk, sealed, unsealed
from flan_jax.core.errors import CheckpointError, some_of

DAMAGED_FOLDER = "damaged_checkpoints"
_MARK = "_CHECKPOINT_METADATA"  # Orbax's
_Item = TypeVar("_Item")

__all__ = ["Checkpoints"]


@dataclasses.dataclass(frozen=True)
class _KeepSteps:
    """Preserves the steps that `steps()` names at the time of asking."""

    steps: Callable[[], Collection[int]]

    def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> Sequence[bool]:
        kept = set(self.steps())
        return [checkpoint.step in kept for checkpoint in checkpoints]


class Checkpoints:
    """The checkpoints of one run folder. All processes call every method together.

    Args:
      model_dir: the run's folder.
      config: how many to keep; None opens the folder read-only.
      best_steps: names the best steps so far, best first, of which `config.keep_best` are kept.
    """

    def __init__(
        self,
        model_dir: str | pathlib.Path,
        config: CheckpointConfig | None = None,
        best_steps: Callable[[], Sequence[int]] = tuple,
    ):
        self.folder = pathlib.Path(model_dir).absolute() / FOLDER
        self._has_digests = config is not None and config.has_digests
        if config is None:
            # Not `read_only=True`, which logs a warning for each default it overrides.
            options = ocp.CheckpointManagerOptions(
                create=False, save_interval_steps=0, enable_async_checkpointing=False
            )
        else:
            policies = [LatestN(config.keep_latest), _KeepSteps(lambda: best_steps()[: config.keep_best])]
            options = ocp.CheckpointManagerOptions(
                preservation_policy=AnyPreservationPolicy(policies),
                # What a save that was killed has left behind.
                cleanup_tmp_directories=True,
                async_options=ocp.options.AsyncOptions(timeout_secs=3600),
            )
        _check_marks(self.folder)
        with explain_full_disk(self.folder):
            self._manager = ocp.CheckpointManager(self.folder, options=options, handler_registry=_handlers())

    def steps(self) -> list[int]:
        """Steps with a whole checkpoint, ascending."""
        return sorted(self._manager.all_steps())

    def latest_step(self) -> int | None:
        """The newest step, or None."""
        step: int | None = self._manager.latest_step()
        return step

    def save(self, state: TrainState, meta: CheckpointMeta, judged: Sequence[Any] = ()) -> None:
        """Copies `state` off the devices and writes it in the background; waits for an earlier save first.

        Args:
          state: of the run; its digests are taken here, where it lies.
          meta: what to say of it.
          judged: JSON values that the run's judge wants back when the run goes on from here.

        A step that is there already is left alone. Raises `CheckpointError` when the disk is full, also for the save
        before this one.
        """
        with explain_full_disk(self.folder, _num_bytes(state)):
            if meta.step in self._manager.all_steps():
                return
            # A dictionary of the fields: on disk they have names, and no class of ours is needed to read them.
            arrays = {"params": state.params, "opt_state": serialization.to_state_dict(state.opt_state)}
            if self._has_digests:
                digests = {item: array_digests(tree) for item, tree in arrays.items()}
                meta = dataclasses.replace(meta, digests=digests)
            # `force`: this class decides when to save. Three items, so that parameters can be read without the
            # optimizer's state, which may be larger, and meta without any array.
            self._manager.save(
                meta.step,
                args=ocp.args.Composite(
                    **{item: ocp.args.StandardSave(tree) for item, tree in arrays.items()},
                    meta=ocp.args.JsonSave(sealed(meta)),
                    judged=ocp.args.JsonSave(sealed({"results": list(judged)})),
                ),
                force=True,
            )

    def check(self) -> None:
        """Raises what a save in the background has raised; does not wait."""
        with explain_full_disk(self.folder):
            self._manager.check_for_errors()

    def wait(self) -> None:
        """Waits until what `save` began is on disk."""
        with explain_full_disk(self.folder):
            self._manager.wait_until_finished()

    def close(self) -> None:
        """Waits, then lets go of the folder."""
        with explain_full_disk(self.folder):
            self._manager.close()

    def meta(self, step: int) -> CheckpointMeta:
        """What the checkpoint of `step` says of itself. Raises `DamagedError` if that is not what was saved there."""
        if step not in self._manager.all_steps():
            known = ", ".join(map(str, self.steps())) or "none"
            raise CheckpointError(f"{self.folder} has no checkpoint of step {step}; it has {known}")
        path = self.folder / str(step)
        fields = self._read_json(step, "meta")
        if fields.get("format_version") not in READABLE_VERSIONS:
            raise CheckpointError(
                f"{path} has format version {fields.get('format_version')}, this program reads "
                f"{', '.join(map(str, READABLE_VERSIONS))}: use the version of flan_jax that wrote it"
            )
        with _explain_damage(path):
            meta = CheckpointMeta(**fields)
        if meta.step != step:
            raise DamagedError(f"{path} holds the checkpoint of step {meta.step}")
        return meta

    def judged(self, step: int) -> list[Any] | None:
        """What `save` was given for the run's judge; None for a checkpoint of before. Raises as `meta`."""
        if self.meta(step).format_version == 1:
            return None
        return list(self._read_json(step, "judged")["results"])

    def set_aside(self, step: int) -> pathlib.Path:
        """Moves a damaged checkpoint out of the way, where no run looks, and returns its new place."""
        to = self.folder.parent / DAMAGED_FOLDER / str(step)
        while to.exists():
            to = to.with_name(f"{to.name}_again")
        if jax.process_index() == 0:
            to.parent.mkdir(exist_ok=True)
            (self.folder / str(step)).rename(to)
        if jax.process_count() > 1:
            multihost_utils.sync_global_devices(f"set aside {step}")
        self._manager.reload()
        return to

    def restore(self, step: int, abstract: TrainState) -> TrainState:
        """The state of `step`, on the devices that `abstract` says, whatever mesh it was saved from.

        abstract: `TrainState` of `jax.ShapeDtypeStruct` with shardings. Raises `CheckpointError`, naming tensors with
        their shapes, when the checkpoint is of another model or optimizer, `DamagedError` when its arrays are not what
        was saved; nothing is changed then.
        """
        meta = self.meta(step)
        opt_target = serialization.to_state_dict(abstract.opt_state)
        items = self._restore(step, meta, {"params": abstract.params, "opt_state": opt_target})
        opt_state = serialization.from_state_dict(abstract.opt_state, items["opt_state"])
        # The step is in meta alone, and what a run freezes is in its base's weights: neither is saved twice.
        step_array = jax.device_put(jnp.asarray(meta.step, jnp.int32), abstract.step.sharding)
        return TrainState(step_array, items["params"], opt_state)

    def restore_params(self, step: int, abstract_params: Any) -> Any:
        """The parameters of `step` alone; otherwise as `restore`."""
        return self._restore(step, self.meta(step), {"params": abstract_params})["params"]

    def restore_opt_state(self, step: int, abstract_opt_state: Any) -> Any:
        """The optimizer's state of `step` alone; otherwise as `restore`."""
        target = serialization.to_state_dict(abstract_opt_state)
        items = self._restore(step, self.meta(step), {"opt_state": target})
        return serialization.from_state_dict(abstract_opt_state, items["opt_state"])

    def _read_json(self, step: int, item: str) -> dict[str, Any]:
        path = self.folder / str(step)

        def read() -> dict[str, Any]:
            found = self._manager.restore(step, args=ocp.args.Composite(**{item: ocp.args.JsonRestore()}))[item]
            return found if found.get("format_version") == 1 else unsealed(json.dumps(found))

        with _explain_damage(path, f"the files of its {item}"):
            return _on_all(read, path)

    def _restore(self, step: int, meta: CheckpointMeta, abstract: Mapping[str, Any]) -> dict[str, Any]:
        """Items of `step`, laid out as `abstract` says, whose arrays are those that were saved."""
        path = self.folder / str(step)
        self._check_shapes(step, abstract)
        args = ocp.args.Composite(**{item: ocp.args.StandardRestore(tree) for item, tree in abstract.items()})
        with _explain_damage(path):
            found = _on_all(lambda: self._manager.restore(step, args=args), path)
        for item in abstract if meta.digests is not None else ():
            expected = (meta.digests or {}).get(item, {})
            if bad := differing(expected, array_digests(found[item])):
                raise DamagedError(
                    f"{path} is damaged: {len(bad)} of {len(expected)} arrays of {item} are not what was saved "
                    f"({some_of(bad, 3)})"
                )
        return dict(found)

    def _check_shapes(self, step: int, expected: Mapping[str, Any]) -> None:
        with _explain_damage(self.folder / str(step)):
            metadata = self._manager.item_metadata(step)
            found = {item: metadata[item].tree for item in expected}
        check_same_shapes(self.folder / str(step), tensor_shapes(expected), tensor_shapes(found))


def _check_marks(folder: pathlib.Path) -> None:
    """Raises `DamagedError` for a checkpoint whose mark of being whole is damaged: Orbax's manager reads them all, and
    would not say which."""
    for path in sorted(folder.glob(f"*/{_MARK}")):
        if not path.parent.name.isdigit():
            continue  # of a save that was killed
        with _explain_damage(path.parent, f"the mark that it is whole, {_MARK},"):
            found = json.loads(path.read_bytes())
            if not isinstance(found, dict):
                raise ValueError(f"it is {found!r:.40}, no JSON object")


def _num_bytes(tree: Any) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def _on_all(read: Callable[[], _Item], path: pathlib.Path) -> _Item:
    """What `read` gives. If it fails on one process it fails on all, so that none waits for the others for ever."""
    if jax.process_count() == 1:
        return read()
    found, failure = None, None
    try:
        found = read()
    except Exception as error:
        failure = error
    have_failed = multihost_utils.process_allgather(np.asarray(failure is not None))
    if failure is not None:
        raise failure
    if have_failed.any():
        raise DamagedError(f"{path} cannot be read by process {int(np.argmax(have_failed))}, whose log says why")
    return found  # type: ignore[return-value]


@contextlib.contextmanager
def _explain_damage(path: pathlib.Path, files: str = "its files") -> Iterator[None]:
    """Tells what goes wrong in reading a checkpoint as damage to it, but for what is none: no memory, no permission."""
    try:
        yield
    except (CheckpointError, MemoryError, jax.errors.JaxRuntimeError):
        raise
    # Orbax and TensorStore tell of damage by errors of every kind, a bare `Exception` for a file that is too short.
    except Exception as error:
        first_line = str(error).strip().partition("\n")[0][:300]
        if isinstance(error, PermissionError) or "PERMISSION_DENIED" in str(error):
            raise CheckpointError(f"{path} may not be read ({first_line}): give yourself that permission") from error
        raise DamagedError(
            f"{path} cannot be read, {files} are missing or damaged ({type(error).__name__}: {first_line})"
        ) from error


def _handlers() -> ocp.handlers.CheckpointHandlerRegistry:
    # Said beforehand, since a manager that has saved nothing does not know how to read any item.
    registry = ocp.handlers.DefaultCheckpointHandlerRegistry()
    for item in ("params", "opt_state"):
        handler = ocp.StandardCheckpointHandler()
        registry.add(item, ocp.args.StandardSave, handler)
        registry.add(item, ocp.args.StandardRestore, handler)
    for item in ("meta", "judged"):
        json_handler = ocp.JsonCheckpointHandler()
        registry.add(item, ocp.args.JsonSave, json_handler)
        registry.add(item, ocp.args.JsonRestore, json_handler)
    return registry
