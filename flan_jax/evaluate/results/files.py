"""Results in files: `evals.jsonl` of a run, one line a step, and `summary.json` of an evaluation of its own. Both hold
the same JSON value (`EvalResults.to_json`), with the sha256 of the rest: what was damaged or edited is not believed."""

from __future__ import annotations

import json
import math
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from flan_jax.core.disk import is_sealed, sealed, unsealed, write_text_atomically
from flan_jax.core.errors import CheckpointError
from flan_jax.evaluate.results.eval_results import EvalResults, TaskResult

SUMMARY = "summary.json"
_AGAIN = "start the run's training command again, which takes it from the newest checkpoint"
_ROUNDING = 1e-5  # of scores that were written with six decimals, and of sums

__all__ = [
    "SUMMARY",
    "append_results",
    "read_results",
    "read_summary",
    "recover_results",
    "write_results",
    "write_summary",
]


def append_results(path: str | os.PathLike[str], results: EvalResults) -> None:
    """Adds one line to `evals.jsonl`, in place of an earlier line of the same step: a resumed run may judge a step
    again. The file is replaced by one rename, so a kill leaves the old or the new one."""
    path = pathlib.Path(path)
    lines = {value["step"]: value for _, value in _read_lines(path)} if path.exists() else {}
    lines[results.step] = results.to_json()
    _write_lines(path, lines)


def read_results(path: str | os.PathLike[str]) -> list[EvalResults]:
    """All steps of `evals.jsonl`, in order of step. Raises `CheckpointError` for a file that is not there, and for a
    line that is damaged."""
    path = pathlib.Path(path)
    if not path.exists():
        raise CheckpointError(
            f"{path} does not exist: no evaluation has finished there yet (see EVAL_PERIOD), or it was lost: {_AGAIN}"
        )
    lines = {value["step"]: (number, value) for number, value in _read_lines(path)}
    return [_results(lines[step][1], f"{path}:{lines[step][0]}", _AGAIN) for step in sorted(lines)]


def recover_results(
    path: pathlib.Path, saved: Sequence[Mapping[str, Any]], last_step: int
) -> tuple[list[EvalResults], list[str]]:
    """What a run has judged up to a checkpoint, whatever has happened to `evals.jsonl` since: lines that are damaged,
    lost or other than the checkpoint has them are taken from there, and later ones are left out, as they happen again.

    Args:
      path: of `evals.jsonl`.
      saved: JSON values of the results that the checkpoint has.
      last_step: the checkpoint's.

    Returns the results, in order of step, and sentences on what was taken from the checkpoint or left out.
    """
    found: dict[int, Mapping[str, Any]] = {}
    notes = []
    for number, line in _numbered_lines(path) if path.exists() else ():
        try:
            value = _checked_line(line, f"{path}:{number}")
            if value["step"] <= last_step:
                found[value["step"]] = value
        except CheckpointError as error:
            notes.append(f"{str(error).removesuffix(f': {_AGAIN}')}, so it was left out")
    for kept in saved:
        if (step := kept["step"]) <= last_step and found.get(step) != kept:
            notes.append(
                f"{path} {'has other' if step in found else 'lacks the'} results of step {step}: those of the "
                f"checkpoint of step {last_step} were taken"
            )
            found[step] = kept
    results = [_results(found[step], f"{path}, step {step}", _AGAIN) for step in sorted(found)]
    return results, notes


def write_results(path: pathlib.Path, results: Sequence[EvalResults]) -> None:
    """`evals.jsonl` with these results and no others, whole or untouched."""
    _write_lines(path, {each.step: each.to_json() for each in results})


def write_summary(folder: str | os.PathLike[str], results: EvalResults) -> None:
    """`summary.json` in `folder`, whole or untouched."""
    write_text_atomically(
        pathlib.Path(folder) / SUMMARY, json.dumps(sealed(results.to_json()), indent=1, ensure_ascii=False) + "\n"
    )


def read_summary(path: str | os.PathLike[str]) -> EvalResults:
    """Results of `summary.json` or `eval.json`. Raises `CheckpointError` for a file that is not there or no results."""
    remedy = "name a summary.json or an eval.json"
    try:
        return _results(_open_seal(json.loads(pathlib.Path(path).read_bytes())), str(path), remedy)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist: evaluate with --out, or name another file") from error
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} holds no results ({error}): {remedy}") from error


def _results(value: Any, where: str, remedy: str) -> EvalResults:
    try:
        found = EvalResults.from_json(value)
        for name, task in found.tasks.items():
            if name != task.task:
                raise ValueError(f"{task.task} is listed as {name}")
            _check_scores(task)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{where} holds no results ({error}): {remedy}") from error
    return found


def _check_scores(task: TaskResult) -> None:
    """Raises `ValueError` or `TypeError` for numbers that no evaluation gives. NaN stands for what was not scored."""
    means = {"score": task.score, "low": task.low, "high": task.high, "chance": task.chance, **task.metrics}
    # A benchmark's values are weighted, so that one may be up to as many as there are.
    most = len(task.scores) if task.benchmark else 1
    for name, score, limit in [
        *((n, m, 1) for n, m in means.items()),
        *(("an item's score", s, most) for s in task.scores),
    ]:
        if not isinstance(score, int | float) or isinstance(score, bool):
            raise TypeError(f"{name} of {task.task} is {score!r:.40}")
        if not math.isnan(score) and not -_ROUNDING <= score <= limit + _ROUNDING:
            raise ValueError(f"{name} of {task.task} is {score}, it must lie in [0, {limit}]")
    if task.scores and not abs(math.fsum(task.scores) / len(task.scores) - task.score) <= _ROUNDING:
        raise ValueError(f"score of {task.task} is {task.score}, which is not the mean of its items' scores")


def _write_lines(path: pathlib.Path, values: Mapping[int, Mapping[str, Any]]) -> None:
    lines = (json.dumps(sealed(values[step]), ensure_ascii=False) for step in sorted(values))
    write_text_atomically(path, "".join(f"{line}\n" for line in lines))


def _read_lines(path: pathlib.Path) -> Sequence[tuple[int, dict[str, Any]]]:
    """The lines' numbers, from 1, and values, each an object with a step."""
    return [(number, _checked_line(line, f"{path}:{number}")) for number, line in _numbered_lines(path)]


def _numbered_lines(path: pathlib.Path) -> list[tuple[int, bytes]]:
    # Not splitlines: a generation may hold characters that end a line elsewhere, such as U+2028.
    return list(enumerate(path.read_bytes().removesuffix(b"\n").split(b"\n") if path.stat().st_size else (), 1))


def _checked_line(line: bytes, where: str) -> dict[str, Any]:
    """A line's value, without its seal. Raises `CheckpointError` for what was not written so."""
    try:
        value = _open_seal(json.loads(line))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{where} is not JSON as it was written ({error}): {_AGAIN}") from error
    if not isinstance(value, dict) or not isinstance(value.get("step"), int):
        raise CheckpointError(f"{where} is no object with a step but {line.decode():.40}: {_AGAIN}")
    return value


def _open_seal(value: Any) -> Any:
    """`value` without its seal, which files of before have not. Raises `ValueError` for one that is broken."""
    return unsealed(json.dumps(value)) if is_sealed(value) else value
