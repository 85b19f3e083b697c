"""T5Gemma in Hugging Face folders: the encoder-decoder that was made of a Gemma 2 (Zhang et al. 2025).

config.json has the settings of each stack in a dictionary of its own; ours has one for both, so that stacks may differ
in depth alone. Each stack has a token table, and the decoder's is that of the outputs, where these are tied.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.interop.hf_folder import CONFIG_FILE
from flan_jax.interop.hf_gemma import ACTIVATION
from flan_jax.interop.hf_llama_style import (
    GLOBAL,
    LOCAL,
    forget_frequencies,
    rope_of,
    rotation_fields,
    rotation_settings,
    window_fields,
    wrong_settings,
)
from flan_jax.interop.pieces import Piece, our_shapes
from flan_jax.interop.tensors import SafetensorsTensors, TensorInfo
from flan_jax.models import EncoderDecoderConfig, ModelConfig

MODEL_TYPES = ("t5gemma",)
HEAD = "lm_head.out_proj.weight"
TABLES = {stack: f"model.{stack}.embed_tokens.weight" for stack in ("encoder", "decoder")}
PAD_ID = 0
# What all of them are.
_T5GEMMA: Mapping[str, Any] = {
    "norm": "rmsnorm",
    "norm_scale": "above_one",
    "norm_sides": "around",
    "query_key_norm": "none",
    "mlp": "geglu",
    "biases": "none",
    "embeddings_scale": "sqrt_emb_dim",
    "logits_scale": "one",
    "rope_scaling": "none",
    "local_rope_theta": None,
}
# transformers' own, where config.json leaves them out.
_DEFAULTS: Mapping[str, Any] = {
    "vocab_size": 256000,
    "hidden_size": 2304,
    "num_hidden_layers": 26,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "intermediate_size": 9216,
    "rms_norm_eps": 1e-6,
    "max_position_embeddings": 8192,
    "query_pre_attn_scalar": 256,
    "sliding_window": 4096,
    "attn_logit_softcapping": 50.0,
    "final_logit_softcapping": 30.0,
    "bos_token_id": 2,
    "pad_token_id": PAD_ID,
}
# Those that only one stack reads, or that may differ.
_OF_DECODER = ("final_logit_softcapping", "bos_token_id", "num_hidden_layers")
_ATTENTION = {"query": "q", "key": "k", "value": "v", "out": "o"}
_MLP = {"wi_0": "gate", "wi_1": "up", "wo": "down"}
_TOP = {
    "encoder_token_embedder/embedding": TABLES["encoder"],
    "token_embedder/embedding": TABLES["decoder"],
    "encoder/encoder_norm/scale": "model.encoder.norm.weight",
    "decoder/decoder_norm/scale": "model.decoder.norm.weight",
    "decoder/logits_dense/kernel": HEAD,
}

__all__ = ["MODEL_TYPES", "clean", "model_config", "pieces", "settings_of", "tokens", "why_not"]


def _layer_names(attentions: Mapping[str, str], norms: Mapping[str, str]) -> dict[str, str]:
    """Ours -> theirs inside a layer.

    Args:
      attentions: our module -> theirs.
      norms: our branch -> theirs.
    """
    names = {
        f"{ours}/{part}/kernel": f"{theirs}.{letter}_proj.weight"
        for ours, theirs in attentions.items()
        for part, letter in _ATTENTION.items()
    }
    names |= {f"mlp/{part}/kernel": f"mlp.{theirs}_proj.weight" for part, theirs in _MLP.items()}
    for ours, theirs in {**norms, "mlp": "feedforward"}.items():
        names |= {f"{side}_{ours}_layer_norm/scale": f"{side}_{theirs}_layernorm.weight" for side in ("pre", "post")}
    return names


_LAYER = {
    "encoder": _layer_names({"attention": "self_attn"}, {"attention": "self_attn"}),
    "decoder": _layer_names(
        {"self_attention": "self_attn", "encoder_decoder_attention": "cross_attn"},
        {"self_attention": "self_attn", "cross_attention": "cross_attn"},
    ),
}


def pieces(config: EncoderDecoderConfig) -> tuple[Piece, ...]:
    """Every parameter of ours beside its tensor; of a table that both stacks share, beside both of theirs."""
    found = []
    for ours in sorted(our_shapes(config)):
        stack, _, rest = ours.partition("/layers/")
        is_transposed = ours.endswith("/kernel")  # nn.Linear keeps [out, in]
        if rest:
            depth = config.num_encoder_layers if stack == "encoder" else config.num_layers
            theirs = _LAYER[stack][rest]
            found += [Piece(ours, i, f"model.{stack}.layers.{i}.{theirs}", is_transposed) for i in range(depth)]
        else:
            found.append(Piece(ours, None, _TOP[ours], is_transposed))
    if config.token_tables == "shared":
        found.append(Piece("token_embedder/embedding", None, TABLES["encoder"]))
    return tuple(found)


def model_config(
    path: pathlib.Path, settings: Mapping[str, Any], infos: Mapping[str, TensorInfo]
) -> EncoderDecoderConfig:
    """The model of config.json; what ours cannot be is refused with its reason."""
    stacks = {name: {**_DEFAULTS, **_stack(path, settings, name)} for name in ("encoder", "decoder")}
    encoder, decoder = stacks["encoder"], stacks["decoder"]
    wrong = wrong_settings(settings, {"is_encoder_decoder": True})
    windows, rotations = {}, {}
    for name, stack in stacks.items():
        given = {key: value for key, value in stack.items() if value is not None}
        found = wrong_settings(
            given, {"hidden_activation": ACTIVATION, "attention_bias": False, "pad_token_id": PAD_ID}
        )
        rope, contradictory = rope_of(stack.get("rope_parameters"), stack.get("rope_scaling"))
        rotations[name], cannot_turn = rotation_fields(rope, stack, 10000.0)
        kinds = stack.get("layer_types") or [
            LOCAL if (i + 1) % 2 else GLOBAL for i in range(stack["num_hidden_layers"])
        ]
        windows[name], cannot_see = window_fields(kinds, stack["sliding_window"])
        wrong += [f"  {name}.{line.strip()}" for line in (*found, *contradictory, *cannot_turn, *cannot_see)]
    for key in _DEFAULTS.keys() - {*_OF_DECODER}:
        if encoder[key] != decoder[key]:
            wrong.append(
                f"  {key}: {encoder[key]!r} in the encoder, {decoder[key]!r} in the decoder, ours one for both"
            )
    for of, both in (("rotation", rotations), ("layer_types", windows)):
        if both["encoder"] != both["decoder"]:
            wrong.append(
                f"  {of}: {both['encoder']} in the encoder, {both['decoder']} in the decoder, ours one for both"
            )
    if wrong:
        raise CheckpointError(
            f"{path} is no T5Gemma that ours can be; nothing was written.\n" + "\n".join(sorted(wrong))
        )
    scalar, head_dim = decoder["query_pre_attn_scalar"], decoder["head_dim"]
    has_both = HEAD in infos and TABLES["decoder"] in infos
    try:
        return EncoderDecoderConfig(
            vocab_size=decoder["vocab_size"],
            emb_dim=decoder["hidden_size"],
            num_layers=decoder["num_hidden_layers"],
            num_encoder_layers=encoder["num_hidden_layers"],
            num_heads=decoder["num_attention_heads"],
            num_kv_heads=decoder["num_key_value_heads"],
            head_dim=head_dim,
            mlp_dim=decoder["intermediate_size"],
            norm_epsilon=float(decoder["rms_norm_eps"]),
            max_positions=decoder["max_position_embeddings"],
            query_scalar=None if scalar == head_dim else float(scalar),
            attention_softcap=decoder["attn_logit_softcapping"],
            logits_softcap=decoder["final_logit_softcapping"],
            embeddings="untied" if has_both and settings.get("tie_word_embeddings") is False else "tied",
            token_tables="each_stack",
            start_id=decoder["bos_token_id"],
            dropout_rate=float(settings.get("dropout_rate", 0.0)),
            dtype="float32",
            **{**_T5GEMMA, **rotations["decoder"], **windows["decoder"]},
        )
    except (ConfigError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path / CONFIG_FILE} is not a model that ours can be: {error}") from error


def _stack(path: pathlib.Path, settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    stack = settings.get(name)
    if not isinstance(stack, dict):
        raise CheckpointError(f"{path} is a t5gemma without {name} in its config.json: copy it again")
    return stack


def clean(tensors: SafetensorsTensors, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Gives a tied output matrix the name of the decoder's table, or forgets it where both are there. Raises
    `CheckpointError` where they differ and are said to be tied."""
    notes = list(forget_frequencies(tensors))
    if HEAD in tensors.infos and settings.get("tie_word_embeddings") is not False:
        if TABLES["decoder"] not in tensors.infos:
            tensors.rename({HEAD: TABLES["decoder"]})
            return tuple(notes)
        if not np.array_equal(tensors.read(HEAD), tensors.read(TABLES["decoder"])):
            raise CheckpointError(
                f"{tensors.path}: {HEAD} differs from {TABLES['decoder']}, and {CONFIG_FILE} ties them: say "
                f"tie_word_embeddings false there, or take one of the two out"
            )
        notes.append(f"left out {HEAD}: a copy of {TABLES['decoder']}")
        del tensors.infos[HEAD]
    return tuple(notes)


def why_not(config: ModelConfig) -> str | None:
    """None where transformers' T5Gemma can be this model, else the settings in which it cannot."""
    if not isinstance(config, EncoderDecoderConfig):
        return "it is no encoder-decoder of a decoder's layers"
    found = {name: getattr(config, name) for name in _T5GEMMA}
    wrong = [f"{name} {value}" for name, value in found.items() if value != _T5GEMMA[name]]
    if config.query_scalar is not None and config.query_scalar % 1:
        wrong.append(f"query_scalar {config.query_scalar}, which is a whole number there")
    if config.emb_dim % config.num_heads:
        wrong.append(f"num_heads {config.num_heads}, which do not divide emb_dim {config.emb_dim}")
    return ", ".join(wrong) or None


def tokens(config: EncoderDecoderConfig) -> dict[str, Any]:
    """Ids of config.json and generation_config.json beside the vocabulary's."""
    return {
        "bos_token_id": config.start_id,
        "decoder_start_token_id": config.start_id,
        "pad_token_id": PAD_ID,
    }


def settings_of(config: EncoderDecoderConfig, dtype: str) -> dict[str, Any]:
    """config.json for transformers 4 and 5."""
    return {
        "architectures": ["T5GemmaForConditionalGeneration"],
        "model_type": "t5gemma",
        "is_encoder_decoder": True,
        "vocab_size": config.vocab_size,
        "dropout_rate": config.dropout_rate,
        "tie_word_embeddings": config.embeddings == "tied",
        "torch_dtype": dtype,
        "encoder": _stack_settings(config, config.num_encoder_layers, dtype) | {"is_decoder": False},
        "decoder": _stack_settings(config, config.num_layers, dtype)
        | {"is_decoder": True, "cross_attention_hidden_size": config.emb_dim},
    }


def _stack_settings(config: EncoderDecoderConfig, depth: int, dtype: str) -> dict[str, Any]:
    every, has_window = config.global_every, config.window is not None
    return {
        "model_type": "t5_gemma_module",
        "vocab_size": config.vocab_size,
        "hidden_size": config.emb_dim,
        "intermediate_size": config.mlp_dim,
        "num_hidden_layers": depth,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "hidden_activation": ACTIVATION,
        "attention_bias": False,
        "rms_norm_eps": config.norm_epsilon,
        "rope_theta": config.rope_theta,
        "rope_parameters": rotation_settings(config),
        "max_position_embeddings": config.max_positions,
        "query_pre_attn_scalar": int(config.query_scalar or config.head_dim),
        "attn_logit_softcapping": config.attention_softcap,
        "final_logit_softcapping": config.logits_softcap,
        # A number is wanted even where no layer has a window.
        "sliding_window": config.window or config.max_positions,
        "layer_types": [LOCAL if has_window and (every is None or (i + 1) % every) else GLOBAL for i in range(depth)],
        "tie_word_embeddings": config.embeddings == "tied",
        "torch_dtype": dtype,
        "bos_token_id": config.start_id,
        "pad_token_id": PAD_ID,
    }
