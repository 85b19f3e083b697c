"""How the cache's worker processes start: without running the program that asked for them a second time."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator
from multiprocessing.context import SpawnContext, SpawnProcess

__all__ = ["WorkerContext", "WorkerProcess"]


class WorkerProcess(SpawnProcess):
    """A new interpreter that imports what it is asked to run, and not the program's main file.

    Python's own would run that file first, under another name. Without an `if __name__ == "__main__":` in it the whole
    program began again in the worker, and waited there for the lock that its first self holds. Nothing that a worker
    needs is in the main file: tasks that are registered there are cached in its own process.
    """

    def start(self) -> None:
        """Starts the process."""
        with _without_main_file():
            super().start()


class WorkerContext(SpawnContext):
    """`multiprocessing`'s context "spawn" with these processes. Not "fork": a copy of a process with threads (JAX,
    TensorFlow) may hang."""

    Process = WorkerProcess


@contextlib.contextmanager
def _without_main_file() -> Iterator[None]:
    # `multiprocessing` tells a new process the file of this module, if it has one.
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
