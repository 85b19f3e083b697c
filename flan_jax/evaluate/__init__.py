"""Judging: metrics, held-out evaluation, the rule that picks the checkpoint, and the report."""

from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.evaluator import Evaluator
from flan_jax.evaluate.metrics import METRICS, Metric, get_metric, register_metric
from flan_jax.evaluate.results import EvalResults, TaskResult, append_results, normalised_average, read_results
from flan_jax.evaluate.select import RULE, Selection, select, write_selected

__all__ = [
    "METRICS",
    "RULE",
    "EvalConfig",
    "EvalResults",
    "Evaluator",
    "Metric",
    "Selection",
    "TaskResult",
    "append_results",
    "get_metric",
    "normalised_average",
    "read_results",
    "register_metric",
    "select",
    "write_selected",
]
