"""What `fj.evaluate` found, as numbers and as a table."""

from __future__ import annotations

import dataclasses

from flan_jax.evaluate import EvalResults
from flan_jax.report import task_table, to_markdown

__all__ = ["Evaluation", "Table"]


class Table(str):
    """A table in Markdown, which a notebook shows as a table and `print` as text."""

    def __repr__(self) -> str:
        return str(self)

    def _repr_markdown_(self) -> str:
        return str(self)


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found.

    Attributes:
      benchmarks: results of benchmarks, as `flan-jax eval --suite` writes them; None where none was asked.
      tasks: results of tasks and mixtures, as `flan-jax eval --mixture` writes them; None where none was asked.
    """

    benchmarks: EvalResults | None = None
    tasks: EvalResults | None = None

    @property
    def scores(self) -> dict[str, float]:
        """Benchmark ("mmlu:direct") or task -> score in [0, 1], by its first metric. `tasks.tasks[NAME].metrics` has
        the others."""
        found = [results for results in (self.benchmarks, self.tasks) if results is not None]
        return {name: task.score for results in found for name, task in results.tasks.items()}

    def table(self) -> Table:
        """Scores with intervals, chance and what was published, in Markdown."""
        parts = [] if self.benchmarks is None else [to_markdown(self.benchmarks)]
        return Table("\n\n".join(parts + ([] if self.tasks is None else [task_table(self.tasks)])))
