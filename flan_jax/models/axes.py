"""Logical axis names: the words that a run's rules map to mesh axes.

Parameters and activations have names of their own, so that one mesh axis may shard the width of every parameter
(`embed` on `fsdp`) and the batch of every activation (`batch` on `data` and `fsdp`) at once.
"""

from __future__ import annotations

BATCH_AXES = ("data", "fsdp")  # of the mesh: those that a batch's rows are split over
PARAMETER_AXES = (
    "layers",
    "vocab",
    "embed",
    "joined_kv",
    "mlp",
    "heads",
    "relpos_buckets",
    "kv",
    "position",
    "prompt",
    "lora_rank",
)
ACTIVATION_AXES = (
    "batch",
    "length",
    "activation_embed",
    "activation_heads",
    "activation_kv",
    "activation_mlp",
    "activation_vocab",
)

__all__ = ["ACTIVATION_AXES", "BATCH_AXES", "PARAMETER_AXES"]
