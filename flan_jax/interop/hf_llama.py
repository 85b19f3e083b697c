"""Llama's layout in Hugging Face folders: our names and settings beside transformers'.

Read are models of `LlamaForCausalLM` (Llama 1-3, SmolLM, TinyLlama and others).
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

from flan_jax.interop.hf_llama_style import (
    common_settings,
    forget_frequencies,
    pieces,
    read_config,
    rope_of,
    rotation_fields,
    rotation_settings,
    size_fields,
    unlike,
    wrong_settings,
)
from flan_jax.interop.tensors import SafetensorsTensors, TensorInfo
from flan_jax.models import DecoderConfig, ModelConfig

MODEL_TYPES = ("llama",)
# What a Llama has none of: the defaults.
PLAIN: Mapping[str, Any] = {
    "norm_scale": "whole",
    "norm_sides": "before",
    "query_scalar": None,
    "attention_softcap": None,
    "logits_softcap": None,
    "embeddings_scale": "one",
    "local_rope_theta": None,
    "mlp": "swiglu",
}

__all__ = ["MODEL_TYPES", "PLAIN", "clean", "model_config", "pieces", "settings_of", "why_not"]


def model_config(path: pathlib.Path, settings: Mapping[str, Any], infos: Mapping[str, TensorInfo]) -> DecoderConfig:
    """The model of config.json; what ours cannot be is refused with its reason. `infos`: the tensors that are there."""
    wrong = wrong_settings(
        settings, {"hidden_act": "silu", "attention_bias": False, "mlp_bias": False, "sliding_window": None}
    )
    rope, contradictory = rope_of(settings.get("rope_parameters"), settings.get("rope_scaling"))
    rotation, cannot = rotation_fields(rope, settings, 10000.0)

    def fields() -> dict[str, Any]:
        longest = settings.get("max_position_embeddings", 2048)
        return {**size_fields(settings, infos), "max_positions": longest, **rotation}

    return read_config(path, "Llama", wrong + contradictory + cannot, fields)


def clean(tensors: SafetensorsTensors, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Forgets tensors that say nothing."""
    del settings
    return forget_frequencies(tensors)


def why_not(config: ModelConfig) -> str | None:
    """None where transformers' Llama can be this model, else the settings in which it cannot."""
    return unlike(config, {**PLAIN, "biases": "none", "query_key_norm": "none", "window": None})


def settings_of(config: DecoderConfig, dtype: str) -> dict[str, Any]:
    """config.json for transformers 4 and 5."""
    rope = rotation_settings(config)
    scaling = {} if config.rope_scaling == "none" else {"rope_scaling": rope}
    return {
        **common_settings(config, "LlamaForCausalLM", "llama", dtype),
        "hidden_act": "silu",
        "rope_parameters": rope,
        **scaling,
        "attention_bias": False,
        "mlp_bias": False,
    }
