"""When checkpoints are written and which are kept."""

from __future__ import annotations

import dataclasses

from flan_jax.core.errors import ConfigError

__all__ = ["CheckpointConfig"]


@dataclasses.dataclass(frozen=True)
class CheckpointConfig:
    """When checkpoints are written and which are kept.

    Attributes:
      period: steps between checkpoints. One is also written at every evaluation, at the end and on SIGTERM; None
        leaves it at those.
      keep_latest: newest checkpoints kept; the newest is what a restart continues from.
      keep_best: checkpoints kept for their rank by the selection rule, whatever their age.
      export_dtype: type of the weights written to MODEL_DIR/selected: "float32" or "bfloat16" (half the size).
    """

    period: int | None = None
    keep_latest: int = 2
    keep_best: int = 1
    export_dtype: str = "float32"

    def __post_init__(self) -> None:
        remedies = {
            "period": "None leaves checkpoints to evaluations and the end",
            "keep_latest": "a run without its newest cannot be resumed",
            "keep_best": "the selected checkpoint is handed over at the end",
        }
        for name, remedy in remedies.items():
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"CheckpointConfig.{name} is {value}, the least is 1: {remedy}")
        if self.export_dtype not in ("float32", "bfloat16"):
            raise ConfigError(f"CheckpointConfig.export_dtype is {self.export_dtype!r}: use 'float32' or 'bfloat16'")
