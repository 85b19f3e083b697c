"""Benchmarks scored as their papers did: any model with the methods of `LanguageModel`, answers kept in a journal."""

from flan_jax.evaluate.suite.config import SELF_CONSISTENCY, SuiteConfig
from flan_jax.evaluate.suite.jax_model import JaxLanguageModel
from flan_jax.evaluate.suite.journal import Journal
from flan_jax.evaluate.suite.language_model import Generated, GenerateRequest, LanguageModel, Ranked, RankRequest
from flan_jax.evaluate.suite.results import BenchmarkResult, GroupResult, SubtaskResult, SuiteResults
from flan_jax.evaluate.suite.runner import run_suite

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
]
