"""System calls that fail: every kind that a command makes, with every error that it may meet."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator

from faults.bench import Bench, Case
from faults.shim import Order
from faults.stages import Stages, area_of, sample

# What a call may fail with: a disk that is full, a disk that is broken, a folder that may not be written.
ERRORS = {
    "open": ("ENOSPC", "EACCES", "EIO"),
    "write": ("ENOSPC", "EIO"),
    "read": ("EIO",),
    "fsync": ("EIO", "ENOSPC"),
    "rename": ("ENOSPC", "EACCES", "EIO"),
    "mkdir": ("ENOSPC", "EACCES"),
    "unlink": ("EACCES",),
    "truncate": ("ENOSPC",),
}
# Area -> command, what it begins from, and how many trials of a whole campaign.
AREAS = {
    "cache": ("cache", "empty", 90),
    "plan": ("train", "cached", 30),
    "log": ("train", "cached", 24),
    "save": ("train", "cached", 90),
    "evaluation": ("train", "cached", 14),
    "hand-over": ("train", "stopped", 30),
    "report": ("report", "finished", 20),
}
_OTHERS = {"eval": 12, "eval --suite": 20, "export": 20, "export t5x": 20, "infer": 6, "replay": 14}

__all__ = ["cases"]


def cases(stages: Stages, rng: random.Random, share: float) -> Iterator[Case]:
    """The failing calls of a campaign.

    Args:
      stages: with the calls that commands make.
      rng: draws points, errors and the first call that fails.
      share: of a whole campaign.
    """
    plans = [
        (
            command,
            stage,
            number,
            [point for point in stages.points.get(command, ()) if area_of(point.place) in _with(area)],
        )
        for area, (command, stage, number) in AREAS.items()
    ]
    plans += [
        (command, "finished", number, list(stages.points.get(command, ()))) for command, number in _OTHERS.items()
    ]
    for command, stage, number, points in plans:
        ways = [(point, error) for point in points for error in ERRORS[point.op]]
        for point, error in sample(ways, number, share, rng):
            n = rng.randint(1, point.times)
            # A full disk stays full; what else fails, fails once or from then on.
            last = None if error == "ENOSPC" or rng.random() < 0.5 else n
            order = Order(point.op, point.pattern, n, last, "fail", error)
            yield Case(
                f"fail/{command}/{error}/{point.op}/{point.place}#{n}{'+' if last is None else ''}",
                f"{error}: {point.op}",
                point.place,
                command,
                functools.partial(Bench.failed, command=command, stage=stage, fault=order),
            )


def _with(area: str) -> tuple[str, ...]:
    return ("step", "log") if area == "log" else (area,)
