"""One program at a time that writes to a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
from collections.abc import Iterator

from flan_jax.core.errors import CheckpointError, Setting

LOCK_FILE = ".lock"

__all__ = ["LOCK_FILE", "sole_writer", "take_lock"]


@contextlib.contextmanager
def sole_writer(folder: pathlib.Path, setting: str) -> Iterator[None]:
    """Makes a folder if it is missing, and keeps other programs that ask for it out of it meanwhile.

    Args:
      folder: where is written.
      setting: that names another.

    Raises `CheckpointError` where another program writes there.
    """
    descriptor = take_lock(folder, setting)
    try:
        yield
    finally:
        os.close(descriptor)


def take_lock(folder: pathlib.Path, setting: str) -> int:
    """As `sole_writer`, until the descriptor that it returns is closed or the process dies. A file system without locks
    keeps nobody out."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise CheckpointError(
            f"another program is writing to {folder}: wait for it or stop it, or give another ", Setting(setting)
        ) from error
    except OSError:  # of a file system without locks
        pass
    return descriptor
