"""Signals between system calls: before the n-th call of a Python function, whichever process of the trial makes it."""

from __future__ import annotations

import dataclasses
import importlib
import os
import pathlib
import signal
from collections.abc import Mapping, MutableMapping
from typing import Any

LANDED = "FAULTS_CALL_LANDED"  # the file in which a kill says that it came about

__all__ = ["LANDED", "Call"]


@dataclasses.dataclass(frozen=True)
class Call:
    """Before the `number`-th call (from 1) of `name` in `module`, all of the trial's processes get a signal.

    name: of a function, or of a method with its class, `FiniteGuard.push`.
    """

    module: str
    name: str
    number: int
    signal_name: str = "SIGKILL"

    def __str__(self) -> str:
        return f"{self.module}:{self.name}#{self.number}!{self.signal_name}"

    @classmethod
    def parse(cls, text: str) -> Call:
        """The inverse of `str`."""
        where, _, number = text.partition("#")
        module, _, name = where.partition(":")
        number, _, signal_name = number.partition("!")
        return cls(module, name, int(number), signal_name)

    def environment(self, landed: pathlib.Path) -> Mapping[str, str]:
        """What a trial's processes find it by."""
        return {"FAULTS_CALL": str(self), LANDED: str(landed)}

    def arm(self, names: MutableMapping[str, Any] | None = None) -> None:
        """Wraps the function, in its module or in `names`, a module's that is being imported."""
        owner = importlib.import_module(self.module) if names is None else None
        *inside, last = self.name.split(".")
        for part in inside:
            owner = getattr(owner, part)
        original = names[last] if names is not None else getattr(owner, last)
        made = 0

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal made
            made += 1
            if made == self.number:
                pathlib.Path(os.environ[LANDED]).write_text(str(self))
                os.killpg(os.getpgrp(), getattr(signal, self.signal_name))
            return original(*args, **kwargs)

        if names is not None:
            names[last] = wrapped
        else:
            setattr(owner, last, wrapped)
