"""GPT-2's layout in Hugging Face folders, which GPT-3's models share: our names and settings beside transformers'.

Its products are stored [in, out] as ours are, and queries, keys and values are one matrix, side by side.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.interop.pieces import Piece, our_shapes
from flan_jax.interop.tensors import SafetensorsTensors, TensorInfo
from flan_jax.models import DecoderConfig, ModelConfig

MODEL_TYPES = ("gpt2",)
# transformers' names of the tanh gelu.
_ACTIVATIONS = ("gelu_new", "gelu_pytorch_tanh", "gelu_fast")
_PREFIX = "transformer."
_TABLE, _HEAD = "transformer.wte.weight", "lm_head.weight"

_TOP = {
    "token_embedder/embedding": _TABLE,
    "decoder/position_embedder/embedding": "transformer.wpe.weight",
    "decoder/decoder_norm/scale": "transformer.ln_f.weight",
    "decoder/decoder_norm/bias": "transformer.ln_f.bias",
}
_LAYER = {
    "pre_attention_layer_norm": ("ln_1", None),
    "attention/query": ("attn.c_attn", (0, 3)),
    "attention/key": ("attn.c_attn", (1, 3)),
    "attention/value": ("attn.c_attn", (2, 3)),
    "attention/out": ("attn.c_proj", None),
    "pre_mlp_layer_norm": ("ln_2", None),
    "mlp/wi": ("mlp.c_fc", None),
    "mlp/wo": ("mlp.c_proj", None),
}
_LAYERS = "decoder/layers/"

__all__ = ["MODEL_TYPES", "clean", "model_config", "pieces", "settings_of", "why_not"]


def pieces(config: DecoderConfig) -> tuple[Piece, ...]:
    """Every parameter of ours beside its tensor in transformers' GPT-2."""
    found = []
    for ours in sorted(our_shapes(config)):
        if not ours.startswith(_LAYERS):
            found.append(Piece(ours, None, _TOP[ours]))
            continue
        module, _, kind = ours.removeprefix(_LAYERS).rpartition("/")
        theirs, part = _LAYER[module]
        end = "bias" if kind == "bias" else "weight"
        found += [Piece(ours, i, f"transformer.h.{i}.{theirs}.{end}", part=part) for i in range(config.num_layers)]
    return tuple(found)


def model_config(path: pathlib.Path, settings: Mapping[str, Any], infos: Mapping[str, TensorInfo]) -> DecoderConfig:
    """The model of config.json; what ours cannot be is refused with its reason."""
    del infos
    fixed = {
        "scale_attn_weights": (settings.get("scale_attn_weights", True), True),
        "scale_attn_by_inverse_layer_idx": (settings.get("scale_attn_by_inverse_layer_idx", False), False),
        "add_cross_attention": (settings.get("add_cross_attention", False), False),
        "tie_word_embeddings": (settings.get("tie_word_embeddings", True), True),
    }
    wrong = [f"  {name}: {found!r}, ours {ours!r}" for name, (found, ours) in fixed.items() if found != ours]
    activation = settings.get("activation_function", "gelu_new")
    if activation not in _ACTIVATIONS:
        wrong.append(f"  activation_function: {activation!r}, ours one of {', '.join(_ACTIVATIONS)}")
    if wrong:
        raise CheckpointError(f"{path} is no GPT-2 that ours can be; nothing was written.\n" + "\n".join(wrong))
    try:
        width, num_heads = settings["n_embd"], settings["n_head"]
        return DecoderConfig(
            vocab_size=settings["vocab_size"],
            emb_dim=width,
            num_layers=settings["n_layer"],
            num_heads=num_heads,
            num_kv_heads=num_heads,
            head_dim=width // num_heads,
            mlp_dim=settings.get("n_inner") or 4 * width,
            norm="layernorm",
            norm_epsilon=float(settings.get("layer_norm_epsilon", 1e-5)),
            mlp="gelu",
            position="learned",
            max_positions=settings.get("n_positions", 1024),
            biases="all",
            embeddings="tied",
            attention="causal",
            prompt_end="nothing",
            start_id=None,
            dropout_rate=float(settings.get("resid_pdrop", 0.1)),
            dropout_sites="residual",
            dtype="float32",
        )
    except KeyError as error:
        raise CheckpointError(f"{path / 'config.json'} has no {error}: copy it again from where it was made") from error
    except (ConfigError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path / 'config.json'} is not a model that ours can be: {error}") from error


def clean(tensors: SafetensorsTensors, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Names without `transformer.`, as OpenAI's own files have them, get it; causal masks and a copied output matrix
    are forgotten."""
    del settings
    bare = [name for name in tensors.infos if not name.startswith((_PREFIX, "lm_head."))]
    tensors.rename({name: _PREFIX + name for name in bare})
    notes = []
    for name in sorted(tensors.infos):
        if re.search(r"\.attn\.(bias|masked_bias)$", name):
            notes.append(f"left out {name}: a causal mask")
            del tensors.infos[name]
        elif name == _HEAD and _TABLE in tensors.infos:
            if not np.array_equal(tensors.read(name), tensors.read(_TABLE)):
                raise CheckpointError(
                    f"{tensors.path}: {name} differs from {_TABLE}, to which GPT-2's outputs are tied"
                )
            notes.append(f"left out {name}: a copy of {_TABLE}")
            del tensors.infos[name]
    return tuple(notes)


def why_not(config: ModelConfig) -> str | None:
    """None where transformers' GPT-2 can be this model, else the settings in which it cannot."""
    if not isinstance(config, DecoderConfig) or config.has_encoder:
        return "it has an encoder"
    needed = {
        "norm": "layernorm",
        "block": "sequential",
        "mlp": "gelu",
        "position": "learned",
        "biases": "all",
        "embeddings": "tied",
        "logits_scale": "one",
        "num_kv_heads": config.num_heads,
        "joined_kv": config.emb_dim,
    }
    wrong = [f"{name} {getattr(config, name)}" for name, value in needed.items() if getattr(config, name) != value]
    return ", ".join(wrong) or None


def settings_of(config: DecoderConfig, dtype: str) -> dict[str, Any]:
    """config.json for transformers 4 and 5."""
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": config.vocab_size,
        "n_embd": config.emb_dim,
        "n_head": config.num_heads,
        "n_layer": config.num_layers,
        "n_inner": config.mlp_dim,
        "n_positions": config.max_positions,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": config.norm_epsilon,
        "resid_pdrop": config.dropout_rate,
        "embd_pdrop": 0.0,
        "attn_pdrop": 0.0,
        "tie_word_embeddings": True,
        "torch_dtype": dtype,
        "use_cache": True,
    }
