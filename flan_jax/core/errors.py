"""Errors a user can act on: each message gives the value, the limit and the remedy.

The command line prints these without a traceback and exits with status 2; anything else is a bug and
keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "CacheError",
    "CheckpointError",
    "ConfigError",
    "FlanError",
    "MissingDataError",
    "TaskError",
    "TrainingError",
    "did_you_mean",
]


class FlanError(Exception):
    """Base of every error that is the input's fault rather than the program's."""


class ConfigError(FlanError):
    """A gin file, binding or flag that cannot be used."""


class TaskError(FlanError):
    """A task, template or mixture that cannot be registered or read."""


class MissingDataError(TaskError):
    """A data set that is not on this machine: what to download, from where, to where."""


class CacheError(FlanError):
    """A token cache that is missing, stale, corrupt or of another tokenizer."""


class CheckpointError(FlanError):
    """A checkpoint that is missing, incomplete or of another model."""


class TrainingError(FlanError):
    """Training that cannot go on, such as a loss that is not finite."""


def did_you_mean(name: str, known: Iterable[str], limit: int = 3) -> str:
    """`"; did you mean A, B?"` for the nearest of `known`, or an empty string."""
    known = list(known)
    nearest = difflib.get_close_matches(name, known, n=limit, cutoff=0.6)
    if not nearest:
        folded = {item.lower(): item for item in known}
        nearest = [folded[m] for m in difflib.get_close_matches(name.lower(), folded, n=limit, cutoff=0.6)]
    return f"; did you mean {', '.join(nearest)}?" if nearest else ""
