"""What a folder holds of a model's scores: a run's at its selected step, or those of an evaluation of its own."""

from __future__ import annotations

import dataclasses
import functools
import os
import pathlib
from collections.abc import Mapping, Sequence

from flan_jax.checkpoints.find import read_selected_step
from flan_jax.core.errors import CheckpointError
from flan_jax.evaluate.in_training import FOLDER as SUITE_FOLDER
from flan_jax.evaluate.metrics import METRICS
from flan_jax.evaluate.results.asked import Asked, read_asked
from flan_jax.evaluate.results.eval_results import EvalResults, TaskResult
from flan_jax.evaluate.results.files import SUMMARY, read_results, read_summary
from flan_jax.evaluate.results.journal import JOURNAL
from flan_jax.evaluate.select import EVALS_FILE

EVAL_FILE = "eval.json"  # of `flan-jax eval --mixture … --out`

__all__ = ["EVAL_FILE", "Judged", "names_apart", "read_judged", "why_not_averaged"]


@dataclasses.dataclass(frozen=True)
class Judged:
    """One model's scores, and where they were found.

    Attributes:
      name: what it is called beside others.
      folder: where its files are.
      results: at the step that counts.
      how: why it is that step: "selected", "last judged", or "evaluated" for an evaluation of its own.
      journal: of the benchmarks' items; None where there is none.
    """

    name: str
    folder: pathlib.Path
    results: EvalResults
    how: str
    journal: pathlib.Path | None = None

    @property
    def title(self) -> str:
        """Name, step and why that step, in a few words."""
        if self.how == "evaluated" and not self.results.step:  # of weights that name no step
            return f"{self.name}, {self.how}"
        return f"{self.name}, step {self.results.step:,}, {self.how}"

    @functools.cached_property
    def asked(self) -> Mapping[tuple[str, str, str], Sequence[Asked]]:
        """(benchmark, format, split) -> its items, as the journal has them; read when it is asked for, which may take a
        while."""
        return {} if self.journal is None else read_asked(self.journal)


def read_judged(folder: str | os.PathLike[str], name: str = "") -> Judged:
    """A run's scores at its selected step, else at the last one that was judged; or those that `flan-jax eval … --out`
    left in a folder.

    Args:
      folder: with evals.jsonl, with summary.json, or with eval.json; where it has both of the latter, the file itself.
      name: what to call it; the folder's name by default.

    Raises `CheckpointError` for a folder with none of these, and for files that are damaged.
    """
    path = pathlib.Path(folder)
    where = path.parent if path.is_file() else path
    name = name or where.absolute().name or str(where)
    if path.is_file() and path.name in (SUMMARY, EVAL_FILE):
        return _evaluation(path, name)
    if not path.is_dir():
        raise CheckpointError(f"{path} is no folder: give a run's, such as runs/demo, or that of flan-jax eval --out")
    if (path / EVALS_FILE).exists():
        return _run(path, name)
    found = [file for file in (SUMMARY, EVAL_FILE) if (path / file).exists()]
    if len(found) > 1:
        raise CheckpointError(f"{path} holds two evaluations, {' and '.join(found)}: give one of the files")
    if not found:
        raise CheckpointError(
            f"{path} has no {EVALS_FILE} of a run that was judged, and no {SUMMARY} or {EVAL_FILE} of flan-jax eval: "
            f"give a folder that has one"
        )
    return _evaluation(path / found[0], name)


def names_apart(folders: Sequence[str | os.PathLike[str]]) -> list[str]:
    """The ends of the folders' paths, as short as tells them apart: "demo", or "demo/eval" beside another "eval"."""
    parts = [pathlib.Path(folder).absolute().parts for folder in folders]
    for length in range(1, max(map(len, parts), default=0) + 1):
        names = ["/".join(each[-length:]).lstrip("/") or "/" for each in parts]
        if len(set(names)) == len(names):
            return names
    return [str(folder) for folder in folders]


def why_not_averaged(task: TaskResult) -> str:
    """Why a task has no place in a normalised average; "" where it has one."""
    if not task.scores:
        return "it has no score an example (a benchmark that is scored by a curve, or results of before)"
    # A metric that is not registered here is taken for a usual one.
    if task.metric in METRICS and METRICS[task.metric].is_lower_better:
        return f"a better model has less of {task.metric}, so it has no place beside the others"
    return ""


def _run(folder: pathlib.Path, name: str) -> Judged:
    by_step = {results.step: results for results in read_results(folder / EVALS_FILE)}
    if not by_step:
        raise CheckpointError(f"{folder / EVALS_FILE} is empty: no evaluation has finished there yet (see EVAL_PERIOD)")
    selected = read_selected_step(folder)
    if selected is not None and selected not in by_step:
        raise CheckpointError(
            f"{folder / 'selected.json'} names step {selected}, {EVALS_FILE} has {sorted(by_step)}: "
            f"apply the rule again with flan_jax.evaluate.write_selected({str(folder)!r})"
        )
    step = max(by_step) if selected is None else selected
    journal = folder / SUITE_FOLDER / str(step) / JOURNAL
    return Judged(name, folder, by_step[step], "last judged" if selected is None else "selected", journal)


def _evaluation(file: pathlib.Path, name: str) -> Judged:
    journal = file.parent / JOURNAL if file.name == SUMMARY else None
    return Judged(name, file.parent, read_summary(file), "evaluated", journal)
