"""Judging: metrics, held-out evaluation, the rule that picks the checkpoint, and the report."""

from flan_jax.evaluate.config import EvalConfig

__all__ = ["EvalConfig"]
