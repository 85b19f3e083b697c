"""The architectures of gguf files that are read: names of tensors, and the settings in their metadata.

What llama.cpp knows by an architecture's name and writes into no file is here: Gemma's turns of windows, and how its
largest sizes scale their queries.
"""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

import numpy as np

from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.models import DecoderConfig
from flan_jax.models.decoder_layers import stretches

FREQUENCIES = "rope_freqs.weight"
_TOP = {
    "token_embedder/embedding": "token_embd.weight",
    "decoder/decoder_norm/scale": "output_norm.weight",
    "decoder/logits_dense/kernel": "output.weight",
}
_LAYER = {
    "pre_attention_layer_norm/scale": "attn_norm.weight",
    **{
        f"attention/{ours}/{kind}": f"attn_{theirs}.{end}"
        for ours, theirs in {"query": "q", "key": "k", "value": "v", "out": "output"}.items()
        for kind, end in {"kernel": "weight", "bias": "bias"}.items()
    },
    "attention/query_norm/scale": "attn_q_norm.weight",
    "attention/key_norm/scale": "attn_k_norm.weight",
    "post_attention_layer_norm/scale": "post_attention_norm.weight",
    "pre_mlp_layer_norm/scale": "ffn_norm.weight",
    "post_mlp_layer_norm/scale": "post_ffw_norm.weight",
    "mlp/wi_0/kernel": "ffn_gate.weight",
    "mlp/wi_1/kernel": "ffn_up.weight",
    "mlp/wo/kernel": "ffn_down.weight",
}
_LAYERS = "decoder/layers/"
_GEMMA = {
    "norm_scale": "above_one",
    "norm_sides": "around",
    "mlp": "geglu",
    "embeddings_scale": "sqrt_emb_dim",
}
# Layers of the one size each of Gemma 2 and 3 whose queries are scaled by the width over the heads.
_LARGEST = {"gemma2": 46, "gemma3": 62}

__all__ = ["FREQUENCIES", "LAYOUTS", "SOME_TAKE", "Fields", "Layout", "decimal", "llama3_fields", "their_name"]


class Fields(Protocol):
    """A gguf's metadata by name."""

    def get(self, name: str, default: Any = None) -> Any: ...

    def required(self, name: str) -> Any: ...


@dataclasses.dataclass(frozen=True)
class Layout:
    """An architecture.

    Attributes:
      settings: fields of `DecoderConfig` out of the metadata, by architecture, beside those that all have.
      takes: settings in the metadata, after the architecture's name, that only some architectures have; another
        architecture's file that has one is refused.
      are_rows_permuted: whether rows of queries and keys are in llama.cpp's order, a pair's members side by side.
      are_norms_above_one: whether a norm's scale is stored with the 1 that our parameter goes without.
    """

    settings: Callable[[str, Fields], Mapping[str, Any]]
    takes: Collection[str] = ()
    are_rows_permuted: bool = False
    are_norms_above_one: bool = False


def their_name(ours: str, layer: int | None) -> str:
    """The tensor of a parameter of ours."""
    return _TOP[ours] if layer is None else f"blk.{layer}.{_LAYER[ours.removeprefix(_LAYERS)]}"


def llama3_fields(path: pathlib.Path, config: DecoderConfig, factors_P: np.ndarray) -> DecoderConfig:
    """`config` with the scaled rotation whose stretches the file holds; it names none of the settings that they were
    made of. Those of Llama 3.1 to 3.3 differ in the factor alone, which is the largest one.

    Args:
      path: the file, for messages.
      config: the model without scaling.
      factors_P: float32, what each pair's wavelength is multiplied with.
    """
    if np.all(factors_P == 1):
        return config
    if config.rope_scaling != "none":
        raise CheckpointError(
            f"{path} scales its rotations twice, by {FREQUENCIES} and by a factor of {config.rope_factor}, our model "
            f"once: import the Hugging Face folder (hf:…)"
        )
    found = config.replace(rope_scaling="llama3", rope_factor=max(1.0, round(float(factors_P.max()), 4)))
    if factors_P.shape != stretches(found).shape or not np.allclose(stretches(found), factors_P, rtol=1e-4):
        raise CheckpointError(
            f"{path}: the factors in {FREQUENCIES} are not those of Llama 3.1's scaling (over 8,192 positions, with "
            f"frequency factors 1 and 4): import the Hugging Face folder (hf:…), which says what they are"
        )
    return found


def _llama(architecture: str, fields: Fields) -> Mapping[str, Any]:
    return _scaling(architecture, fields)


def _qwen2(architecture: str, fields: Fields) -> Mapping[str, Any]:
    return {"biases": "qkv", **_scaling(architecture, fields)}


def _qwen3(architecture: str, fields: Fields) -> Mapping[str, Any]:
    return {"query_key_norm": "each_head", **_scaling(architecture, fields)}


def _gemma2(architecture: str, fields: Fields) -> Mapping[str, Any]:
    return {
        **_GEMMA,
        **_windows(architecture, fields, 2),
        "attention_softcap": decimal(fields.get(f"{architecture}.attn_logit_softcapping", 50.0)),
        "logits_softcap": decimal(fields.get(f"{architecture}.final_logit_softcapping", 30.0)),
        **_scaling(architecture, fields),
    }


def _gemma3(architecture: str, fields: Fields) -> Mapping[str, Any]:
    windows = _windows(architecture, fields, 6)
    cap = fields.get(f"{architecture}.final_logit_softcapping")
    local = {"local_rope_theta": float(fields.get(f"{architecture}.rope.freq_base_swa", 10000.0))}
    return {
        **_GEMMA,
        **windows,
        "query_key_norm": "each_head",
        "logits_softcap": decimal(cap) if cap else None,
        "rope_theta": float(fields.get(f"{architecture}.rope.freq_base", 1e6)),
        **(local if windows["window"] else {}),
        **_scaling(architecture, fields),
    }


def _windows(architecture: str, fields: Fields, every: int) -> dict[str, Any]:
    """Of a Gemma: its window, and how it scales queries."""
    depth = fields.required(f"{architecture}.block_count")
    width = fields.required(f"{architecture}.embedding_length")
    heads = fields.required(f"{architecture}.attention.head_count")
    window = fields.get(f"{architecture}.attention.sliding_window")
    return {
        "window": window,
        "global_every": every if window else None,
        "query_scalar": float(width // heads) if depth == _LARGEST[architecture] else None,
    }


def _scaling(architecture: str, fields: Fields) -> dict[str, Any]:
    """Of a rotation. A factor without a type is linear, as llama.cpp reads it, and so is the older name of one."""
    new, old = f"{architecture}.rope.scaling.factor", f"{architecture}.rope.scale_linear"
    found = {name: fields.get(name) for name in (new, old)}
    # 0 is no factor in llama.cpp.
    factors = {name: decimal(value) for name, value in found.items() if value is not None and value != 0}
    told = " and ".join(f"{name} {value}" for name, value in factors.items())
    kind = fields.get(f"{architecture}.rope.scaling.type", "linear" if factors else "none")
    if kind not in ("none", "linear"):
        raise ConfigError(f"it scales its rotations as {kind}; our model takes linear scaling and Llama 3.1's")
    if len(set(factors.values())) > 1:
        raise ConfigError(f"it has {told}, two factors of one rotation: import its Hugging Face folder (hf:…)")
    magnitude = fields.get(f"{architecture}.rope.scaling.attn_factor", 1.0)
    if magnitude != 1:
        raise ConfigError(f"it has {architecture}.rope.scaling.attn_factor {decimal(magnitude)}, our rotations have 1")
    if kind == "none":
        if set(factors.values()) - {1.0}:
            raise ConfigError(
                f"it has {told}, and {architecture}.rope.scaling.type none: import its Hugging Face folder (hf:…)"
            )
        return {}
    factor = next(iter(factors.values()), None)
    if factor is None:
        factor = decimal(fields.required(new))
    return {} if factor == 1 else {"rope_scaling": "linear", "rope_factor": factor}


def decimal(value: float) -> float:
    """The decimal that was stored as float32: 1e-5 rather than 9.999999747378752e-06."""
    return float(f"{value:.6g}")


_WINDOW, _CAPS = "attention.sliding_window", ("attn_logit_softcapping", "final_logit_softcapping")
LAYOUTS: Mapping[str, Layout] = {
    "llama": Layout(_llama, are_rows_permuted=True),
    "qwen2": Layout(_qwen2),
    "qwen3": Layout(_qwen3),
    "gemma2": Layout(_gemma2, (_WINDOW, *_CAPS), are_norms_above_one=True),
    "gemma3": Layout(_gemma3, (_WINDOW, _CAPS[1]), are_norms_above_one=True),
}
# Settings that only those take who say so.
SOME_TAKE = (_WINDOW, *_CAPS)
