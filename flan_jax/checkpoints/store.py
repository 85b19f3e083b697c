"""Checkpoints of a run: parameters, optimizer state, step and data position, written in the background by Orbax.

    MODEL_DIR/checkpoints/<step>/params      parameters, one tensor a name
                                 opt_state   the optimizer's state
                                 meta        `CheckpointMeta` as JSON

A step's folder appears by one rename when it is whole. The newest steps are kept, for a restart, and the best by the
selection rule, to be handed over: Orbax's own `best_fn` with `max_to_keep` would throw the newest away whenever the
score falls.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import orbax.checkpoint as ocp
from flax import serialization
from orbax.checkpoint.checkpoint_managers import AnyPreservationPolicy, LatestN

from flan_jax.checkpoints.checkpoint import (
    FOLDER,
    FORMAT_VERSION,
    CheckpointConfig,
    CheckpointMeta,
    TrainState,
    check_same_shapes,
    tensor_shapes,
)
from flan_jax.core.disk import explain_full_disk
from flan_jax.core.errors import CheckpointError

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
        with explain_full_disk(self.folder):
            self._manager = ocp.CheckpointManager(self.folder, options=options, handler_registry=_handlers())

    def steps(self) -> list[int]:
        """Steps with a whole checkpoint, ascending."""
        return sorted(self._manager.all_steps())

    def latest_step(self) -> int | None:
        """The newest step, or None."""
        step: int | None = self._manager.latest_step()
        return step

    def save(self, state: TrainState, meta: CheckpointMeta) -> None:
        """Copies `state` off the devices and writes it in the background; waits for an earlier save first.

        A step that is there already is left alone. Raises `CheckpointError` when the disk is full, also for the save
        before this one.
        """
        with explain_full_disk(self.folder, _num_bytes(state)):
            if meta.step in self._manager.all_steps():
                return
            # `force`: this class decides when to save. Three items, so that parameters can be read without the
            # optimizer's state, which may be larger, and meta without any array.
            self._manager.save(
                meta.step,
                args=ocp.args.Composite(
                    params=ocp.args.StandardSave(state.params),
                    # A dictionary of the fields: on disk they have names, and no class of ours is needed to read them.
                    opt_state=ocp.args.StandardSave(serialization.to_state_dict(state.opt_state)),
                    meta=ocp.args.JsonSave(dataclasses.asdict(meta)),
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
        """What the checkpoint of `step` says of itself."""
        if step not in self._manager.all_steps():
            known = ", ".join(map(str, self.steps())) or "none"
            raise CheckpointError(f"{self.folder} has no checkpoint of step {step}; it has {known}")
        with _explain_damage(self.folder / str(step)):
            fields = self._manager.restore(step, args=ocp.args.Composite(meta=ocp.args.JsonRestore()))["meta"]
        if fields.get("format_version") != FORMAT_VERSION:
            raise CheckpointError(
                f"{self.folder / str(step)} has format version {fields.get('format_version')}, this program reads "
                f"{FORMAT_VERSION}: use the version of flan_jax that wrote it"
            )
        return CheckpointMeta(**fields)

    def restore(self, step: int, abstract: TrainState) -> TrainState:
        """The state of `step`, on the devices that `abstract` says, whatever mesh it was saved from.

        abstract: `TrainState` of `jax.ShapeDtypeStruct` with shardings. Raises `CheckpointError`, naming tensors with
        their shapes, when the checkpoint is of another model or optimizer; nothing is changed then.
        """
        meta = self.meta(step)
        opt_target = serialization.to_state_dict(abstract.opt_state)
        self._check_shapes(step, {"params": abstract.params, "opt_state": opt_target})
        with _explain_damage(self.folder / str(step)):
            items = self._manager.restore(
                step,
                args=ocp.args.Composite(
                    params=ocp.args.StandardRestore(abstract.params), opt_state=ocp.args.StandardRestore(opt_target)
                ),
            )
        opt_state = serialization.from_state_dict(abstract.opt_state, items["opt_state"])
        # The step is in meta alone, and what a run freezes is in its base's weights: neither is saved twice.
        step_array = jax.device_put(jnp.asarray(meta.step, jnp.int32), abstract.step.sharding)
        return TrainState(step_array, items["params"], opt_state)

    def restore_params(self, step: int, abstract_params: Any) -> Any:
        """The parameters of `step` alone; otherwise as `restore`."""
        self.meta(step)
        self._check_shapes(step, {"params": abstract_params})
        with _explain_damage(self.folder / str(step)):
            args = ocp.args.Composite(params=ocp.args.StandardRestore(abstract_params))
            return self._manager.restore(step, args=args)["params"]

    def restore_opt_state(self, step: int, abstract_opt_state: Any) -> Any:
        """The optimizer's state of `step` alone; otherwise as `restore`."""
        self.meta(step)
        target = serialization.to_state_dict(abstract_opt_state)
        self._check_shapes(step, {"opt_state": target})
        with _explain_damage(self.folder / str(step)):
            args = ocp.args.Composite(opt_state=ocp.args.StandardRestore(target))
            items = self._manager.restore(step, args=args)
        return serialization.from_state_dict(abstract_opt_state, items["opt_state"])

    def _check_shapes(self, step: int, expected: Mapping[str, Any]) -> None:
        with _explain_damage(self.folder / str(step)):
            metadata = self._manager.item_metadata(step)
            found = {item: metadata[item].tree for item in expected}
        check_same_shapes(self.folder / str(step), tensor_shapes(expected), tensor_shapes(found))


def _num_bytes(tree: Any) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


@contextlib.contextmanager
def _explain_damage(path: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except CheckpointError:
        raise
    except (OSError, ValueError, KeyError) as error:
        first_line = str(error).partition("\n")[0][:300]
        raise CheckpointError(
            f"{path} cannot be read ({type(error).__name__}: {first_line}): if files are missing or damaged, delete "
            f"that folder, and the run continues from the checkpoint before it"
        ) from error


def _handlers() -> ocp.handlers.CheckpointHandlerRegistry:
    # Said beforehand, since a manager that has saved nothing does not know how to read any item.
    registry = ocp.handlers.DefaultCheckpointHandlerRegistry()
    for item in ("params", "opt_state"):
        handler = ocp.StandardCheckpointHandler()
        registry.add(item, ocp.args.StandardSave, handler)
        registry.add(item, ocp.args.StandardRestore, handler)
    json_handler = ocp.JsonCheckpointHandler()
    registry.add("meta", ocp.args.JsonSave, json_handler)
    registry.add("meta", ocp.args.JsonRestore, json_handler)
    return registry
