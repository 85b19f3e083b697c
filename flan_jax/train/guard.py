"""What ends a run before its last step: numbers that are not finite, and SIGTERM, after which everything is saved.

The numbers are watched one step behind the devices, so that these never wait for it.
"""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import Any

import jax
from jax.experimental import multihost_utils

from flan_jax.core.errors import TrainingError
from flan_jax.train.step import Metrics

ExampleIds = Sequence[tuple[int, str, int]]
WATCHED = ("loss", "grad_norm", "param_norm")
_MAX_LISTED = 24

__all__ = ["FiniteGuard", "StopSignal", "Stopped"]


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
        # device_get starts all copies before it waits for the first: one round trip, not one a metric.
        values = {name: float(value) for name, value in jax.device_get(metrics).items()}
        bad = [f"{name} {values[name]}" for name in WATCHED if not math.isfinite(values[name])]
        rate = values.get("learning_rate", 0.0)
        if not (math.isfinite(rate) and rate >= 0):
            saved = self._last_saved()
            kept = "no checkpoint had been saved" if saved is None else f"the checkpoint of step {saved} is untouched"
            raise TrainingError(
                f"the learning rate of step {step} is {rate:g}, and must be a number of at least 0: mend the "
                f"schedule that LEARNING_RATE names; {kept}"
            )
        if bad:
            raise TrainingError(self._message(step, bad))
        return step, values

    def _message(self, step: int, bad: Sequence[str]) -> str:
        # Steps are counted from 1 where people read them, batches from 0.
        ids = self._example_ids(step - 1)
        shown = ", ".join(f"{task}[{index}] (row {row})" for row, task, index in ids[:_MAX_LISTED])
        more = f" and {len(ids) - _MAX_LISTED} more" if len(ids) > _MAX_LISTED else ""
        saved = self._last_saved()
        kept = "No checkpoint had been saved." if saved is None else f"The checkpoint of step {saved} is untouched."
        return (
            f"step {step} is not finite ({', '.join(bad)}). {kept} Its examples: {shown}{more}. Look at them with "
            f"`flan-jax tasks render`; a lower LEARNING_RATE, or float32 for DTYPE, is the usual remedy"
        )


class Stopped(Exception):
    """Raised inside an evaluation that is given up because the run was asked to stop."""


class StopSignal:
    """Whether SIGTERM has arrived. Use as a context manager in the main thread.

    With several processes one of them may get the signal before the others. JAX's coordination service then names
    the step at which all stop together; without it one process would wait for the others' arrays for ever.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._is_single = jax.process_count() == 1
        self._previous: Any = None
        self._is_installed = False

    def __enter__(self) -> StopSignal:
        # With several processes the coordination service has taken the signal for itself.
        # Python lets the main thread alone set handlers: a run in another thread cannot be asked to stop.
        if self._is_single and threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGTERM, self._handle)
            self._is_installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_installed:
            signal.signal(signal.SIGTERM, self._previous)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        # No more than this: the signal may come in the middle of a save or of a dispatch.
        self._is_set = True

    def is_due(self, step: int) -> bool:
        """Whether the run is to stop after `step`. All processes ask after every step."""
        if self._is_single:
            return self._is_set
        return multihost_utils.reached_preemption_sync_point(step)

    def raise_if_set(self) -> None:
        """Raises `Stopped` if this run's only process was asked to stop; several processes go on to the next step."""
        # Of several processes, one that left alone would leave the others waiting in the evaluation's next collective.
        if self._is_single and self._is_set:
            raise Stopped
