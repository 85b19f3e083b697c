"""What is said when a disk is full while a run writes."""

from __future__ import annotations

import contextlib
import pathlib
import shutil
from collections.abc import Iterator

from flan_jax.core.errors import CheckpointError, Setting

__all__ = ["explain_full_disk"]


@contextlib.contextmanager
def explain_full_disk(path: pathlib.Path, num_bytes: int | None = None) -> Iterator[None]:
    """Turns a "no space left" failure, however deep, into a `CheckpointError` that says what to do."""
    try:
        yield
    except CheckpointError:
        raise
    except Exception as error:
        if not _is_full_disk(error):
            raise
        needed = f" of about {_mebibytes(num_bytes)}" if num_bytes else ""
        raise CheckpointError(
            f"disk full: a write{needed} below {path} failed with "
            f"{_mebibytes(shutil.disk_usage(_existing(path)).free)} free. Free some space, keep fewer "
            f"(CheckpointConfig.keep_latest, keep_best), or move ",
            Setting("MODEL_DIR"),
            " to a larger disk, then start the same again: it continues from the last whole checkpoint, which is "
            "untouched",
        ) from error


def _is_full_disk(error: BaseException | None) -> bool:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        # TensorStore reports the operating system's error as text.
        if (
            getattr(error, "errno", None) in (28, 122)
            or "No space left" in str(error)
            or "quota exceeded" in str(error)
        ):
            return True
        error = error.__cause__ or error.__context__
    return False


def _existing(path: pathlib.Path) -> pathlib.Path:
    return next(p for p in (path, *path.parents) if p.exists())


def _mebibytes(num_bytes: int) -> str:
    return f"{num_bytes / 2**20:,.1f} MiB"
