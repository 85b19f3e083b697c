"""The last line that a user reads of a verb that has failed."""

from __future__ import annotations

import logging
import os
import sys
import threading

from flan_jax.core.terminal import visible

__all__ = ["keep_logs_short", "open_what_is_closed", "silence", "tell"]


def open_what_is_closed() -> None:
    """Standard input, output and error that the program was started without (`>&-`) hold nothing and keep nothing:
    Python has None in their place, which no library expects."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))


def keep_logs_short() -> None:
    """What libraries log or say from threads of their own loses its tracebacks: Orbax logs the same error from four of
    them before it raises it, hundreds of lines in front of ours, and TensorStore's go on after it."""
    logging.getLogger("absl").addFilter(_without_traceback)
    # The first is for threads of Python's, the second for those of C++ and for what is raised in a destructor.
    threading.excepthook = _say_of_thread
    sys.unraisablehook = _say_of_thread


def _say_of_thread(told: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
    words = " ".join(str(told.exc_value).split())
    print(f"{told.exc_type.__name__} in a thread of a library: {words}"[:500], file=sys.stderr)


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
