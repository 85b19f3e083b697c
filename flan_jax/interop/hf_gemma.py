"""Gemma 2 and Gemma 3 in Hugging Face folders, and the text part of Gemma 3's folders with a vision tower.

Both norm what goes into a branch and what comes out of it, keep norms' scales less 1, and take turns with layers that
see a window: every second layer is global in Gemma 2, every sixth in Gemma 3, whose local layers have a rotation of
their own. What published config.json files leave out has the values of transformers' own defaults.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from flan_jax.core.errors import CheckpointError
from flan_jax.interop.hf_llama_style import (
    GLOBAL,
    HEAD,
    LOCAL,
    common_settings,
    forget_frequencies,
    layer_kinds,
    pieces,
    read_config,
    rope_of,
    rotation_fields,
    rotation_settings,
    unlike,
    window_fields,
    wrong_settings,
)
from flan_jax.interop.tensors import SafetensorsTensors, TensorInfo
from flan_jax.models import DecoderConfig, ModelConfig

MODEL_TYPES = ("gemma3_text", "gemma3", "gemma2")
ACTIVATION = "gelu_pytorch_tanh"
_TABLE = "model.embed_tokens.weight"
# What all Gemmas are.
_GEMMA: Mapping[str, Any] = {
    "norm_scale": "above_one",
    "norm_sides": "around",
    "mlp": "geglu",
    "biases": "none",
    "embeddings_scale": "sqrt_emb_dim",
}
# transformers' own, where config.json leaves them out, as the published files do with some.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "gemma2": {"vocab_size": 256000, "max_positions": 8192, "every": 2, "scores": 50.0, "logits": 30.0},
    "gemma3_text": {"vocab_size": 262208, "max_positions": 131072, "every": 6, "scores": None, "logits": None},
}
# Where the text part's tensors stand in a folder with a vision tower: of version 4's names, and of version 5's.
_TEXT_PREFIXES = {"language_model.model.": "model.", "model.language_model.": "model.", "language_model.lm_head.": HEAD}

__all__ = ["MODEL_TYPES", "clean", "model_config", "pieces", "settings_of", "why_not"]


def model_config(path: pathlib.Path, settings: Mapping[str, Any], infos: Mapping[str, TensorInfo]) -> DecoderConfig:
    """The model of config.json; what ours cannot be is refused with its reason. `infos`: the tensors that are there."""
    kind = "gemma2" if settings["model_type"] == "gemma2" else "gemma3_text"
    text = _text(path, settings)
    defaults = _DEFAULTS[kind]
    wrong = wrong_settings(
        {name: value for name, value in text.items() if value is not None},
        {"hidden_activation": ACTIVATION, "attention_bias": False, "use_bidirectional_attention": False},
    )
    scores = text.get("attn_logit_softcapping", defaults["scores"])
    if kind == "gemma3_text" and scores is not None:
        wrong.append(f"  attn_logit_softcapping: {scores!r}, ours None, as transformers leaves it unused in a Gemma 3")
    stated = text.get("sliding_window_pattern", text.get("_sliding_window_pattern"))
    every, depth = stated or defaults["every"], text.get("num_hidden_layers", 26)
    by_pattern = [LOCAL if (i + 1) % every else GLOBAL for i in range(depth)]
    kinds = text.get("layer_types") or by_pattern
    # With an underscore transformers writes its default, whatever the layers are.
    if text.get("sliding_window_pattern") is not None and list(kinds) != by_pattern:
        wrong.append(f"  sliding_window_pattern: {stated!r}, and layer_types take other turns: leave one of them")
    windows, cannot_see = window_fields(kinds, text.get("sliding_window", 4096))
    rotation, cannot_turn = _rotations(kind, text)
    if "window" not in windows:
        rotation.pop("local_rope_theta", None)

    def fields() -> dict[str, Any]:
        head_dim = text.get("head_dim", 256)
        scalar = text.get("query_pre_attn_scalar", 256)
        return {
            "vocab_size": text.get("vocab_size", defaults["vocab_size"]),
            "emb_dim": text.get("hidden_size", 2304),
            "num_layers": depth,
            "num_heads": text.get("num_attention_heads", 8),
            "num_kv_heads": text.get("num_key_value_heads", 4),
            "head_dim": head_dim,
            "mlp_dim": text.get("intermediate_size", 9216),
            "norm_epsilon": float(text.get("rms_norm_eps", 1e-6)),
            "max_positions": text.get("max_position_embeddings", defaults["max_positions"]),
            "embeddings": "untied" if any(name.endswith(HEAD) for name in infos) else "tied",
            "query_key_norm": "none" if kind == "gemma2" else "each_head",
            "query_scalar": None if scalar == head_dim else float(scalar),
            "attention_softcap": scores,
            "logits_softcap": text.get("final_logit_softcapping", defaults["logits"]),
            **_GEMMA,
            **rotation,
            **windows,
        }

    return read_config(path, "Gemma", wrong + cannot_see + cannot_turn, fields)


def _text(path: pathlib.Path, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of the text part."""
    if settings["model_type"] != "gemma3":
        return settings
    text = settings.get("text_config")
    if not isinstance(text, dict):
        raise CheckpointError(f"{path} is a gemma3 without text_config in its config.json: copy it again")
    return text


def _rotations(kind: str, text: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Fields of both rotations, and what ours cannot be. Version 5 has `rope_parameters` by kind of layer."""
    rope = text.get("rope_parameters") or {}
    if kind == "gemma2":
        of_all, contradictory = rope_of(rope, text.get("rope_scaling"))
        fields, wrong = rotation_fields(of_all, text, 10000.0)
        return fields, contradictory + wrong
    flat = sorted(rope.keys() - {GLOBAL, LOCAL})
    if flat:
        found = ", ".join(f"{name} {rope[name]!r}" for name in flat)
        return {}, [f"  rope_parameters: {found}, ours one rotation for {GLOBAL} and one for {LOCAL}"]
    of_global, contradictory = rope_of(rope.get(GLOBAL), text.get("rope_scaling"))
    of_local, local_contradictory = rope_of(rope.get(LOCAL), None)
    beside = {"rope_theta": text["rope_local_base_freq"]} if "rope_local_base_freq" in text else {}
    fields, wrong = rotation_fields(of_global, text, 1e6)
    local_fields, local_wrong = rotation_fields(of_local, beside, 10000.0)
    local_wrong = [*local_contradictory, *local_wrong]
    if local_fields.get("rope_scaling"):
        local_wrong.append(f"  rope_parameters.{LOCAL}: {of_local!r}, ours are not scaled in layers with a window")
    return {**fields, "local_rope_theta": local_fields["rope_theta"]}, contradictory + wrong + local_wrong


def clean(tensors: SafetensorsTensors, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Gives the text part of a folder with a vision tower the names of one without, and forgets the rest; says where an
    output matrix is a copy of the token table."""
    notes = list(forget_frequencies(tensors))
    if settings["model_type"] == "gemma3":
        found = {
            name: new + name.removeprefix(old) if new != HEAD else HEAD
            for name in tensors.infos
            for old, new in _TEXT_PREFIXES.items()
            if name.startswith(old)
        }
        tensors.rename(found)
        rest = [name for name in tensors.infos if name not in {*found.values(), HEAD}]
        for name in rest:
            del tensors.infos[name]
        if rest:
            notes.append(
                f"left out {len(rest)} tensors of the vision tower, such as {min(rest)}: text is what it reads"
            )
    if HEAD in tensors.infos and np.array_equal(tensors.read(HEAD), tensors.read(_TABLE)):
        notes.append(f"{HEAD} is a copy of {_TABLE}, and is kept as a matrix of its own")
    return tuple(notes)


def why_not(config: ModelConfig) -> str | None:
    """None where transformers' Gemma 2 or 3 can be this model, else the settings in which the nearer cannot."""
    of_gemma3 = {**_GEMMA, "query_key_norm": "each_head", "attention_softcap": None}
    # Version 4 of transformers knows no other turns in Gemma 2.
    of_gemma2 = {
        **_GEMMA,
        "query_key_norm": "none",
        "rope_scaling": "none",
        "local_rope_theta": None,
        "global_every": 2,
    }
    reasons = [unlike(config, needed) for needed in (of_gemma3, of_gemma2)]
    if not isinstance(config, DecoderConfig) or config.has_encoder:
        return reasons[0]
    if config.query_scalar is not None and config.query_scalar % 1:
        return f"query_scalar {config.query_scalar}, which is a whole number there"
    if config.emb_dim % config.num_heads:
        return f"num_heads {config.num_heads}, which do not divide emb_dim {config.emb_dim}"
    return None if None in reasons else min(map(str, reasons), key=len)


def settings_of(config: DecoderConfig, dtype: str) -> dict[str, Any]:
    """config.json for transformers 4 and 5."""
    is_gemma3 = config.query_key_norm == "each_head"
    kinds = layer_kinds(config)
    settings = {
        **common_settings(
            config,
            "Gemma3ForCausalLM" if is_gemma3 else "Gemma2ForCausalLM",
            "gemma3_text" if is_gemma3 else "gemma2",
            dtype,
        ),
        "hidden_activation": ACTIVATION,
        "attention_bias": False,
        "query_pre_attn_scalar": int(config.query_scalar or config.head_dim),
        "attn_logit_softcapping": config.attention_softcap,
        "final_logit_softcapping": config.logits_softcap,
        # A number is wanted even where no layer has a window.
        "sliding_window": config.window or config.max_positions,
        "layer_types": kinds,
    }
    rope = rotation_settings(config)
    if not is_gemma3:
        return {**settings, "rope_parameters": rope}
    of_local = rope if config.local_rope_theta is None else {"rope_theta": config.local_rope_theta}
    scaling = {} if config.rope_scaling == "none" else {"rope_scaling": rope}
    return {
        **settings,
        "rope_local_base_freq": of_local["rope_theta"],
        "rope_parameters": {GLOBAL: rope, LOCAL: {"rope_type": "default", **of_local}},
        **scaling,
        "sliding_window_pattern": 1 if config.window is None else config.global_every or config.num_layers + 1,
    }
