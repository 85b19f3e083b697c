"""The feed: rates -> draws -> packing plan (lengths only) -> rows by index -> batches ahead of the step."""

from flan_jax.core.row_layout import DecoderRows
from flan_jax.data.batches import BatchReader, FedBatch, batch_at, example_ids_at, prefetch
from flan_jax.data.cache_reader import CacheReader
from flan_jax.data.plan import PackingPlan, PlanHeader, PlanSpec, TaskSummary
from flan_jax.data.planner import make_plan, steps_per_epoch
from flan_jax.data.rows import empty_batch

__all__ = [
    "BatchReader",
    "CacheReader",
    "DecoderRows",
    "FedBatch",
    "PackingPlan",
    "PlanHeader",
    "PlanSpec",
    "TaskSummary",
    "batch_at",
    "empty_batch",
    "example_ids_at",
    "make_plan",
    "prefetch",
    "steps_per_epoch",
]
