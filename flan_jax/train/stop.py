"""Stopping when asked: SIGTERM ends a run after its current step, with everything saved."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

import jax
from jax.experimental import multihost_utils

__all__ = ["StopSignal", "Stopped"]


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
        self._is_set = True

    def is_due(self, step: int) -> bool:
        """Whether the run is to stop after `step`. All processes ask after every step."""
        if self._is_single:
            return self._is_set
        return multihost_utils.reached_preemption_sync_point(step)

    def raise_if_set(self) -> None:
        """Raises `Stopped` if this run's only process was asked to stop; several processes go on to the next step."""
        if self._is_single and self._is_set:
            raise Stopped
