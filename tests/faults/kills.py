"""Kills (SIGKILL of all of a trial's processes) at named points, and the same command again."""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator

from faults import compare
from faults.bench import Bench, Case
from faults.calls import Call
from faults.shim import Order
from faults.stages import Stages, area_of, sample

_WRITING = ("open", "write", "fsync", "rename", "mkdir", "unlink", "truncate")
# Area -> the command that is killed there, what it begins from, and how many kills of a whole campaign.
AREAS = {
    "cache": ("cache", "empty", 60),
    "plan": ("train", "cached", 24),
    "step": ("train", "cached", 24),
    "save": ("train", "cached", 90),
    "evaluation": ("train", "cached", 14),
    "hand-over": ("train longer", "finished", 40),
    "report": ("train", "stopped", 8),
}
# Between system calls: function -> its area, what is killed and begins where, and the calls that there are of it.
_CALLS = (
    ("cache", "faults.tiny_tasks", "render", "cache", "empty", 96),
    ("step", "flan_jax.train.guard", "FiniteGuard.push", "train", "cached", 8),
    ("evaluation", "flan_jax.train.guard", "StopSignal.raise_if_set", "train", "cached", 12),
    ("hand-over", "flan_jax.train.hand_over", "save_weights", "train longer", "finished", 1),
)
_CALLS_EACH, _JOURNAL = 8, 40  # of a whole campaign

__all__ = ["cases"]


def cases(stages: Stages, rng: random.Random, share: float) -> Iterator[Case]:
    """The kills of a campaign.

    Args:
      stages: with the calls that commands make.
      rng: draws points and how often they are passed.
      share: of a whole campaign.
    """
    for area, (command, stage, number) in AREAS.items():
        points = [
            point for point in stages.points.get(command, ()) if area_of(point.place) == area and point.op in _WRITING
        ]
        ways = [
            (point, action)
            for point in points
            for action in ("kill before", "kill after", *(("kill torn",) if point.op == "write" else ()))
        ]
        for point, action in sample(ways, number, share, rng):
            order = Order(point.op, point.pattern, (n := rng.randint(1, point.times)), n, action)
            check = _is_one_version if area == "hand-over" else None
            yield Case(
                f"kill/{command}/{action.removeprefix('kill ')}/{point.op}/{point.place}#{n}",
                f"killed: {area}",
                point.place,
                command,
                functools.partial(Bench.killed, command=command, stage=stage, fault=order, check=check),
            )
    for area, module, name, command, stage, times in _CALLS:
        for number in sorted(sample(range(1, times + 1), _CALLS_EACH, share, rng)):
            yield Case(
                f"kill/{command}/call/{module}:{name}#{number}",
                f"killed: {area}",
                name,
                command,
                functools.partial(Bench.killed, command=command, stage=stage, fault=Call(module, name, number)),
            )
    journal = [
        (point, action, number)
        for point in stages.points.get("eval --suite", ())
        if point.op in _WRITING
        for action in ("kill before", "kill after")
        for number in range(1, point.times + 1)
    ]
    for point, action, number in sample(journal, _JOURNAL, share, rng):
        yield Case(
            f"kill/eval --suite/{action.removeprefix('kill ')}/{point.op}/{point.place}#{number}",
            "killed: journal of an evaluation",
            point.place,
            "eval --suite",
            functools.partial(
                Bench.killed,
                command="eval --suite",
                stage="finished",
                fault=Order(point.op, point.pattern, number, number, action),
            ),
        )


def _is_one_version(bench: Bench) -> str:
    """What is wrong with the weights that lie there after a kill in the hand-over: they are the run's before, or those
    that it would have handed over, model.json, vocabulary and all."""
    found = _handed_over(compare.of_run(bench.folder))
    before, after = (_handed_over(bench.stages.results[command]) for command in ("train", "train longer"))
    if found in (before, after):
        return ""
    words = {"before": before, "after": after}
    of = {name: [word for word, files in words.items() if files.get(name) == found.get(name)] for name in before}
    told = ", ".join(f"{name} {' and '.join(of[name]) or 'neither'}" for name in sorted(of))
    return f"run/selected is of no one step: {told}"


def _handed_over(results: compare.Results) -> compare.Results:
    return {name: results[name] for name in results if name.startswith("selected/")}
