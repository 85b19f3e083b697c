"""What a checkpoint is: when one is written and kept, the arrays it holds, what it says of itself, and whether it is of
the model that it is wanted for.
"""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, Self

from flax.traverse_util import flatten_dict

from flan_jax.core.errors import CheckpointError, ConfigError, Setting
from flan_jax.core.settings import Count, settle

FOLDER = "checkpoints"
FORMAT_VERSION = 2
# 1 had no digests and no seal: such a checkpoint is read, unchecked.
READABLE_VERSIONS = (1, 2)
_MAX_LISTED = 12
_OPTIMIZER = "opt_state"  # the item of a checkpoint

__all__ = [
    "FOLDER",
    "FORMAT_VERSION",
    "READABLE_VERSIONS",
    "CheckpointConfig",
    "CheckpointMeta",
    "DamagedError",
    "TrainState",
    "check_model_dir",
    "check_same_shapes",
    "tensor_shapes",
]


@dataclasses.dataclass(frozen=True)
class CheckpointConfig:
    """When checkpoints are written and which are kept.

    Attributes:
      period: steps between checkpoints. One is also written at every evaluation, at the end and on SIGTERM; None
        leaves it at those.
      keep_latest: newest checkpoints kept; the newest is what a restart continues from.
      keep_best: checkpoints kept for their rank by the selection rule, whatever their age.
      export_dtype: type of the weights written to MODEL_DIR/selected: "float32" or "bfloat16" (half the size).
      has_digests: whether a checkpoint has a digest of each of its arrays, by which a loader sees any damage: one pass
        over them on the devices at a save and at a load. One that was saved without is loaded unchecked.
    """

    period: Annotated[Count, "which leaves checkpoints to evaluations and the end"] | None = None
    # Two: should the newest turn out damaged, the run continues from the one before it.
    keep_latest: Annotated[Count, "as a run without its newest cannot be resumed"] = 2
    keep_best: Annotated[Count, "as the selected checkpoint is handed over at the end"] = 1
    export_dtype: Literal["float32", "bfloat16"] = "float32"
    has_digests: bool = True

    def __post_init__(self) -> None:
        settle(self)


class TrainState(NamedTuple):
    """What a step changes: `step`, int32 scalar, steps done so far; the trained parameters; the optimizer's state. And
    `frozen`, parameters that no step changes, None for none (`flan_jax.models.tuning`).

    Also the tree of what belongs to these arrays, such as their shardings or shapes.
    """

    step: Any
    params: Any
    opt_state: Any
    frozen: Any = None


@dataclasses.dataclass(frozen=True)
class CheckpointMeta:
    """What a checkpoint says of itself.

    Attributes:
      step: optimizer steps done; with the plan this is the data position: the next batch is number `step`.
      model: the model's configuration as JSON values.
      vocab_fingerprint: of the tokenizer its data was made with.
      plan: fingerprint of the order and content of the training data.
      tuning: `TuningConfig.summary()` of a run that trained a part, which is all that `params` holds then.
      base: where the rest is: the INITIAL_CHECKPOINT_PATH that such a run began from.
      base_sha256: of what those weights are, as `WeightsSource.sha256` has it; None where that is not known.
      digests: item ("params", "opt_state") -> name -> digest of the array (`array_digests`); None for unchecked.
    """

    step: int
    model: Mapping[str, Any]
    vocab_fingerprint: str
    plan: str
    format_version: int = FORMAT_VERSION
    tuning: Mapping[str, Any] | None = None
    base: str | None = None
    base_sha256: str | None = None
    digests: Mapping[str, Mapping[str, str]] | None = None

    def __post_init__(self) -> None:
        # As JSON gives it back, so that what was written equals what is read.
        object.__setattr__(self, "model", json.loads(json.dumps(dict(self.model))))


class DamagedError(CheckpointError):
    """A checkpoint whose files are missing, cannot be read, or do not hold what was saved.

    Args:
      reason: what was found, with the checkpoint's path.
      remedy: what to do, where whoever reads it does not go on from another by itself.
    """

    def __init__(
        self, reason: str, remedy: str = "delete that folder, and the run continues from the checkpoint before it"
    ):
        super().__init__(reason, ": ", remedy)
        self.reason = reason

    def renamed(self, names: Mapping[str, str]) -> Self:
        """Itself: it names paths alone."""
        return self


def check_model_dir(path: str | pathlib.Path) -> None:
    """Raises `ConfigError` for a MODEL_DIR whose checkpoints could be written and never read: to TensorStore a
    pair of brackets and a backslash are patterns, and a part that ends in a colon is a scheme."""
    if not str(path).isprintable():
        raise ConfigError(
            Setting("MODEL_DIR"), f" {str(path)!r} has a character that cannot be printed: use a folder without"
        )
    for part in pathlib.Path(path).absolute().parts:
        wrong = next((mark for mark in "[]\\" if mark in part), ":" if part.endswith(":") else None)
        if wrong is not None:
            raise ConfigError(
                Setting("MODEL_DIR"),
                f" {str(path)!r} has {wrong!r} in {part!r}, so that no checkpoint in it could be read again: use a "
                f"folder without '[', ']', backslash and ':' at a part's end",
            )


def tensor_shapes(tree: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Flat name -> shape of a nested dict of anything that has a shape."""
    flat = flatten_dict(tree, sep="/")
    return {name: tuple(leaf.shape) for name, leaf in flat.items() if hasattr(leaf, "shape")}


def check_same_shapes(
    path: str | pathlib.Path, expected: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]
) -> None:
    """Raises `CheckpointError` listing the tensors of the checkpoint at `path` that differ from this run's model."""
    lines = []
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            sides = [str(list(side[name])) if name in side else "absent" for side in (expected, found)]
            lines.append(f"  {name}: this run {sides[0]}, the checkpoint {sides[1]}")
    if lines:
        more = f"\n  … and {len(lines) - _MAX_LISTED} more" if len(lines) > _MAX_LISTED else ""
        # A run's checkpoint has both; where the parameters agree, it is the optimizer that is another.
        is_optimizer = all(line.startswith(f"  {_OPTIMIZER}/") for line in lines)
        whose, remedy = (
            ("optimizer", "Go on with the optimizer that it began")
            if is_optimizer
            else ("model", "Give the model the sizes it was trained")
        )
        raise CheckpointError(
            f"{path} is a checkpoint of another {whose}: {len(lines)} of {len(expected.keys() | found.keys())} tensors "
            f"differ. {remedy} with, or use another ",
            Setting("MODEL_DIR"),
            " or ",
            Setting("INITIAL_CHECKPOINT_PATH"),
            "; nothing was changed.\n" + "\n".join(lines[:_MAX_LISTED]) + more,
        )
