"""Judging: held-out tasks and benchmarks, asked, scored and averaged by one engine, and the rule that picks the
checkpoint.

A question becomes a request (`language_models/requests.py`), a model's answer to it a record with its metrics
(`results/record.py`, `metrics/`), records become results (`results/`), and results numbers over many items
(`aggregates/`). `contamination/` says what a model may have seen before. docs/evaluation.md, docs/benchmarks.md.
"""

from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.evaluator import Evaluator
from flan_jax.evaluate.language_models.jax_model import JaxLanguageModel
from flan_jax.evaluate.language_models.requests import Generated, GenerateRequest, LanguageModel, Ranked, RankRequest
from flan_jax.evaluate.metrics import METRICS, Metric, get_metric, register_metric
from flan_jax.evaluate.results.eval_results import (
    EvalResults,
    GroupResult,
    SubtaskResult,
    TaskResult,
    normalised_average,
)
from flan_jax.evaluate.results.files import append_results, read_results, read_summary, write_summary
from flan_jax.evaluate.results.journal import Journal
from flan_jax.evaluate.results.record import Record
from flan_jax.evaluate.select import RULE, Selection, select, write_selected
from flan_jax.evaluate.suite import run_suite
from flan_jax.evaluate.suite_config import SELF_CONSISTENCY, SuiteConfig

__all__ = [
    "METRICS",
    "RULE",
    "SELF_CONSISTENCY",
    "EvalConfig",
    "EvalResults",
    "Evaluator",
    "GenerateRequest",
    "Generated",
    "GroupResult",
    "JaxLanguageModel",
    "Journal",
    "LanguageModel",
    "Metric",
    "RankRequest",
    "Ranked",
    "Record",
    "Selection",
    "SubtaskResult",
    "SuiteConfig",
    "TaskResult",
    "append_results",
    "get_metric",
    "normalised_average",
    "read_results",
    "read_summary",
    "register_metric",
    "run_suite",
    "select",
    "write_selected",
    "write_summary",
]
