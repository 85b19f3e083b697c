"""A run on disk, read back: what `fj.train` returns and `fj.plot` draws."""

from __future__ import annotations

import dataclasses
import os
import pathlib

from flan_jax.checkpoints.find import read_selected_step
from flan_jax.core.errors import counted
from flan_jax.evaluate import EvalResults, read_results
from flan_jax.evaluate.select import EVALS_FILE
from flan_jax.report.page import html, table
from flan_jax.report.run_data import read_metrics
from flan_jax.report.tables import percent
from flan_jax.workflows.arguments import as_path
from flan_jax.workflows.loading import open_model
from flan_jax.workflows.model import Model

MOST_COLUMNS = 8  # of metrics in a notebook's table

__all__ = ["TrainedRun"]


@dataclasses.dataclass(frozen=True, init=False)
class TrainedRun:
    """A run on disk: what `train` returns, and `TrainedRun("runs/mine")` of one that is there already.

    Attributes:
      folder: its checkpoints, logs, results, and report.html where it was judged.
    """

    folder: pathlib.Path

    def __init__(self, folder: str | os.PathLike[str]):
        object.__setattr__(self, "folder", pathlib.Path(as_path("folder", folder, "a run's folder, such as runs/demo")))

    @property
    def selected(self) -> int | None:
        """The step whose weights the rule picked; None for a run that was stopped before its end."""
        return read_selected_step(self.folder)

    @property
    def results(self) -> list[EvalResults]:
        """What was found at every evaluation, in order of steps; empty for a run that was not judged."""
        path = self.folder / EVALS_FILE
        return read_results(path) if path.exists() else []

    @property
    def losses(self) -> dict[int, float]:
        """Step -> training loss, nats a target token, as logged."""
        return {int(line["step"]): float(line["loss"]) for line in read_metrics(self.folder / "metrics.jsonl")}

    def model(self) -> Model:
        """The selected weights, else the newest checkpoint's."""
        return open_model(self.folder)

    def _repr_html_(self) -> str:
        """A line an evaluation, for a notebook: what the checkpoint is picked by and, of a few tasks, every metric."""
        results, selected = self.results, self.selected
        if not results:
            return html("<b>{}</b>: not judged; {}", self.folder, counted(max(self.losses, default=0), "step"))
        names = dict.fromkeys((task, metric) for r in results for task, t in r.tasks.items() for metric in t.metrics)
        shown = list(names) if len(names) <= MOST_COLUMNS else []
        rows = []
        for r in results:
            step = f"{r.step:,}{' (selected)' if r.step == selected else ''}"
            found = [r.tasks[task].metrics.get(metric) if task in r.tasks else None for task, metric in shown]
            scores = (r.average("selection"), *found)
            rows.append([step, *("" if score is None else percent(score) for score in scores)])
        header = ["step", "normalised average", *(f"{task}, {metric}" for task, metric in shown)]
        scores_table = table(header, rows, num_words=0, caption="held-out scores, percent")
        return html("<b>{}</b>{}", self.folder, scores_table)
