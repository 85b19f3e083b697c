"""All runs and evaluations below a folder, read for a board: each by itself, so that a damaged one hides no other."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import os
import pathlib
from collections.abc import Iterator, Sequence

from flan_jax.checkpoints.count import count_parameters
from flan_jax.checkpoints.find import SELECTED, SELECTED_FILE
from flan_jax.checkpoints.lineage import DATA_FILE
from flan_jax.checkpoints.weights import is_weights_folder
from flan_jax.core.disk import read_json_object
from flan_jax.core.errors import CheckpointError, FlanError, counted
from flan_jax.core.faults import explained
from flan_jax.evaluate.aggregates.statistics import Interval, task_average_interval
from flan_jax.evaluate.in_training import FOLDER as SUITE_FOLDER
from flan_jax.evaluate.judged import EVAL_FILE, Judged, read_judged, why_not_averaged
from flan_jax.evaluate.results.eval_results import EvalResults, TaskResult, normalised_scores
from flan_jax.evaluate.results.files import SUMMARY
from flan_jax.evaluate.results.journal import JOURNAL
from flan_jax.evaluate.select import EVALS_FILE
from flan_jax.report.board import CONFIDENCE, Board, Row, Unread, sorted_rows
from flan_jax.report.run_data import read_metrics

METRICS_FILE, REPORT_FILE = "metrics.jsonl", "report.html"
_OF_A_RUN = {EVALS_FILE, METRICS_FILE, SELECTED_FILE, DATA_FILE}
_OF_AN_EVALUATION = {SUMMARY, EVAL_FILE, JOURNAL}
# A run's own folders, in which no other run is.
_INSIDE = {"checkpoints", SELECTED, SUITE_FOLDER, "tensorboard"}
_NUM_RESAMPLES, _SEED = 1000, 0
_MOST_SAMPLES = 3  # of a task, by which other examples are told

__all__ = ["read_board"]


def read_board(folder: str | os.PathLike[str]) -> Board:
    """Every run and evaluation in a folder and below it; what cannot be read is named with its reason.

    Raises `CheckpointError` for a path that is no folder, and for one with nothing of the kind below it.
    """
    root = pathlib.Path(folder)
    if not root.is_dir():
        raise CheckpointError(f"{root} is no folder: give one with runs below it, such as runs")
    rows, unread = [], []
    for path, files, fault in _folders(root):
        name = root.absolute().name if path == root else path.relative_to(root).as_posix()
        try:
            if fault is not None:
                raise fault
            rows.append(_row(root, path, name, files))
        except Exception as error:
            line = str(error) if isinstance(error, FlanError) else explained(error)
            if line is None:
                raise
            unread.append(Unread(name, line.replace(f"{root}{os.sep}", "")))
    if not rows and not unread:
        raise CheckpointError(
            f"{root} has no run and no evaluation in it or below it: give the folder that runs are in, such as runs"
        )
    return Board(root, sorted_rows(_with_settings_noted(rows)), tuple(unread))


def _with_settings_noted(rows: Sequence[Row]) -> list[Row]:
    """The rows, where those of one task set were asked with other settings each with a note of its own."""
    by_set: dict[tuple[tuple[str, ...], ...], list[Row]] = collections.defaultdict(list)
    for row in rows:
        by_set[row.judged_on].append(row)
    noted = []
    for row in rows:
        others = [other.settings for other in by_set[row.judged_on]] if row.judged_on else []
        differing: dict[str, None] = {}  # in order
        for task, mine in row.settings.items():
            for theirs in (other[task] for other in others if mine and other.get(task)):
                names = [name for name in {**mine, **theirs} if mine.get(name) != theirs.get(name)]
                differing |= {f"{name} {mine.get(name)!r}": None for name in names}
        if differing:
            told = f"asked with {', '.join(differing)}, unlike others of its task set"
            row = dataclasses.replace(row, notes=(*row.notes, told))
        noted.append(row)
    return noted


def _folders(root: pathlib.Path) -> Iterator[tuple[pathlib.Path, set[str], OSError | None]]:
    """Folders with files of a run or of an evaluation, in order of their names, and those that cannot be listed."""
    faults: list[OSError] = []
    for where, folders, files in os.walk(root, onerror=faults.append):
        is_run = bool(_OF_A_RUN & set(files))
        folders[:] = sorted(f for f in folders if not f.startswith(".") and not (is_run and f in _INSIDE))
        if is_run or _OF_AN_EVALUATION & set(files):
            yield pathlib.Path(where), set(files), None
    for fault in sorted(faults, key=lambda fault: str(fault.filename)):
        yield pathlib.Path(fault.filename), set(), fault


def _row(root: pathlib.Path, path: pathlib.Path, name: str, files: set[str]) -> Row:
    if _OF_A_RUN & files:
        _check_is_finished(path, files)
        return _run_row(root, path, name)
    if not {SUMMARY, EVAL_FILE} & files:
        raise CheckpointError(f"unfinished: a {JOURNAL} and no {SUMMARY}; give its evaluation's command again")
    judged = read_judged(path, name)
    file = path / (SUMMARY if SUMMARY in files else EVAL_FILE)
    return _scored(root, path, judged, file, mixture=judged.results.model or _checkpoint(file))


def _check_is_finished(path: pathlib.Path, files: set[str]) -> None:
    """Raises `CheckpointError` for a run that has nothing to show yet, or was not to be judged."""
    if EVALS_FILE not in files:
        raise CheckpointError(f"it was not judged: it has no {EVALS_FILE} (see EVAL_SELECTION and EVAL_PERIOD)")
    if SELECTED_FILE not in files:
        step = read_judged(path).results.step
        raise CheckpointError(f"unfinished: judged up to step {step:,}, and no {SELECTED_FILE} yet")


def _run_row(root: pathlib.Path, path: pathlib.Path, name: str) -> Row:
    judged = read_judged(path, name)
    metrics = read_metrics(path / METRICS_FILE)
    facts = read_json_object(path / DATA_FILE, "delete it") if (path / DATA_FILE).exists() else {}
    notes, num_parameters = [], None
    if is_weights_folder(path / SELECTED):
        try:
            num_parameters = count_parameters(path / SELECTED)
        except CheckpointError as error:
            notes.append(str(error).replace(f"{root}{os.sep}", ""))
    return _scored(
        root,
        path,
        judged,
        path / (METRICS_FILE if metrics else EVALS_FILE),
        mixture=str(facts.get("mixture", "")),
        num_parameters=num_parameters,
        steps=max([judged.results.step, *(line["step"] for line in metrics)]),
        tokens=_tokens(metrics),
        notes=notes,
    )


def _scored(
    root: pathlib.Path,
    path: pathlib.Path,
    judged: Judged,
    last_file: pathlib.Path,
    *,
    mixture: str,
    num_parameters: int | None = None,
    steps: int | None = None,
    tokens: int | None = None,
    notes: Sequence[str] = (),
) -> Row:
    results = judged.results
    groups = {
        "selection": results.in_group("selection"),
        "report": [*results.in_group("report"), *results.in_group("")],
    }
    left_out = [task.task for tasks in groups.values() for task in tasks if why_not_averaged(task)]
    kept = {group: [task for task in tasks if not why_not_averaged(task)] for group, tasks in groups.items()}
    if left_out:
        notes = [*notes, f"{counted(len(left_out), 'task')} not in the averages: {', '.join(left_out)}"]
    ended = datetime.datetime.fromtimestamp(last_file.stat().st_mtime, datetime.UTC)
    return Row(
        name=judged.name,
        num_parameters=num_parameters,
        mixture=mixture,
        steps=steps,
        selected=results.step or None,
        tokens=tokens,
        ended=f"{ended:%Y-%m-%d %H:%M}",
        page=(path / REPORT_FILE).relative_to(root).as_posix() if (path / REPORT_FILE).exists() else "",
        selection=_average(kept["selection"]),
        report=_average(kept["report"]),
        judged_on=tuple(sorted(_identity(task, results) for task in kept["report"])),
        settings={task.task: task.settings for task in kept["report"]},
        notes=tuple(notes),
    )


def _average(tasks: Sequence[TaskResult]) -> Interval | None:
    if not tasks:
        return None
    scores = [normalised_scores(task) for task in sorted(tasks, key=lambda task: task.task)]
    return task_average_interval(scores, confidence=CONFIDENCE, num_resamples=_NUM_RESAMPLES, seed=_SEED)


def _identity(task: TaskResult, results: EvalResults) -> tuple[str, ...]:
    """What is the same for two models that were judged on the same examples, as far as results say."""
    is_drawn = results.limit is not None and task.n < task.num_examples
    shown = [f"{sample.index} {sample.reference}" for sample in task.samples[:_MOST_SAMPLES]]
    facts = (task.metric, task.scored_by, task.split, task.n, task.num_examples, f"{task.chance:.6f}")
    return (task.task, *map(str, facts), f"seed {results.seed}" if is_drawn and task.benchmark else "", *shown)


def _tokens(metrics: Sequence[dict[str, float]]) -> int | None:
    """Tokens of all steps, padding left out: a line has the mean of the steps since the one before it."""
    total, last_step = 0.0, 0.0
    for line in metrics:
        speed, secs = line.get("useful_tokens_per_sec"), line.get("step_secs")
        if not isinstance(speed, int | float) or not isinstance(secs, int | float):
            return None
        total += (line["step"] - last_step) * speed * secs
        last_step = line["step"]
    return round(total) if metrics else None


def _checkpoint(file: pathlib.Path) -> str:
    """Of an eval.json the weights that were judged, as they were named."""
    return str(read_json_object(file, "evaluate again").get("checkpoint", ""))
