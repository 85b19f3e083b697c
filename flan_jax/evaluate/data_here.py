"""Whether the questions that a run is to be asked are on this machine, looked up before any work is done."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from flan_jax.core.errors import MissingDataError
from flan_jax.declare.benchmark import Benchmark, Format, resolve
from flan_jax.evaluate.config import EvalConfig

__all__ = ["asked_here"]

_LAST_STEP = "no benchmark picks the checkpoint then, and the run hands over its last step"


def asked_here(config: EvalConfig, available_only: bool) -> tuple[EvalConfig, tuple[str, ...]]:
    """The evaluation with what can be asked on this machine.

    Args:
      config: `suite` and `suite_selection` are looked up, and their data is read.
      available_only: whether benchmarks whose data is not all here are left out, or an error.

    Returns the configuration without the benchmarks that are left out, and lines that say which those are, what to
    download, and what their absence means for the choice. Raises `MissingDataError` with what to download.
    """
    notes = []
    kept: dict[str, list[str]] = {"suite_selection": [], "suite": []}
    for group in kept:
        for name in getattr(config, group):
            missing = [line for pair in resolve([name]) if (line := _missing(*pair, config.suite_split))]
            if missing:
                notes.append(missing[0])
            else:
                kept[group].append(name)
    here = dataclasses.replace(config, suite_selection=tuple(kept["suite_selection"]), suite=tuple(kept["suite"]))
    if not notes:
        return config, ()
    if not available_only:
        raise MissingDataError(
            f"{notes[0]}{_others(notes[1:])} Or train without what is not here, AVAILABLE_ONLY = True in a recipe"
            f"{'' if here.selects else f' ({_LAST_STEP})'}"
        )
    lines = [f"not asked: {note}" for note in notes]
    if config.selects and not here.selects:
        lines.append(f"{', '.join(config.suite_selection)}: {_LAST_STEP}")
    return here, tuple(lines)


def _missing(benchmark: Benchmark, format: Format, split: str) -> str:
    """One line on the subtasks of which questions or exemplars are not here; "" where all are."""
    split = benchmark.split(split if split in benchmark.splits else None)
    lacking: dict[str, MissingDataError] = {}
    for subtask in benchmark.subtasks:
        try:
            benchmark.read(subtask.name, split)
            format.open(subtask.name, split)
        except MissingDataError as error:
            lacking[subtask.name] = error
    if not lacking:
        return ""
    return (
        f"benchmark {benchmark.name}: data of {len(lacking)} of {len(benchmark.subtasks)} subtasks is not on this "
        f"machine. {next(iter(lacking.values()))}"
    )


def _others(notes: Sequence[str]) -> str:
    if not notes:
        return "."
    return f" (and of {', '.join(note.removeprefix('benchmark ').partition(':')[0] for note in notes)})."
