"""One decoder position at a time of an encoder-decoder of a decoder-only model's layers: as `models.incremental` of T5,
with its cache. Keys and values have G heads each, and positions are what the decoder has generated so far."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from flan_jax.models.decoder import rotations_of
from flan_jax.models.encoder_decoder import CrossDecoderLayer, EncoderDecoder
from flan_jax.models.encoder_decoder_config import EncoderDecoderConfig
from flan_jax.models.incremental import DecodeCache, LayerCache, layer_params_of
from flan_jax.models.layers import apply
from flan_jax.models.model import Params
from flan_jax.models.soft_prompt import mask_with_prompt
from flan_jax.models.windows import with_window

__all__ = ["decode_step", "init_decode_cache"]


def init_decode_cache(
    config: EncoderDecoderConfig,
    params: Params,
    encoded_BLD: jax.Array,
    encoder_mask_BL: jax.Array,
    max_decode_len: int,
    num_copies: int = 1,
) -> DecodeCache:
    """An empty cache for up to `max_decode_len` positions over one encoded batch.

    Args:
      config, params: as in `forward`.
      encoded_BLD: from `encode`.
      encoder_mask_BL: true (or not 0) at input positions that are not padding.
      max_decode_len: the longest output, in tokens; writing beyond it overwrites the last position.
      num_copies: outputs an input.
    """
    shape = (encoded_BLD.shape[0] * num_copies, config.num_kv_heads, max_decode_len, config.head_dim)
    empty_NGTK = jnp.zeros(shape, config.compute_dtype)
    layers = []
    for layer_params in layer_params_of(params):
        cross_k_BGLK, cross_v_BGLK = apply(
            CrossDecoderLayer(config), layer_params, encoded_BLD, method="cross_keys_and_values"
        )
        layers.append(LayerCache(empty_NGTK, empty_NGTK, cross_k_BGLK, cross_v_BGLK))
    mask_BL = mask_with_prompt(encoder_mask_BL != 0, encoded_BLD.shape[1])
    return DecodeCache(jnp.zeros((), jnp.int32), tuple(layers), mask_BL, biases=())


def decode_step(
    config: EncoderDecoderConfig, params: Params, cache: DecodeCache, tokens_N: jax.Array
) -> tuple[jax.Array, DecodeCache]:
    """Feeds one token a row (the start id first); logits of the next one, float32 [N, V], and the cache after it.

    Args:
      config: the model.
      params: its parameters.
      tokens_N: int32, one token a row.
    """
    slots_1T = jnp.arange(cache.layers[0].self_k_NHTK.shape[2])[None]
    position_11 = cache.position[None, None]
    # Slots that are still empty hold zeros, which would be read as keys.
    masks = with_window(config, (slots_1T <= position_11)[None, None], position_11, slots_1T)
    rotations = rotations_of(config, position_11)
    cross_mask_B11L = cache.cross_mask_BL[:, None, None]

    whole_params = _without_layers(params)
    y_N1D = apply(EncoderDecoder(config), whole_params, tokens_N[:, None], method="embed_target")
    layers = []
    for number, (layer, layer_params) in enumerate(zip(cache.layers, layer_params_of(params), strict=True)):
        y_N1D, self_k_NGTK, self_v_NGTK = apply(
            CrossDecoderLayer(config),
            layer_params,
            y_N1D,
            number,
            cache.position,
            *layer,
            rotations,
            masks,
            cross_mask_B11L,
            method="step",
        )
        layers.append(layer._replace(self_k_NHTK=self_k_NGTK, self_v_NHTK=self_v_NGTK))
    logits_N1V = apply(EncoderDecoder(config), whole_params, y_N1D, method="normed_logits")
    return logits_N1V[:, 0], cache._replace(position=cache.position + 1, layers=tuple(layers))


def _without_layers(params: Params) -> Params:
    return {**params, "decoder": {name: leaf for name, leaf in params["decoder"].items() if name != "layers"}}
