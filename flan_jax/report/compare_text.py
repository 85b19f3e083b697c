"""What a comparison of runs says in words, on the terminal and on the page."""

from __future__ import annotations

from flan_jax.core.errors import counted
from flan_jax.evaluate.aggregates.statistics import Interval
from flan_jax.evaluate.compare import Comparison, RunComparison, TaskComparison
from flan_jax.report.tables import percent, percent_interval

NUM_WORDS = 4  # columns of words; those after them hold numbers
COLUMNS = (
    *("task", "verdict", "metric", "used for", "examples", "chance"),
    *("baseline", "run", "difference", "p", "p (Holm)"),
)

__all__ = ["COLUMNS", "NUM_WORDS", "average_cells", "how", "probability", "sentence", "task_cells"]


def sentence(comparison: Comparison, run: RunComparison) -> str:
    """What was found of one run, in one sentence."""
    average, config = run.difference, comparison.config
    return (
        f"{run.name} is better than {comparison.baseline.name} on {run.count('better'):,} of "
        f"{counted(len(run.tasks), 'task')}, worse on {run.count('worse'):,}, not told apart on "
        f"{run.count('not told apart'):,} (Holm, {_share(1.0 - config.confidence)}); the normalised average is "
        f"{percent(average.mean, '+')} points ({_share(config.confidence)} interval {percent(average.low, '+')} to "
        f"{percent(average.high, '+')})"
    )


def how(comparison: Comparison) -> str:
    """How the numbers were made, in three sentences."""
    config = comparison.config
    return (
        f"Scores in percent; differences are paired by example, in {_share(config.confidence)} bootstrap intervals "
        f"(of the average: tasks and examples resampled). p is of a permutation test that exchanges the two scores of "
        f"examples at random; Holm corrects it for {counted(comparison.num_tests, 'comparison')}, so that the chance "
        f"of calling any difference one that is none is at most {_share(1.0 - config.confidence)}. "
        f"Seed {config.seed}, {config.num_resamples:,} resamples."
    )


def task_cells(task: TaskComparison) -> list[str]:
    """A task's row, as text."""
    return [
        *(task.task, task.verdict, task.metric, task.group, f"{task.n:,}"),
        *(f"{100 * task.chance:.0f}" if task.chance else "-", percent(task.baseline), percent(task.run)),
        *(_interval(task.difference, "+"), probability(task.p_value), probability(task.p_holm)),
    ]


def average_cells(run: RunComparison) -> list[str]:
    """The row of the normalised averages, as text."""
    num_examples = sum(task.n for task in run.tasks)
    return [
        *("normalised average", counted(len(run.tasks), "task"), "", "", f"{num_examples:,}", ""),
        *(_interval(run.baseline), _interval(run.run), _interval(run.difference, "+"), "", ""),
    ]


def probability(value: float) -> str:
    """A p-value with four decimals."""
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"


def _interval(interval: Interval, sign: str = "") -> str:
    return percent_interval(interval.mean, interval.low, interval.high, sign)


def _share(value: float) -> str:
    return f"{100 * value:.4g}%"
