"""What folders of Llama's style share, Llama's, Qwen's and Gemma's: tensors' names, rotations, windows, settings.

A scaled rotation stands in `rope_scaling` beside `rope_theta` in folders of transformers 4, and with its base in
`rope_parameters` in those of version 5: both are read, both are written.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.interop.hf_folder import CONFIG_FILE
from flan_jax.interop.pieces import Piece, our_shapes
from flan_jax.interop.tensors import SafetensorsTensors, TensorInfo
from flan_jax.models import DecoderConfig, ModelConfig

HEAD = "lm_head.weight"
GLOBAL, LOCAL = "full_attention", "sliding_attention"

_TOP = {
    "token_embedder/embedding": "model.embed_tokens.weight",
    "decoder/decoder_norm/scale": "model.norm.weight",
    "decoder/logits_dense/kernel": HEAD,
}
_LAYER = {
    "pre_attention_layer_norm/scale": "input_layernorm.weight",
    **{
        f"attention/{ours}/{kind}": f"self_attn.{theirs}_proj.{end}"
        for ours, theirs in {"query": "q", "key": "k", "value": "v", "out": "o"}.items()
        for kind, end in {"kernel": "weight", "bias": "bias"}.items()
    },
    "attention/query_norm/scale": "self_attn.q_norm.weight",
    "attention/key_norm/scale": "self_attn.k_norm.weight",
    "mlp/wi_0/kernel": "mlp.gate_proj.weight",
    "mlp/wi_1/kernel": "mlp.up_proj.weight",
    "mlp/wo/kernel": "mlp.down_proj.weight",
}
# With norms before both branches alone, the one after attention is the one before the MLP.
_NORMS_BEFORE = {"pre_mlp_layer_norm/scale": "post_attention_layernorm.weight"}
_NORMS_AROUND = {
    "post_attention_layer_norm/scale": "post_attention_layernorm.weight",
    "pre_mlp_layer_norm/scale": "pre_feedforward_layernorm.weight",
    "post_mlp_layer_norm/scale": "post_feedforward_layernorm.weight",
}
_LAYERS = "decoder/layers/"
# Settings of a rotation by its type: those that it needs, and those that any may have.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "default": (),
    "linear": ("factor",),
    "llama3": ("factor", "low_freq_factor", "high_freq_factor"),
}
_ANY = ("rope_type", "rope_theta", "partial_rotary_factor", "original_max_position_embeddings")

__all__ = [
    "GLOBAL",
    "HEAD",
    "LOCAL",
    "common_settings",
    "forget_frequencies",
    "layer_kinds",
    "pieces",
    "read_config",
    "rope_of",
    "rotation_fields",
    "rotation_settings",
    "size_fields",
    "unlike",
    "window_fields",
    "wrong_settings",
]


def pieces(config: DecoderConfig) -> tuple[Piece, ...]:
    """Every parameter of ours beside its tensor."""
    layer_names = _LAYER | (_NORMS_AROUND if config.norm_sides == "around" else _NORMS_BEFORE)
    found = []
    for ours in sorted(our_shapes(config)):
        is_transposed = ours.endswith("/kernel")  # nn.Linear keeps [out, in]
        if ours.startswith(_LAYERS):
            theirs = layer_names[ours.removeprefix(_LAYERS)]
            found += [Piece(ours, i, f"model.layers.{i}.{theirs}", is_transposed) for i in range(config.num_layers)]
        else:
            found.append(Piece(ours, None, _TOP[ours], is_transposed))
    return tuple(found)


def wrong_settings(settings: Mapping[str, Any], fixed: Mapping[str, Any]) -> list[str]:
    """A line for each setting that is there with another value than the one that `fixed` has, which is ours."""
    found = {name: settings.get(name, ours) for name, ours in fixed.items()}
    return [f"  {name}: {found[name]!r}, ours {ours!r}" for name, ours in fixed.items() if found[name] != ours]


def read_config(
    path: pathlib.Path, name: str, wrong: Sequence[str], fields: Callable[[], Mapping[str, Any]]
) -> DecoderConfig:
    """The causal decoder of a folder. Raises `CheckpointError` for one that ours cannot be.

    Args:
      path: the folder.
      name: the family's, for the message.
      wrong: a line for each setting that ours cannot be.
      fields: gives what `DecoderConfig` takes beside what all of them have; may raise what looking up raises.
    """
    if wrong:
        raise CheckpointError(f"{path} is no {name} that ours can be; nothing was written.\n" + "\n".join(wrong))
    try:
        return DecoderConfig(
            attention="causal", prompt_end="nothing", start_id=None, dtype="float32", norm="rmsnorm", **fields()
        )
    except KeyError as error:
        raise CheckpointError(f"{path / CONFIG_FILE} has no {error}: copy it again from where it was made") from error
    except (ConfigError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path / CONFIG_FILE} is not a model that ours can be: {error}") from error


def rope_of(
    version_5: Mapping[str, Any] | None, version_4: Mapping[str, Any] | None
) -> tuple[Mapping[str, Any], list[str]]:
    """(what a rotation's settings say, a line for each that is said twice and differently).

    transformers 4 reads the one place alone and version 5 the other first, so that such a folder is two models. Which
    of `type` and `rope_type` goes first differs between versions as well.

    Args:
      version_5: `rope_parameters`, or its part for a kind of layer.
      version_4: `rope_scaling`, whose base stands beside it.
    """
    new, old = dict(version_5 or {}), dict(version_4 or {})
    wrong = []
    for rope in (new, old):
        if "type" in rope:
            kind = rope.pop("type")
            if rope.setdefault("rope_type", kind) != kind:
                wrong.append(f"  type: {kind!r}, and rope_type {rope['rope_type']!r}: leave one")
    differing = sorted(
        name for name in (new.keys() | old.keys()) - {"rope_theta"} if new and old and new.get(name) != old.get(name)
    )
    differing += [name for name in ("rope_theta",) if name in new and name in old and new[name] != old[name]]
    wrong += [
        f"  {name}: {new.get(name, 'absent')} in rope_parameters, {old.get(name, 'absent')} in rope_scaling: leave one"
        for name in differing
    ]
    return {**old, **new}, wrong


def rotation_fields(
    rope: Mapping[str, Any], settings: Mapping[str, Any], theta: float
) -> tuple[dict[str, Any], list[str]]:
    """(fields of `DecoderConfig`, a line for each setting that ours cannot be).

    Args:
      rope: of `rope_of`.
      settings: config.json, for what stands outside of it.
      theta: the base where neither says one.
    """
    kind = rope.get("rope_type", "default")
    fields: dict[str, Any] = {"rope_theta": float(rope.get("rope_theta", settings.get("rope_theta", theta)))}
    wrong = wrong_settings({**settings, **rope}, {"partial_rotary_factor": 1.0})
    if "rope_theta" in rope and settings.get("rope_theta", rope["rope_theta"]) != rope["rope_theta"]:
        wrong.append(f"  rope_theta: {settings['rope_theta']}, and {rope['rope_theta']} in rope_parameters: leave one")
    if kind not in _NEEDED:
        return fields, [*wrong, f"  rope_type: {kind!r}, ours 'default', 'linear' or 'llama3'"]
    wrong += _not_taken(kind, rope)
    missing = [name for name in _NEEDED[kind] if name not in rope]
    if missing:
        wrong += [f"  {name}: missing, which rope_type {kind!r} needs" for name in missing]
    elif kind == "linear":
        fields |= {"rope_scaling": "linear", "rope_factor": float(rope["factor"])}
    elif kind == "llama3":
        longest = settings.get("original_max_position_embeddings", settings.get("max_position_embeddings"))
        fields |= {
            "rope_scaling": "llama3",
            "rope_factor": float(rope["factor"]),
            "rope_low_freq_factor": float(rope["low_freq_factor"]),
            "rope_high_freq_factor": float(rope["high_freq_factor"]),
            "rope_original_positions": rope.get("original_max_position_embeddings", longest),
        }
    return fields, wrong


def _not_taken(kind: str, rope: Mapping[str, Any]) -> list[str]:
    """A line for each setting of a rotation that would have no effect."""
    wrong = []
    for name, value in rope.items():
        if value is None or name in (*_ANY, *_NEEDED[kind]) or (kind == "default" and name == "factor" and value == 1):
            continue
        if isinstance(value, Mapping):
            wrong.append(f"  rope_parameters.{name}: {value!r}, ours one rotation, not one by kind of layer")
        elif "rope_type" not in rope:
            wrong.append(f"  {name}: {value!r} without a rope_type, ours 'linear' or 'llama3' where one is scaled")
        else:
            takes = ", ".join(_NEEDED[kind]) or "no factor"
            wrong.append(f"  {name}: {value!r} of rope_type {kind!r}, ours takes {takes}")
    return wrong


def rotation_settings(config: DecoderConfig) -> dict[str, Any]:
    """`rope_parameters` of transformers 5; without the base it is version 4's `rope_scaling`."""
    rope: dict[str, Any] = {"rope_theta": config.rope_theta, "rope_type": "default"}
    if config.rope_scaling != "none":
        rope |= {"rope_type": config.rope_scaling, "factor": config.rope_factor}
    if config.rope_scaling == "llama3":
        rope |= {
            "low_freq_factor": config.rope_low_freq_factor,
            "high_freq_factor": config.rope_high_freq_factor,
            "original_max_position_embeddings": config.rope_original_positions,
        }
    return rope


def window_fields(kinds: Sequence[str], window: int | None) -> tuple[dict[str, Any], list[str]]:
    """(fields of `DecoderConfig`, a line where the kinds of layers do not take turns as ours do).

    Args:
      kinds: of each layer, transformers' `layer_types`.
      window: positions that a layer of the local kind sees.
    """
    if window is None or LOCAL not in kinds:
        unknown = sorted({*kinds} - {GLOBAL})
        return {}, [f"  layer_types: {', '.join(unknown)}, and sliding_window {window!r}"] if unknown else []
    every = kinds.index(GLOBAL) + 1 if GLOBAL in kinds else None
    expected = [GLOBAL if every and (i + 1) % every == 0 else LOCAL for i in range(len(kinds))]
    if list(kinds) != expected:
        return {}, [
            f"  layer_types: {', '.join(kinds)}, ours {LOCAL} in all, or in all but every second, third and so on"
        ]
    return {"window": window, "global_every": every}, []


def layer_kinds(config: DecoderConfig) -> list[str]:
    """Of each layer, transformers' `layer_types`: what `window_fields` reads."""
    every, has_window = config.global_every, config.window is not None
    return [LOCAL if has_window and (every is None or (i + 1) % every) else GLOBAL for i in range(config.num_layers)]


def size_fields(settings: Mapping[str, Any], infos: Mapping[str, TensorInfo]) -> dict[str, Any]:
    """Sizes by the names that Llama's and Qwen's config.json have for them. Raises `KeyError` for one that is missing.

    Args:
      settings: config.json.
      infos: the tensors that are there. One of them decides whether outputs are tied: versions disagree about what the
        setting means when it is absent.
    """
    num_heads = settings["num_attention_heads"]
    if HEAD not in infos and settings.get("tie_word_embeddings") is False:
        raise ValueError(
            f"tie_word_embeddings is false, and there is no {HEAD}: copy all its files anew, or say true if outputs "
            f"are tied to the embeddings"
        )
    return {
        "vocab_size": settings["vocab_size"],
        "emb_dim": settings["hidden_size"],
        "num_layers": settings["num_hidden_layers"],
        "num_heads": num_heads,
        "num_kv_heads": settings.get("num_key_value_heads") or num_heads,
        "head_dim": settings.get("head_dim") or settings["hidden_size"] // num_heads,
        "mlp_dim": settings["intermediate_size"],
        "norm_epsilon": float(settings.get("rms_norm_eps", 1e-6)),
        "embeddings": "untied" if HEAD in infos else "tied",
    }


def forget_frequencies(tensors: SafetensorsTensors) -> tuple[str, ...]:
    """Forgets the rotation's frequencies, which old folders hold; returns what to tell."""
    unread = sorted(name for name in tensors.infos if name.endswith("rotary_emb.inv_freq"))
    for name in unread:
        del tensors.infos[name]
    return tuple(f"left out {name}: it follows from rope_theta" for name in unread)


def unlike(config: ModelConfig, needed: Mapping[str, Any]) -> str | None:
    """The settings in which a model is not what it would have to be; None where there are none.

    Args:
      config: the model.
      needed: setting -> the value, or a tuple of those, that a family has; what every family here needs is added.
    """
    if not isinstance(config, DecoderConfig) or config.has_encoder:
        return "it has an encoder"
    all_need = {"norm": "rmsnorm", "block": "sequential", "position": "rope", "logits_scale": "one"}
    wrong = []
    for name, values in {**all_need, **needed}.items():
        found = getattr(config, name)
        if found not in (values if isinstance(values, tuple) else (values,)):
            wrong.append(f"{name} {found}")
    return ", ".join(wrong) or None


def common_settings(config: DecoderConfig, architecture: str, model_type: str, dtype: str) -> dict[str, Any]:
    """What config.json has in every family, for transformers 4 and 5.

    Args:
      config: the model.
      architecture: transformers' class.
      model_type: its family there.
      dtype: of the weights, as stored.
    """
    return {
        "architectures": [architecture],
        "model_type": model_type,
        "vocab_size": config.vocab_size,
        "hidden_size": config.emb_dim,
        "intermediate_size": config.mlp_dim,
        "num_hidden_layers": config.num_layers,
        "num_attention_heads": config.num_heads,
        "num_key_value_heads": config.num_kv_heads,
        "head_dim": config.head_dim,
        "rms_norm_eps": config.norm_epsilon,
        "rope_theta": config.rope_theta,
        "max_position_embeddings": config.max_positions,
        "tie_word_embeddings": config.embeddings == "tied",
        "torch_dtype": dtype,
        "use_cache": True,
    }
