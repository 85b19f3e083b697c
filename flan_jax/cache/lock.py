"""One cache run at a time in one folder, and what a run may do in a folder that it cannot write to."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pathlib
from collections.abc import Iterator

from flan_jax.core.errors import CacheError

LOCK_FILE = ".lock"

__all__ = ["LOCK_FILE", "locked"]


@contextlib.contextmanager
def locked(root: pathlib.Path) -> Iterator[OSError | None]:
    """Waits for other cache runs in `root`, and keeps them out meanwhile; the system lets the lock go when the process
    dies. Gives None, or, for a folder that can be read only, why it cannot be written.

    Raises `CacheError` for a folder that is not there and cannot be made.
    """
    refusal: OSError | None = None
    try:
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o666)
        if not os.access(root, os.W_OK | os.X_OK, effective_ids=True):
            refusal = PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(root))
    except OSError as error:
        if not os.path.isdir(root):
            raise CacheError(f"cannot write to the cache folder {root} ({error}): give another CACHE_DIR") from error
        refusal = error
        try:
            # A lock that may be read is enough to wait for whoever may write.
            descriptor = os.open(root / LOCK_FILE, os.O_RDONLY)
        except OSError:
            yield refusal
            return
    try:
        kind = fcntl.LOCK_EX if refusal is None else fcntl.LOCK_SH
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another cache run is writing to {root}: waiting for it", flush=True)
            fcntl.flock(descriptor, kind)
        yield refusal
    finally:
        os.close(descriptor)
