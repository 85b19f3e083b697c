"""Benchmarks scored as their papers did: any model with the methods of `LanguageModel`, answers kept in a journal."""

from flan_jax.evaluate.suite_config import SELF_CONSISTENCY, SuiteConfig
from flan_jax.evaluate.jax_model import JaxLanguageModel
from flan_jax.evaluate.journal import Journal
from flan_jax.evaluate.requests import Generated, GenerateRequest, LanguageModel, Ranked, RankRequest
from flan_jax.evaluate.suite_results import BenchmarkResult, GroupResult, SubtaskResult, SuiteResults
from flan_jax.evaluate.runner import run_suite
from flan_jax.evaluate.suite.tables import to_markdown, write_results

__all__ = [
    "SELF_CONSISTENCY",
    "BenchmarkResult",
    "GenerateRequest",
    "Generated",
    "GroupResult",
    "JaxLanguageModel",
    "Journal",
    "LanguageModel",
    "RankRequest",
    "Ranked",
    "SubtaskResult",
    "SuiteConfig",
    "SuiteResults",
    "run_suite",
    "to_markdown",
    "write_results",
]
