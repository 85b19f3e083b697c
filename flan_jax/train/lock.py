"""One training run at a time in one folder: of two, each would delete what the other has half saved."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from flan_jax.core.disk import explain_full_disk
from flan_jax.core.errors import CheckpointError, Setting
from flan_jax.core.faults import explained
from flan_jax.core.lock import take_lock
from flan_jax.train.run import Run, on_process_0

__all__ = ["sole_run"]


@contextlib.contextmanager
def sole_run(run: Run) -> Iterator[None]:
    """Makes the run's folder if it is missing, and keeps other runs out of it until this one ends; the system lets the
    lock go when the process dies. A file system without locks keeps nobody out.

    Raises `CheckpointError` for a folder that another run writes to, and for one that cannot be made.
    """
    descriptors: list[int] = []
    on_process_0(lambda: descriptors.append(_lock(run)), "the run's folder could not be taken")
    try:
        yield
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _lock(run: Run) -> int:
    with explain_full_disk(run.model_dir):
        try:
            return take_lock(run.model_dir, "MODEL_DIR")
        except OSError as error:
            raise CheckpointError(
                Setting("MODEL_DIR"), f" {str(run.model_dir)!r} cannot be written to: {explained(error)}"
            ) from error
