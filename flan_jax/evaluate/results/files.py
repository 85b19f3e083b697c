"""Results in files: `evals.jsonl` of a run, one line a step, and `summary.json` of an evaluation of its own. Both hold
the same JSON value (`EvalResults.to_json`)."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Sequence
from typing import Any

from flan_jax.core.disk import write_text_atomically
from flan_jax.core.errors import CheckpointError
from flan_jax.evaluate.results.eval_results import EvalResults

SUMMARY = "summary.json"
_REMOVE = "remove that line"

__all__ = ["SUMMARY", "append_results", "read_results", "read_summary", "write_summary"]


def append_results(path: str | os.PathLike[str], results: EvalResults) -> None:
    """Adds one line to `evals.jsonl`, in place of an earlier line of the same step: a resumed run may judge a step
    again. The file is replaced by one rename, so a kill leaves the old or the new one."""
    path = pathlib.Path(path)
    lines = {value["step"]: value for _, value in _read_lines(path)} if path.exists() else {}
    lines[results.step] = results.to_json()
    write_text_atomically(path, "".join(json.dumps(lines[step], ensure_ascii=False) + "\n" for step in sorted(lines)))


def read_results(path: str | os.PathLike[str]) -> list[EvalResults]:
    """All steps of `evals.jsonl`, in order of step. Raises `CheckpointError` for a file that is not there, and for a
    line that is damaged."""
    path = pathlib.Path(path)
    if not path.exists():
        raise CheckpointError(f"{path} does not exist: no evaluation has finished there yet (see EVAL_PERIOD)")
    lines = {value["step"]: (number, value) for number, value in _read_lines(path)}
    return [_results(lines[step][1], f"{path}:{lines[step][0]}", _REMOVE) for step in sorted(lines)]


def write_summary(folder: str | os.PathLike[str], results: EvalResults) -> None:
    """`summary.json` in `folder`, whole or untouched."""
    write_text_atomically(
        pathlib.Path(folder) / SUMMARY, json.dumps(results.to_json(), indent=1, ensure_ascii=False) + "\n"
    )


def read_summary(path: str | os.PathLike[str]) -> EvalResults:
    """Results of `summary.json` or `eval.json`. Raises `CheckpointError` for a file that is not there or no results."""
    remedy = "name a summary.json or an eval.json"
    try:
        return _results(json.loads(pathlib.Path(path).read_text()), str(path), remedy)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist: evaluate with --out, or name another file") from error
    except ValueError as error:
        raise CheckpointError(f"{path} holds no results ({error}): {remedy}") from error


def _results(value: Any, where: str, remedy: str) -> EvalResults:
    try:
        found = EvalResults.from_json(value)
        for name, task in found.tasks.items():
            for score in (task.score, task.chance, *task.scores, *task.metrics.values()):
                if not isinstance(score, int | float):
                    raise TypeError(f"{name} has a score of {score!r:.40}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{where} holds no results ({error}): {remedy}") from error
    return found


def _read_lines(path: pathlib.Path) -> Sequence[tuple[int, dict[str, Any]]]:
    """The lines' numbers, from 1, and values, each an object with a step."""
    lines = []
    # Not splitlines: a generation may hold characters that end a line elsewhere, such as U+2028.
    for number, line in enumerate(path.read_text().removesuffix("\n").split("\n") if path.stat().st_size else (), 1):
        try:
            value = json.loads(line)
        except ValueError as error:
            raise CheckpointError(f"{path}:{number} is not JSON ({error}): {_REMOVE}") from error
        if not isinstance(value, dict) or not isinstance(value.get("step"), int):
            raise CheckpointError(f"{path}:{number} is no object with a step but {line:.40}: {_REMOVE}")
        lines.append((number, value))
    return lines
