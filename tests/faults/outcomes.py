"""How one trial ended, in a word."""

from __future__ import annotations

import dataclasses
import pathlib
import re
from collections.abc import Sequence

from faults.commands import Ended

GOOD = ("same result", "recovered and said", "one line")
BAD = ("silent", "unclear", "traceback", "lost", "litter", "hang")
_TRACEBACK = "Traceback (most recent call last)"
_CRASHES = re.compile(r"^(Fatal Python error|\*\*\* Check failure|F\d{4} )", re.MULTILINE)
_NOISE = re.compile(r"  In call to configurable |[EWI]\d{4} |WARNING:|ERROR:")  # gin's, absl's, other loggers'
_MESSAGE = re.compile(r"(flan-jax [\w -]+: )?\w*Error: ")

__all__ = ["BAD", "GOOD", "Trial", "message_of", "names_any", "of_failure", "said", "ways_to_name"]


@dataclasses.dataclass(frozen=True)
class Trial:
    """A trial's record.

    Attributes:
      id: what `--only` takes: the same fault at the same place.
      fault: what was done to what, "killed: save".
      outcome: one of `GOOD` or `BAD`, or "not landed" where the fault did not come about.
      detail: what was seen, for a reader who looks for the cause.
      target: file or setting.
      landed: the call at which it happened.
    """

    id: str
    fault: str
    outcome: str
    detail: str = ""
    target: str = ""
    landed: str = ""


def of_failure(ended: Ended, names: Sequence[str]) -> str:
    """The outcome of a command that ended with an error of its own: "one line", or what is wrong with it.

    Args:
      ended: how it ended, by exit status or signal.
      names: any of these makes the message clear: the paths or the setting that are meant.
    """
    if ended.is_hung:
        return "hang"
    if ended.status < 0 or _TRACEBACK in ended.err or _TRACEBACK in ended.out or _CRASHES.search(ended.err):
        return "traceback"
    return "one line" if names_any(message_of(ended.err), names) else "unclear"


def message_of(err: str) -> str:
    """The line that standard error ends with; the first one of a message that ends in a list, such as of tensors. ""
    where something else comes after it."""
    lines = [line for line in err.splitlines() if line.strip()]
    listed = 0
    while lines and lines[-1].startswith("  ") and not _NOISE.match(lines[-1]):
        lines.pop()
        listed += 1
    if not lines or _NOISE.match(lines[-1]) or (listed and not _MESSAGE.match(lines[-1])):
        return ""
    return lines[-1]


def names_any(line: str, names: Sequence[str]) -> bool:
    """Whether a line says one of `names`."""
    return any(name and name in line for name in names)


def said(ended: Ended, names: Sequence[str], usual: Ended) -> bool:
    """Whether a line names one of `names` that the undisturbed command did not print.

    Args:
      ended: the command that was disturbed.
      names: paths or their last parts.
      usual: the same command undisturbed.
    """
    known = set(usual.out.splitlines()) | set(usual.err.splitlines())
    lines = [line for line in (*ended.out.splitlines(), *ended.err.splitlines()) if line not in known]
    return any(names_any(line, names) for line in lines)


def ways_to_name(folder: pathlib.Path, below: str) -> tuple[str, ...]:
    """How a message may name a path of a trial: by its name, or by a folder that it lies in, the trial's own left out.

    Args:
      folder: the trial's folder.
      below: the path below it.
    """
    path = pathlib.PurePath(below)
    if partial := re.fullmatch(r"\.(.+)\.\d+\.partial", path.name):
        path = path.with_name(partial[1])  # what it was to be
    within = [pathlib.PurePath(below), path, *path.parents][:-1]
    relative = [str(one) for one in within if len(one.parts) > 1]
    return (*(str(folder / one) for one in within), *relative, path.name)
