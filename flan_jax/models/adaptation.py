"""A decoder-only model as the beginning of an encoder-decoder (Zhang et al. 2025, arXiv 2504.06225, section 3).

Both stacks start as the decoder's layers, in the encoder without the causal mask. Cross-attention of each layer starts
as the layer's self-attention, with its norms. Then one trains it: before that, what cross-attention adds to the stream
is noise to the layers above it.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from flan_jax.core.errors import ConfigError
from flan_jax.models.decoder_config import DecoderConfig
from flan_jax.models.encoder_decoder_config import EncoderDecoderConfig
from flan_jax.models.family import ModelConfig
from flan_jax.models.model import Params

# What a layer of the new decoder starts as, of the old one's, whatever is there.
_OF_DECODER = {
    "self_attention": "attention",
    "encoder_decoder_attention": "attention",
    "pre_self_attention_layer_norm": "pre_attention_layer_norm",
    "pre_cross_attention_layer_norm": "pre_attention_layer_norm",
    "post_self_attention_layer_norm": "post_attention_layer_norm",
    "post_cross_attention_layer_norm": "post_attention_layer_norm",
    "mlp": "mlp",
    "pre_mlp_layer_norm": "pre_mlp_layer_norm",
    "post_mlp_layer_norm": "post_mlp_layer_norm",
}

__all__ = ["adapted_config", "adapted_params"]


def adapted_config(config: ModelConfig, start_id: int = 0) -> EncoderDecoderConfig:
    """The encoder-decoder that a decoder-only model becomes: two stacks of its depth.

    Args:
      config: the decoder-only model.
      start_id: what the new decoder reads first, where the old one's examples begin with nothing.

    Raises `ConfigError` for a model with an encoder, and for one whose layers have no place in this family: positions
    that are not rotations, and blocks that are parallel.
    """
    if config.has_encoder or not isinstance(config, DecoderConfig):
        raise ConfigError(
            f"a model of family {config.family} {'has an encoder already' if config.has_encoder else 'is no decoder'}: "
            f"give a decoder-only one, such as a Llama, Qwen or Gemma"
        )
    for name, value, needed in (("position", config.position, "rope"), ("block", config.block, "sequential")):
        if value != needed:
            raise ConfigError(
                f"a decoder whose {name} is {value} cannot be adapted, as cross-attention has no place in it that the "
                f"recipe names: give one whose {name} is {needed}, such as a Llama, Qwen or Gemma"
            )
    fields = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    fields |= {
        "attention": "causal",
        "prompt_end": "eos",
        "start_id": start_id if config.start_id is None else config.start_id,
    }
    return EncoderDecoderConfig(**fields, num_encoder_layers=config.num_layers)


def adapted_params(params: Params) -> Params:
    """The parameters of `adapted_config`'s model, out of the decoder's: the same arrays, not copied.

    Args:
      params: of the decoder-only model, layers stacked.
    """
    decoder = params["decoder"]
    layers = {new: decoder["layers"][old] for new, old in _OF_DECODER.items() if old in decoder["layers"]}
    adapted: dict[str, Any] = {
        "token_embedder": params["token_embedder"],
        "encoder": {"layers": decoder["layers"], "encoder_norm": decoder["decoder_norm"]},
        "decoder": {**decoder, "layers": layers},
    }
    return adapted
