"""One decoder position at a time, with a cache of keys and values.

Layers are unrolled here: each has arrays of its own in the cache, which a decoding loop updates in place, where a scan
would copy a slice of every parameter and of the cache at every step.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from flan_jax.models.layers import TokenEmbedder, apply
from flan_jax.models.model import Params
from flan_jax.models.soft_prompt import mask_with_prompt
from flan_jax.models.t5 import Decoder, DecoderLayer
from flan_jax.models.t5_config import T5Config

__all__ = [
    "DecodeCache",
    "LayerCache",
    "decode_step",
    "init_decode_cache",
    "layer_params_of",
    "reorder_copies",
    "unstack_decoder_layers",
]


class LayerCache(NamedTuple):
    """Keys and values of one decoder layer, batch axis first: T is the longest output, L the input's length.

    B inputs have N = B * num_copies outputs, those of an input side by side (samples, beams): what is read of the
    input is there once.
    """

    self_k_NHTK: jax.Array
    self_v_NHTK: jax.Array
    cross_k_BHLK: jax.Array
    cross_v_BHLK: jax.Array


class DecodeCache(NamedTuple):
    """What `decode_step` reads and returns: a tree of arrays, fit for `lax.while_loop`."""

    position: jax.Array  # int32 scalar: the next one to write
    layers: tuple[LayerCache, ...]
    cross_mask_BL: jax.Array
    biases: tuple[jax.Array, ...]  # by offset [H, R], see RelativeBias: of all layers, or of each


def init_decode_cache(
    config: T5Config,
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
    num_rows = encoded_BLD.shape[0] * num_copies
    empty_NHTK = jnp.zeros((num_rows, config.num_heads, max_decode_len, config.head_dim), config.compute_dtype)
    layers = []
    for layer_params in layer_params_of(params):
        cross_k_BHLK, cross_v_BHLK = apply(
            DecoderLayer(config), layer_params, encoded_BLD, method="cross_keys_and_values"
        )
        layers.append(LayerCache(empty_NHTK, empty_NHTK, cross_k_BHLK, cross_v_BHLK))
    if config.position_bias == "each_stack":
        biases = [apply(Decoder(config), params["decoder"], max_decode_len, method="bias_by_offset")]
    else:
        biases = [
            apply(DecoderLayer(config), layer_params, max_decode_len, method="bias_by_offset")
            for layer_params in layer_params_of(params)
        ]
    mask_BL = mask_with_prompt(encoder_mask_BL != 0, encoded_BLD.shape[1])
    return DecodeCache(jnp.zeros((), jnp.int32), tuple(layers), mask_BL, tuple(biases))


def decode_step(
    config: T5Config, params: Params, cache: DecodeCache, tokens_N: jax.Array
) -> tuple[jax.Array, DecodeCache]:
    """Feeds one token a row (the start id 0 first); logits of the next one, float32 [N, V], and the cache after it.

    Args:
      config: the model.
      params: its parameters.
      tokens_N: int32, one token a row.
    """
    max_decode_len = cache.layers[0].self_k_NHTK.shape[2]
    offset = max_decode_len - 1 - cache.position  # the bias's entry for key 0
    biases = [
        jax.lax.dynamic_slice_in_dim(bias_HR, offset, max_decode_len, axis=1)[:, None] for bias_HR in cache.biases
    ]
    biases *= len(cache.layers) // len(biases)
    # Slots that are still empty hold zeros, which would be read as keys.
    self_mask_111T = (jnp.arange(max_decode_len) <= cache.position)[None, None, None]
    cross_mask_B11L = cache.cross_mask_BL[:, None, None]

    y_N1D = apply(TokenEmbedder(config), params["token_embedder"], tokens_N[:, None])
    layers = []
    for layer, layer_params, bias_H1T in zip(cache.layers, layer_params_of(params), biases, strict=True):
        y_N1D, self_k_NHTK, self_v_NHTK = apply(
            DecoderLayer(config),
            layer_params,
            y_N1D,
            cache.position,
            *layer,
            bias_H1T,
            self_mask_111T,
            cross_mask_B11L,
            method="step",
        )
        layers.append(layer._replace(self_k_NHTK=self_k_NHTK, self_v_NHTK=self_v_NHTK))
    table_VD = params["token_embedder"]["embedding"]  # the output matrix where outputs are tied
    logits_N1V = apply(Decoder(config), params["decoder"], y_N1D, table_VD, method="normed_logits")
    return logits_N1V[:, 0], cache._replace(position=cache.position + 1, layers=tuple(layers))


def reorder_copies(cache: DecodeCache, rows_N: jax.Array) -> DecodeCache:
    """The cache whose row r was row `rows_N[r]`, which must be an output of the same input: what beams do."""
    layers = tuple(
        layer._replace(
            self_k_NHTK=jnp.take(layer.self_k_NHTK, rows_N, axis=0),
            self_v_NHTK=jnp.take(layer.self_v_NHTK, rows_N, axis=0),
        )
        for layer in cache.layers
    )
    return cache._replace(layers=layers)


def unstack_decoder_layers(params: Params) -> Params:
    """`params` with the decoder's layers as a tuple of trees, which `decode_step` takes as well.

    For a decoding loop: a slice of the stacked arrays inside the loop is a copy of every decoder weight at every step,
    outside it is one a batch. The barrier keeps XLA from moving the slices back in.
    """
    layers = jax.lax.optimization_barrier(tuple(layer_params_of(params)))
    return {**params, "decoder": {**params["decoder"], "layers": layers}}


def layer_params_of(params: Params) -> list[dict[str, Any]]:
    """Each layer's parameters of a decoder, stacked or from `unstack_decoder_layers`."""
    layers = params["decoder"]["layers"]
    if isinstance(layers, tuple):
        return list(layers)
    return [jax.tree.map(lambda leaf, i=i: leaf[i], layers) for i in range(len(jax.tree.leaves(layers)[0]))]
