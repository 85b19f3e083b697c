"""A run on disk, read back: what `fj.train` returns and `fj.plot` draws."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib

from flan_jax.evaluate import EvalResults, read_results
from flan_jax.jobs.arguments import as_path
from flan_jax.jobs.loading import open_model
from flan_jax.jobs.model import Model
from flan_jax.report.run_data import read_metrics
from flan_jax.report.tables import percent

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
        path = self.folder / "selected.json"
        return int(json.loads(path.read_text())["step"]) if path.exists() else None

    @property
    def results(self) -> list[EvalResults]:
        """What was found at every evaluation, in order of steps; empty for a run that was not judged."""
        path = self.folder / "evals.jsonl"
        return read_results(path) if path.exists() else []

    @property
    def losses(self) -> dict[int, float]:
        """Step -> training loss, nats a target token, as logged."""
        return {int(line["step"]): float(line["loss"]) for line in read_metrics(self.folder / "metrics.jsonl")}

    def model(self) -> Model:
        """The selected weights, else the newest checkpoint's."""
        return open_model(self.folder)

    def _repr_html_(self) -> str:
        """A line an evaluation, for a notebook: every metric of every task, and what the checkpoint is picked by."""
        results, selected = self.results, self.selected
        names = dict.fromkeys((task, metric) for r in results for task, t in r.tasks.items() for metric in t.metrics)
        header = ["step", "held-out average", *(f"{task}, {metric}" for task, metric in names)]
        lines = [header]
        for r in results:
            average = r.average("selection")
            found = [r.tasks[task].metrics.get(metric) if task in r.tasks else None for task, metric in names]
            step = f"{r.step:,}{' (selected)' if r.step == selected else ''}"
            lines.append([step, *("" if value is None else percent(value) for value in (average, *found))])
        rows = [
            "".join(f"<{'td' if i else 'th'}>{cell}</{'td' if i else 'th'}>" for cell in line)
            for i, line in enumerate(lines)
        ]
        return f"<b>{self.folder}</b>, percent<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
