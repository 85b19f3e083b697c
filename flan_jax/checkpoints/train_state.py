"""What a run changes step by step, and what its checkpoints hold."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["TrainState"]


class TrainState(NamedTuple):
    """What a step changes: `step`, int32 scalar, steps done so far; the trained parameters; the optimizer's state. And
    `frozen`, parameters that no step changes, None for none (`flan_jax.models.tuning`).

    Also the tree of what belongs to these arrays, such as their shardings or shapes.
    """

    step: Any
    params: Any
    opt_state: Any
    frozen: Any = None
