"""Watches that training stays finite, one step behind the devices so that they never wait for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import jax

from flan_jax.core.errors import TrainingError
from flan_jax.train.step import Metrics

ExampleIds = Sequence[tuple[int, str, int]]
WATCHED = ("loss", "grad_norm", "param_norm")
_MAX_LISTED = 24

__all__ = ["FiniteGuard"]


class FiniteGuard:
    """Takes each step's metrics as device arrays, gives back those of the step before as floats.

    A finite loss with a gradient that is not leaves broken parameters behind, so the loss, the gradient's norm and
    the norm of the new parameters are all watched. Call `flush` before anything is saved.

    Args:
      example_ids: step (0-based batch number) -> (row, task, index) of its examples.
      last_saved: names the newest whole checkpoint's step, or None.
    """

    def __init__(self, example_ids: Callable[[int], ExampleIds], last_saved: Callable[[], int | None]):
        self._example_ids = example_ids
        self._last_saved = last_saved
        self._pending: tuple[int, Metrics] | None = None

    def push(self, step: int, metrics: Metrics) -> tuple[int, dict[str, float]] | None:
        """Hands in the metrics of `step` (1-based, just dispatched); returns (step, values) of the one before."""
        before, self._pending = self._pending, (step, metrics)
        return None if before is None else self._checked(*before)

    def flush(self) -> tuple[int, dict[str, float]] | None:
        """Waits for the step last handed in and returns its (step, values), or None if it was returned before."""
        before, self._pending = self._pending, None
        return None if before is None else self._checked(*before)

    def _checked(self, step: int, metrics: Metrics) -> tuple[int, dict[str, float]]:
        values = {name: float(value) for name, value in jax.device_get(metrics).items()}
        bad = [f"{name} {values[name]}" for name in WATCHED if not math.isfinite(values[name])]
        if bad:
            raise TrainingError(self._message(step, bad))
        return step, values

    def _message(self, step: int, bad: Sequence[str]) -> str:
        ids = self._example_ids(step - 1)
        shown = ", ".join(f"{task}[{index}] (row {row})" for row, task, index in ids[:_MAX_LISTED])
        more = f" and {len(ids) - _MAX_LISTED} more" if len(ids) > _MAX_LISTED else ""
        saved = self._last_saved()
        kept = "No checkpoint had been saved." if saved is None else f"The checkpoint of step {saved} is untouched."
        return (
            f"step {step} is not finite ({', '.join(bad)}). {kept} Its examples: {shown}{more}. Look at them with "
            f"`flan-jax tasks render`; a lower LEARNING_RATE, or float32 for DTYPE, is the usual remedy"
        )
