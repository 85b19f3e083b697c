"""Errors a user can act on: each message gives the value, the limit and the remedy.

The command line prints these without a traceback and exits with status 2; anything else is a bug and
keeps its traceback.

A setting has a name at each door: `TRAIN_STEPS` in gin is `steps` in Python. Where a message names one that both doors
have, it says so by `Setting`, and the Python door tells the same error by its own argument:

    raise CheckpointError(f"{path} is past ", Setting("TRAIN_STEPS"), f" {steps}: raise it to at least {step}")
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Self

__all__ = [
    "CacheError",
    "CheckpointError",
    "ConfigError",
    "FlanError",
    "MissingDataError",
    "Setting",
    "TaskError",
    "TrainingError",
    "counted",
    "did_you_mean",
    "some_of",
]


class Setting(str):
    """A setting's name inside an error's message, as gin or the command line has it."""


class FlanError(Exception):
    """Base of every error that is the input's fault rather than the program's.

    Args:
      parts: the message in pieces, those that are a `Setting` among them.
    """

    def __init__(self, *parts: str):
        super().__init__(*parts)

    def __str__(self) -> str:
        return "".join(map(str, self.args))

    def renamed(self, names: Mapping[str, str]) -> Self:
        """The same error with other names for settings.

        Args:
          names: a setting's name -> what to call it; one that is not there keeps its own.
        """
        return type(self)(*(names.get(part, part) if isinstance(part, Setting) else part for part in self.args))


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


class StudyError(FlanError):
    """A study of which runs failed."""


def did_you_mean(name: str, known: Iterable[str], limit: int = 3) -> str:
    """`"; did you mean A, B?"` for the nearest of `known`, or an empty string."""
    known = list(known)
    nearest = difflib.get_close_matches(name, known, n=limit, cutoff=0.6)
    if not nearest:
        folded = {item.lower(): item for item in known}
        nearest = [folded[m] for m in difflib.get_close_matches(name.lower(), folded, n=limit, cutoff=0.6)]
    return f"; did you mean {', '.join(nearest)}?" if nearest else ""


def some_of(names: Iterable[str], limit: int = 8) -> str:
    """The first names, `"A, B, … (57 in all)"` where there are more, `"none"` where there are none.

    Args:
      names: what there is, in order.
      limit: most names to give.
    """
    names = list(names)
    shown = ", ".join(names[:limit]) or "none"
    return f"{shown}, … ({len(names):,} in all)" if len(names) > limit else shown


def counted(number: int, noun: str, plural: str = "") -> str:
    """The number with commas and its noun.

    Args:
      number: how many.
      noun: of one of them.
      plural: of several; `noun` with an s by default.
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
