"""Qwen 2.5 and Qwen 3 in Hugging Face folders: Llama's names, with biases on queries, keys and values, or with norms of
each head's queries and keys.

Qwen 2.5's `model_type` is qwen2, as its layout is Qwen 2's. Whether a window is used says `use_sliding_window`, not
`sliding_window`, which most folders name without using it.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

from flan_jax.interop.hf_llama import PLAIN
from flan_jax.interop.hf_llama_style import (
    GLOBAL,
    LOCAL,
    common_settings,
    forget_frequencies,
    layer_kinds,
    pieces,
    read_config,
    rope_of,
    rotation_fields,
    rotation_settings,
    size_fields,
    unlike,
    window_fields,
    wrong_settings,
)
from flan_jax.interop.tensors import SafetensorsTensors, TensorInfo
from flan_jax.models import DecoderConfig, ModelConfig

MODEL_TYPES = ("qwen2", "qwen3")
# What tells the two apart.
_KINDS: Mapping[str, Mapping[str, Any]] = {
    "qwen2": {"biases": "qkv", "query_key_norm": "none"},
    "qwen3": {"biases": "none", "query_key_norm": "each_head"},
}
# transformers' own, where config.json leaves them out.
_LAST_GLOBAL_LAYERS, _WINDOW = 28, 4096

__all__ = ["MODEL_TYPES", "clean", "model_config", "pieces", "settings_of", "why_not"]


def model_config(path: pathlib.Path, settings: Mapping[str, Any], infos: Mapping[str, TensorInfo]) -> DecoderConfig:
    """The model of config.json; what ours cannot be is refused with its reason. `infos`: the tensors that are there."""
    kind = settings["model_type"]
    wrong = wrong_settings(settings, {"hidden_act": "silu", **({"attention_bias": False} if kind == "qwen3" else {})})
    rope, contradictory = rope_of(settings.get("rope_parameters"), settings.get("rope_scaling"))
    rotation, cannot = rotation_fields(rope, settings, 10000.0)
    windows, cannot_see = _windows(settings)

    def fields() -> dict[str, Any]:
        # Qwen 3's head size is one of its own, 128 where config.json leaves it out.
        head_dim = {"head_dim": settings.get("head_dim") or 128} if kind == "qwen3" else {}
        return {
            **size_fields(settings, infos),
            **head_dim,
            "max_positions": settings.get("max_position_embeddings", 32768),
            **_KINDS[kind],
            **rotation,
            **windows,
        }

    return read_config(path, "Qwen", wrong + contradictory + cannot + cannot_see, fields)


def _windows(settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    depth = settings.get("num_hidden_layers", 0)
    if not settings.get("use_sliding_window", False):
        return window_fields(settings.get("layer_types") or (), None)
    first = settings.get("max_window_layers", _LAST_GLOBAL_LAYERS)
    kinds = settings.get("layer_types") or [LOCAL if i >= first else GLOBAL for i in range(depth)]
    return window_fields(kinds, settings.get("sliding_window", _WINDOW))


def clean(tensors: SafetensorsTensors, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Forgets tensors that say nothing."""
    del settings
    return forget_frequencies(tensors)


def why_not(config: ModelConfig) -> str | None:
    """None where transformers' Qwen 2 or 3 can be this model, else the settings in which the nearer cannot."""
    reasons = [unlike(config, {**PLAIN, **kind}) for kind in _KINDS.values()]
    # Qwen 2's configuration has no head size.
    if reasons[0] is None and isinstance(config, DecoderConfig) and config.joined_kv != config.emb_dim:
        reasons[0] = f"{config.num_heads} heads of {config.head_dim} at a width of {config.emb_dim}"
    return None if None in reasons else min(map(str, reasons), key=len)


def settings_of(config: DecoderConfig, dtype: str) -> dict[str, Any]:
    """config.json for transformers 4 and 5."""
    kind = "qwen2" if config.biases == "qkv" else "qwen3"
    rope = rotation_settings(config)
    scaling = {} if config.rope_scaling == "none" else {"rope_scaling": rope}
    kinds = layer_kinds(config)
    settings = {
        **common_settings(config, f"Qwen{kind[-1]}ForCausalLM", kind, dtype),
        "hidden_act": "silu",
        "rope_parameters": rope,
        **scaling,
        "use_sliding_window": config.window is not None,
        "sliding_window": config.window,
        **({"max_window_layers": kinds.index(LOCAL)} if LOCAL in kinds else {}),
        "layer_types": kinds,
    }
    if kind == "qwen2":
        del settings["head_dim"]  # its configuration has none; transformers takes the width over the heads
        return settings
    return {**settings, "attention_bias": False}
