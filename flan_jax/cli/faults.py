"""The last line that a user reads of a verb that has failed."""

from __future__ import annotations

import logging
import os
import sys
import threading
from types import TracebackType

from flan_jax.core.terminal import visible

__all__ = ["keep_logs_short", "silence", "tell"]


def keep_logs_short() -> None:
    """What libraries log or say from threads of their own loses its tracebacks: Orbax logs the same error from four of
    them before it raises it, hundreds of lines in front of ours, and TensorStore's go on after it."""
    logging.getLogger("absl").addFilter(_without_traceback)
    in_main = sys.excepthook

    def in_any(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        # C++ calls it for threads of its own.
        if threading.current_thread() is threading.main_thread():
            in_main(kind, error, trace)
        else:
            _say_of_thread(kind, error)

    sys.excepthook = in_any
    threading.excepthook = lambda told: _say_of_thread(told.exc_type, told.exc_value)


def _say_of_thread(kind: type[BaseException], error: BaseException | None) -> None:
    print(f"{kind.__name__} in a thread of a library: {' '.join(str(error).split())}"[:500], file=sys.stderr)


def _without_traceback(record: logging.LogRecord) -> bool:
    record.exc_info = record.exc_text = record.stack_info = None
    return True


def silence() -> None:
    """Nothing more reaches the terminal: after its last line has been said, threads of libraries that end with the
    program would go on with words of their own."""
    sys.stdout.flush()
    sys.stderr.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def tell(verb: str, line: str) -> None:
    """Prints the line of an error.

    Args:
      verb: that has failed.
      line: from `explained`.
    """
    sys.stdout.flush()
    print(visible(f"flan-jax {verb}: {line}"), file=sys.stderr, flush=True)
