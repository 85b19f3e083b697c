"""T5 in Hugging Face folders: T5 1.0, T5 1.1, its LM-adapted and Flan descendants, mT5, UMT5, UL2.

Versions 4 and 5 of transformers write different things about the output matrix. Version 4 says
`tie_word_embeddings: false` for T5 1.1. Version 5 says `true` beside a separate `lm_head.weight`, and whether outputs
are scaled in `scale_decoder_outputs`. So the tensor decides; what is written for a matrix of its own says `false`, for
a tied one (T5 1.0) `true` without the tensor, which both read right.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.interop.hf_folder import CONFIG_FILE
from flan_jax.interop.pieces import Piece, our_shapes
from flan_jax.interop.tensors import SafetensorsTensors, TensorInfo
from flan_jax.models import ModelConfig, T5Config
from flan_jax.models.layers import NORM_EPSILON
from flan_jax.models.t5_config import Activation

MODEL_TYPES = ("t5", "mt5", "umt5")

_ATTENTION = {"query": "q", "key": "k", "value": "v", "out": "o"}
_MLP = ("wi", "wi_0", "wi_1", "wo")
# transformers' names of an MLP's activations ("gelu" is ours and T5's: the tanh approximation).
_FEED_FORWARD: Mapping[str, tuple[Activation, ...]] = {
    "relu": ("relu",),
    "gated-gelu": ("gelu", "linear"),
    "gated-gelu_new": ("gelu", "linear"),
    "gated-silu": ("silu", "linear"),
    "gated-relu": ("relu", "linear"),
}

__all__ = ["MODEL_TYPES", "TOKENS", "clean", "model_config", "pieces", "settings_of", "why_not"]


def pieces(config: T5Config) -> tuple[Piece, ...]:
    """Every parameter of ours beside its tensor in transformers' T5."""
    found = []
    for ours in sorted(our_shapes(config)):
        stack, _, rest = ours.partition("/layers/")
        # nn.Linear keeps [out, in], the bias [bucket, head].
        transposed = not ours.endswith(("/scale", "/embedding"))
        if not rest:
            found.append(Piece(ours, None, _TOP[ours], transposed))
            continue
        depth = config.num_encoder_layers if stack == "encoder" else config.num_decoder_layers
        theirs = _BIAS if rest == "relpos_bias/rel_embedding" else _LAYER[stack][rest]
        found += [Piece(ours, i, f"{stack}.block.{i}.layer.{theirs}", transposed) for i in range(depth)]
    return tuple(found)


_BIAS = "0.SelfAttention.relative_attention_bias.weight"
_TOP = {
    "token_embedder/embedding": "shared.weight",
    "decoder/logits_dense/kernel": "lm_head.weight",
    **{f"{s}/{s}_norm/scale": f"{s}.final_layer_norm.weight" for s in ("encoder", "decoder")},
    **{f"{s}/relpos_bias/rel_embedding": f"{s}.block.0.layer.{_BIAS}" for s in ("encoder", "decoder")},
}


def _layer_names(sublayers: tuple[tuple[str, str, str], ...]) -> dict[str, str]:
    """Ours -> theirs after `layer.`, of sublayers (our norm, our module, their module)."""
    names = {}
    for i, (norm, ours, theirs) in enumerate(sublayers):
        names[f"{norm}/scale"] = f"{i}.layer_norm.weight"
        parts = dict.fromkeys(_MLP) if ours == "mlp" else _ATTENTION
        names |= {f"{ours}/{part}/kernel": f"{i}.{theirs}.{letter or part}.weight" for part, letter in parts.items()}
    return names


_LAYER = {
    "encoder": _layer_names(
        (
            ("pre_attention_layer_norm", "attention", "SelfAttention"),
            ("pre_mlp_layer_norm", "mlp", "DenseReluDense"),
        )
    ),
    "decoder": _layer_names(
        (
            ("pre_self_attention_layer_norm", "self_attention", "SelfAttention"),
            ("pre_cross_attention_layer_norm", "encoder_decoder_attention", "EncDecAttention"),
            ("pre_mlp_layer_norm", "mlp", "DenseReluDense"),
        )
    ),
}


def model_config(path: pathlib.Path, settings: Mapping[str, Any], infos: Mapping[str, TensorInfo]) -> T5Config:
    """The model of config.json; what ours cannot be is refused with its reason."""
    # Version 4 scales the outputs of a T5 that does not say `tie_word_embeddings: false`, but no mT5 is scaled.
    said_tied = settings.get("tie_word_embeddings") is not False and settings["model_type"] in ("t5", "umt5")
    is_tied = "lm_head.weight" not in infos
    activations = settings.get("feed_forward_proj", "relu" if settings["model_type"] == "t5" else "gated-gelu")
    # transformers takes these two over what it derives from `feed_forward_proj`.
    gate, _, activation = str(activations).rpartition("-")
    derived = {
        "dense_act_fn": "gelu_new" if activations == "gated-gelu" else activation,
        "is_gated_act": gate == "gated",
    }
    fixed = {
        **{name: (settings.get(name, value), value) for name, value in derived.items()},
        "layer_norm_epsilon": (settings.get("layer_norm_epsilon", NORM_EPSILON), NORM_EPSILON),
        "scale_decoder_outputs": (settings.get("scale_decoder_outputs", said_tied), is_tied),
        "pad_token_id": (settings.get("pad_token_id", 0), 0),
        "eos_token_id": (settings.get("eos_token_id", 1), 1),
        "decoder_start_token_id": (settings.get("decoder_start_token_id", 0), 0),
    }
    wrong = [f"  {name}: {found!r}, ours {ours!r}" for name, (found, ours) in fixed.items() if found != ours]
    if activations not in _FEED_FORWARD:
        wrong.append(f"  feed_forward_proj: {activations!r}, ours one of {', '.join(_FEED_FORWARD)}")
    if wrong:
        tied = "absent, so outputs are tied to the token table and scaled" if is_tied else "present"
        raise CheckpointError(
            f"{path} is no T5 that ours can be (lm_head.weight is {tied}); nothing was written.\n" + "\n".join(wrong)
        )
    try:
        depth = settings["num_layers"]
        return T5Config(
            vocab_size=settings["vocab_size"],
            emb_dim=settings["d_model"],
            num_heads=settings["num_heads"],
            num_encoder_layers=depth,
            num_decoder_layers=settings.get("num_decoder_layers") or depth,
            head_dim=settings["d_kv"],
            mlp_dim=settings["d_ff"],
            dropout_rate=float(settings.get("dropout_rate", 0.1)),
            dtype="float32",
            relative_attention_num_buckets=settings.get("relative_attention_num_buckets", 32),
            relative_attention_max_distance=settings.get("relative_attention_max_distance", 128),
            position_bias="each_layer" if settings["model_type"] == "umt5" else "each_stack",
            mlp_activations=_FEED_FORWARD[activations],
            logits_via_embedding=is_tied,
        )
    except KeyError as error:
        raise CheckpointError(f"{path / CONFIG_FILE} has no {error}: copy it again from where it was made") from error
    except (ConfigError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path / CONFIG_FILE} is not a model that ours can be: {error}") from error


def clean(tensors: SafetensorsTensors, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Forgets tensors that say nothing: copies of the token table, and a bias that no version of T5 reads."""
    del settings
    notes = []
    copies = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
    unread = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"
    for name in sorted(tensors.infos.keys() & {*copies, unread}):
        if name in copies and "shared.weight" in tensors.infos:
            if not np.array_equal(tensors.read(name), tensors.read("shared.weight")):
                raise CheckpointError(
                    f"{tensors.path}: {name} differs from shared.weight; our model has one token table. It is another "
                    f"model, or was damaged when it was edited"
                )
        elif name in copies:
            continue  # the missing shared.weight is reported with the rest
        notes.append(f"left out {name}: {'a copy of shared.weight' if name in copies else 'transformers ignores it'}")
        del tensors.infos[name]
    return tuple(notes)


def why_not(config: ModelConfig) -> str | None:
    """None where transformers' T5 can be this model, else the settings in which it cannot."""
    if isinstance(config, T5Config):
        return None
    return "its layers are a decoder's, with rotations" if config.has_encoder else "it has no encoder"


def _feed_forward(config: T5Config) -> str:
    for name, activations in _FEED_FORWARD.items():
        if activations == config.mlp_activations:
            return name
    raise CheckpointError(
        f"transformers has no name for an MLP of {config.mlp_activations}: it has {', '.join(_FEED_FORWARD)}"
    )


TOKENS = {"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0}


def settings_of(config: T5Config, dtype: str) -> dict[str, Any]:
    """config.json for transformers 4 and 5."""
    is_umt5 = config.position_bias == "each_layer"
    return {
        "architectures": ["UMT5ForConditionalGeneration" if is_umt5 else "T5ForConditionalGeneration"],
        "model_type": "umt5" if is_umt5 else "t5",
        "is_encoder_decoder": True,
        "vocab_size": config.vocab_size,
        "d_model": config.emb_dim,
        "d_kv": config.head_dim,
        "d_ff": config.mlp_dim,
        "num_heads": config.num_heads,
        "num_layers": config.num_encoder_layers,
        "num_decoder_layers": config.num_decoder_layers,
        "feed_forward_proj": _feed_forward(config),
        "layer_norm_epsilon": NORM_EPSILON,
        "dropout_rate": config.dropout_rate,
        "relative_attention_num_buckets": config.relative_attention_num_buckets,
        "relative_attention_max_distance": config.relative_attention_max_distance,
        "tie_word_embeddings": config.logits_via_embedding,
        "scale_decoder_outputs": config.logits_via_embedding,
        "torch_dtype": dtype,
        "use_cache": True,
        **TOKENS,
    }
