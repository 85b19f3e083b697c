"""What a report says, read from a run's folder: `metrics.jsonl`, `evals.jsonl`, `selected.json`."""

from __future__ import annotations

import ast
import collections
import dataclasses
import itertools
import json
import math
import os
import pathlib
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flan_jax.core.disk import check_fields, read_json_object
from flan_jax.core.errors import CheckpointError
from flan_jax.evaluate.aggregates.statistics import Interval, task_average_difference, task_average_interval
from flan_jax.evaluate.results.eval_results import (
    GROUPS,
    EvalResults,
    Sample,
    TaskResult,
    normalised_average,
    normalised_scores,
)
from flan_jax.evaluate.results.files import read_results
from flan_jax.evaluate.select import EVALS_FILE

KINDS: Mapping[str, str] = {
    "whole cluster": "no task of this cluster was trained on",
    "composition": "each operation was trained on, this combination was not",
    "new template": "the operation was trained on, this wording of the instruction was not",
    "new label words": "the operation was trained on, these answer words were not",
    "held-out rows": "rows that were kept out of the training rows",
    "benchmark": "a benchmark of `flan-jax eval --list`; whether its data was trained on is in the notes",
    "": "not declared as held out",
}

_OUR_MODULE = "flan_jax.tasks"

__all__ = ["KINDS", "Report", "Row", "SamplePair", "describe_kind", "load_report", "read_metrics"]


@dataclasses.dataclass(frozen=True)
class Row:
    """Tasks of one kind, cluster and format: mean scores with two-level bootstrap intervals.

    `before` and `gain` are None where the run has no evaluation before the selected step. `others` has the means before
    (None) and after by the metrics after the tasks' first. `label` is set on the summary rows, whose scores are
    normalised averages.
    """

    group: str
    kind: str
    cluster: str
    format: str
    metric: str
    num_tasks: int
    num_examples: int
    chance: float
    before: Interval | None
    after: Interval
    gain: Interval | None
    others: Mapping[str, tuple[float | None, float]] = dataclasses.field(default_factory=dict)
    label: str = ""


@dataclasses.dataclass(frozen=True)
class SamplePair:
    """One held-out example before and after; the first of its task, not picked for its looks."""

    task: str
    kind: str
    metric: str
    before: Sample | None
    after: Sample


@dataclasses.dataclass(frozen=True)
class Report:
    """Everything that the terminal and report.html show.

    `rows` are tasks of one kind, cluster, format and metric, scored by that; `kinds` and `summary` are normalised
    averages: of the tasks of one kind and format (the report's; those of the selection where nothing is reported), and
    of each group.
    """

    model_dir: pathlib.Path
    results: tuple[EvalResults, ...]
    metrics: tuple[Mapping[str, Any], ...]
    selected: Mapping[str, Any]
    before: EvalResults | None
    after: EvalResults
    summary: tuple[Row, ...]
    kinds: tuple[Row, ...]
    rows: tuple[Row, ...]
    samples: tuple[SamplePair, ...]
    warnings: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    commands: tuple[tuple[str, str], ...]
    config: str

    @property
    def confidence(self) -> float:
        """Level of every interval."""
        return float(self.selected["confidence"])


def describe_kind(kind: str) -> str:
    """What a kind of held-out means, in words."""
    return KINDS.get(kind, kind)


def load_report(model_dir: str | os.PathLike[str], num_samples: int = 3) -> Report:
    """Reads a run's folder. Raises `CheckpointError` for what is missing or damaged there."""
    folder = pathlib.Path(model_dir)
    if folder.exists() and not folder.is_dir():
        raise CheckpointError(f"{folder} is no folder: give a run's, such as runs/demo")
    if not folder.exists():
        raise CheckpointError(f"{folder} is not there: give a run's folder, such as runs/demo")
    if not (folder / EVALS_FILE).exists() and (folder / "selected").is_dir() and not _was_chosen(folder):
        raise CheckpointError(
            f"{folder} is a run that was judged on nothing (no EVAL_SELECTION, EVAL_REPORT or EVAL_SUITE), so that "
            f"there is nothing to report: `flan-jax eval --checkpoint {shlex.quote(str(folder))} --mixture …` scores it"
        )
    results = read_results(folder / EVALS_FILE)
    selected = _read_selected(folder / "selected.json")
    by_step = {result.step: result for result in results}
    if selected["step"] not in by_step:
        raise CheckpointError(
            f"{folder / 'selected.json'} names step {selected['step']}, evals.jsonl has {sorted(by_step)}: "
            f"apply the rule again with flan_jax.evaluate.write_selected({str(folder)!r})"
        )
    _check_is_chosen_from(results, selected, folder)
    after = by_step[selected["step"]]
    before = results[0] if results[0].step == 0 < after.step else None  # a run may be judged from a later step on
    options = {key: selected[key] for key in ("confidence", "num_resamples", "seed")}
    metrics = read_metrics(folder / "metrics.jsonl")
    lost = _lost_losses(folder / "metrics.jsonl", metrics, results[-1].step)
    return Report(
        model_dir=folder,
        results=tuple(results),
        metrics=tuple(metrics),
        selected=selected,
        before=before,
        after=after,
        summary=tuple(_summary_rows(before, after, options)),
        kinds=tuple(_kind_rows(before, after, options)),
        rows=tuple(_rows(before, after, options)),
        samples=tuple(_samples(before, after, num_samples)),
        warnings=(
            *lost,
            *_later(results, selected),
            *_data_notes(folder),
            *_not_asked(results, after),
            *_warnings(after),
        ),
        files=tuple(_files(folder)),
        commands=tuple(_commands(folder, after)),
        config="\n".join(_text(path, "delete it").strip() for path in sorted(folder.glob("*.gin"))),
    )


def _was_chosen(folder: pathlib.Path) -> bool:
    """Whether what a run handed over was picked by its evaluations."""
    path = folder / "selected.json"
    return path.exists() and "table" in read_json_object(path, "start the run's training command again")


def _lost_losses(path: pathlib.Path, metrics: Sequence[Mapping[str, Any]], last_step: int) -> list[str]:
    """What is missing of the losses, as far as that can be seen."""
    if not metrics:
        return [f"{path} holds no losses: there are no curves of them"]
    # A line is written every LOG_PERIOD steps, so that the last steps of a run need not have one.
    steps = [line["step"] for line in metrics]
    period = max((later - step for step, later in itertools.pairwise(steps)), default=steps[0])
    if steps[-1] + period <= last_step:
        return [f"{path} ends at step {steps[-1]}, and the run was judged at step {last_step}: its curves end early"]
    return []


def _check_is_chosen_from(results: Sequence[EvalResults], selected: Mapping[str, Any], folder: pathlib.Path) -> None:
    """Raises `CheckpointError` for evaluations that are not those which the choice was made from."""
    found = {result.step: normalised_average(result.in_group("selection")) for result in results}
    for score in selected["table"]:
        step, stated = score["step"], score["selection"]
        if not math.isclose(found.get(step, math.nan), stated, abs_tol=1e-5):
            has = f"has {found[step]:.4f} there" if step in found else "does not have it"
            raise CheckpointError(
                f"{folder / EVALS_FILE} is not what the choice was made from: selected.json has selection average "
                f"{stated:.4f} at step {step}, and it {has}: start the run's training command again, which takes its "
                f"evaluations from the newest checkpoint, or apply the rule again with "
                f"flan_jax.evaluate.write_selected({str(folder)!r})"
            )


def _later(results: Sequence[EvalResults], selected: Mapping[str, Any]) -> list[str]:
    """Evaluations that the choice knows nothing of: of a run that goes on, or of another."""
    later = sorted({result.step for result in results} - {score["step"] for score in selected["table"]})
    if not later:
        return []
    steps = ", ".join(map(str, later))
    return [
        f"{EVALS_FILE} has step {steps} too, which the choice was not made from: it is made again when the run ends"
    ]


def _summary_rows(before: EvalResults | None, after: EvalResults, options: Mapping[str, Any]) -> list[Row]:
    rows = []
    for group in GROUPS:
        tasks = after.in_group(group)
        if tasks:
            earlier = [before.tasks[task.task] for task in tasks] if before else None
            rows.append(_row(tasks, earlier, options, normalised_scores, "normalised average"))
    return rows


def _kind_rows(before: EvalResults | None, after: EvalResults, options: Mapping[str, Any]) -> list[Row]:
    groups: dict[tuple[str, bool, str], list[TaskResult]] = collections.defaultdict(list)
    for task in after.in_group("report") or after.in_group("selection"):
        groups[task.kind, "few" in task.format, task.format].append(task)
    # In the order of `KINDS`, from what proves most; kinds of users' own after those.
    order = list(KINDS)
    rows = []
    for key in sorted(groups, key=lambda key: (order.index(key[0]) if key[0] in order else len(order), key)):
        earlier = [before.tasks[task.task] for task in groups[key]] if before else None
        rows.append(_row(groups[key], earlier, options, normalised_scores, "normalised average"))
    return rows


def _rows(before: EvalResults | None, after: EvalResults, options: Mapping[str, Any]) -> list[Row]:
    groups: dict[tuple[str, ...], list[TaskResult]] = collections.defaultdict(list)
    for task in after.tasks.values():
        order = str(GROUPS[::-1].index(task.group) if task.group in GROUPS else len(GROUPS))
        groups[order, task.kind, task.cluster, task.format, task.metric].append(task)
    rows = []
    for key in sorted(groups):
        tasks = sorted(groups[key], key=lambda task: task.task)
        earlier = [before.tasks[task.task] for task in tasks] if before else None
        rows.append(_row(tasks, earlier, options, lambda task: np.asarray(task.scores), ""))
    return rows


def _row(
    tasks: Sequence[TaskResult],
    earlier: Sequence[TaskResult] | None,
    options: Mapping[str, Any],
    scores: Any,
    label: str,
) -> Row:
    now = [scores(task) for task in tasks]
    then = [scores(task) for task in earlier] if earlier else None
    first = tasks[0]
    return Row(
        group=first.group,
        kind=first.kind,
        cluster=first.cluster,
        format=first.format,
        metric=first.metric,
        num_tasks=len(tasks),
        num_examples=sum(task.n for task in tasks),
        chance=0.0 if label else float(np.mean([task.chance for task in tasks])),
        before=task_average_interval(then, **options) if then else None,
        after=task_average_interval(now, **options),
        gain=task_average_difference(then, now, **options) if then else None,
        others={} if label else _other_metrics(tasks, earlier),
        label=label,
    )


def _other_metrics(
    tasks: Sequence[TaskResult], earlier: Sequence[TaskResult] | None
) -> dict[str, tuple[float | None, float]]:
    """Means by the metrics that the tasks have after their first, before and after."""

    def mean(of: Sequence[TaskResult] | None, name: str) -> float | None:
        found = [task.metrics[name] for task in of or () if name in task.metrics]
        return float(np.mean(found)) if found else None

    names = [name for name in tasks[0].metrics if name != tasks[0].metric]
    return {name: (mean(earlier, name), after) for name in names if (after := mean(tasks, name)) is not None}


def _samples(before: EvalResults | None, after: EvalResults, num: int) -> list[SamplePair]:
    """The first example of `num` tasks: report tasks first, a new kind before a second task of one."""
    tasks = [t for t in after.in_group("report") + after.in_group("selection") if t.samples]
    seen: collections.Counter[tuple[str, str]] = collections.Counter()
    ranked = []
    for position, task in enumerate(tasks):
        key = (task.group, task.kind)
        ranked.append((seen[key], task.group != "report", position, task))
        seen[key] += 1
    pairs = []
    for *_, task in sorted(ranked, key=lambda item: item[:3])[:num]:
        earlier = before.tasks[task.task].samples if before else ()
        pairs.append(SamplePair(task.task, task.kind, task.metric, earlier[0] if earlier else None, task.samples[0]))
    return pairs


def _data_notes(folder: pathlib.Path) -> list[str]:
    """What the run wrote down of its data: that part of the mixture was missing, that the vocabulary cannot write some
    examples, that a benchmark was trained on."""
    path = folder / "data.json"
    facts = read_json_object(path, "delete it, and what it said is unknown") if path.exists() else {}
    notes = [facts.get("note")]
    for name in ("vocabulary_notes", "suite_notes"):
        found = facts.get(name, [])
        notes += found if isinstance(found, list) else [found]
    if not all(isinstance(note, str | None) for note in notes):
        raise CheckpointError(f"{path} has notes that are no texts: delete it, and what it said is unknown")
    return [note for note in notes if note]


def _not_asked(results: Sequence[EvalResults], after: EvalResults) -> list[str]:
    """Benchmarks that were asked at other steps, not at the selected one."""
    if missing := sorted({name for result in results for name in result.tasks} - set(after.tasks)):
        return [f"{', '.join(missing)}: not asked at step {after.step} (EVAL_SUITE_PERIOD), so not in this table"]
    return []


def _warnings(after: EvalResults) -> list[str]:
    tasks = list(after.tasks.values())
    total = sum(task.n for task in tasks)
    counts = {
        "prompts were longer than the evaluation's inputs_length and lost their end": "num_trimmed",
        "generations were cut at the most tokens that they may have, before EOS": "num_unfinished",
        "examples have no accepted answer short enough for a generation": "num_too_long",
        "generations held no text": "num_empty",
        "examples have no accepted answer that the vocabulary can write": "num_unwritable",
        "prompts hold what the vocabulary has no piece for": "num_unknown",
        "examples have a reference that is none of their options, and score 0": "num_unanswerable",
    }
    found = [(sum(getattr(task, field) for task in tasks), text) for text, field in counts.items()]
    return [f"{count:,} of {total:,} {text}" for count, text in found if count]


def _files(folder: pathlib.Path) -> list[tuple[str, str]]:
    meanings = {
        "selected": "the selected checkpoint's weights (safetensors) and model.json",
        "selected.json": "the choice, the rule and the evidence",
        "evals.jsonl": "every evaluation, with a score for each example",
        "metrics.jsonl": "loss, speed and norms by step",
        "checkpoints": "checkpoints to resume from",
        "report.html": "this report",
        "report.png": "its curves",
    }
    written_now = ("report.html", "report.png")
    return [(str(folder / n), text) for n, text in meanings.items() if n in written_now or (folder / n).exists()]


def _modules(folder: pathlib.Path) -> str:
    """The flags that name what registers the run's tasks, as its recipe says; "" for our own alone."""
    path = folder / "config.gin"
    text = _text(path, "delete it") if path.exists() else ""
    match = re.search(r"^MIXTURE_OR_TASK_MODULE = (.+)", text, re.MULTILINE)
    try:
        named = ast.literal_eval(match[1]) if match else ()
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        named = ()
    names = (named,) if isinstance(named, str) else named if isinstance(named, (list, tuple)) else ()
    others = [name for name in names if isinstance(name, str) and name != _OUR_MODULE]
    own = [_OUR_MODULE] if others and _OUR_MODULE in names else []
    return "".join(f" --module {shlex.quote(name)}" for name in (*own, *others))


def _commands(folder: pathlib.Path, after: EvalResults) -> list[tuple[str, str]]:
    path, modules = shlex.quote(str(folder)), _modules(folder)
    commands = [(f"flan-jax infer --checkpoint {path}", "talk to the selected model")]
    judged = after.in_group("report") + after.in_group("selection")
    # Rows of a notebook and functions of one are known to their own process alone, so no command can ask for them.
    for name in [t.task for t in judged if t.kind not in ("benchmark", "held-out rows", "evaluator")][:1]:
        commands += [
            (
                f"flan-jax eval --checkpoint {path} --mixture {name} --limit 200{modules}",
                "score it on any task or mixture",
            ),
            (f"flan-jax tasks render {name} --n 3{modules}", "see what that task asks"),
        ]
    for name in [task.task for task in judged if task.kind == "benchmark"][:1]:
        commands.append((f"flan-jax eval --checkpoint {path} --suite {name}{modules}", "score it on a whole benchmark"))
    return commands


# Of selected.json, what a report shows.
_CHOICE = {
    **{"step": int, "score": float, "rule": str, "verdict": str, "table": list, "selection_tasks": list},
    **{"confidence": float, "num_resamples": int, "seed": int},
}
_MOST_RESAMPLES = 10**6
_AGAIN = "apply the rule again with write_selected"


def _read_selected(path: pathlib.Path) -> dict[str, Any]:
    try:
        selected = read_json_object(path, _AGAIN, {"step": int})
    except FileNotFoundError as error:
        raise CheckpointError(f"{path} does not exist: no checkpoint of this run has been selected yet") from error
    if "table" not in selected:
        raise CheckpointError(f"{path} chose without held-out tasks, so there is nothing to report: set EVAL_SELECTION")
    check_fields(path, selected, _CHOICE, _AGAIN)
    runner_up, steps = selected.get("runner_up"), selected["table"]
    is_choice = (
        0.0 < selected["confidence"] < 1.0
        and 0 < selected["num_resamples"] <= _MOST_RESAMPLES
        and selected["seed"] >= 0
        and (runner_up is None or (isinstance(runner_up, dict) and isinstance(runner_up.get("verdict"), str)))
        and all(isinstance(score, dict) and _is_step_score(score) for score in steps)
    )
    if not is_choice:
        raise CheckpointError(f"{path} holds no choice that the rule makes: {_AGAIN}")
    return selected


def _is_step_score(score: Mapping[str, Any]) -> bool:
    report = score.get("report")
    return (
        isinstance(score.get("step"), int)
        and isinstance(score.get("selection"), int | float)
        and (report is None or isinstance(report, int | float))
    )


def read_metrics(path: pathlib.Path) -> list[dict[str, Any]]:
    """Lines with a step and a loss, the last one of a step; a line that a kill cut short is left out."""
    lines: dict[int, dict[str, Any]] = {}
    if path.exists():
        text = _text(path, "delete it, and the curves are lost")
        for number, line in enumerate(text.splitlines(), 1):
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                if number == text.count("\n") + 1:
                    continue
                raise CheckpointError(f"{path}:{number} is not JSON ({error}): remove that line") from error
            if not isinstance(value, dict):
                raise CheckpointError(f"{path}:{number} is {value!r:.40}, no JSON object: remove that line")
            if "step" in value and "loss" in value:
                if not isinstance(value["step"], int) or not isinstance(value["loss"], int | float):
                    raise CheckpointError(f"{path}:{number} has a step or a loss that is no number: remove that line")
                lines[value["step"]] = value
    return [lines[step] for step in sorted(lines)]


def _text(path: pathlib.Path, remedy: str) -> str:
    """A file of the run. Raises `CheckpointError`, which ends in `remedy`, for what cannot be read or is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as text ({error}): {remedy}") from error
