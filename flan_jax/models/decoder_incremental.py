"""A decoder-only model with a cache of keys and values: prompts at once, then one or several positions at a time.

The cache has slots, the same ones in every row, filled from the left. A slot knows its token's position in its row,
or -1 where it holds padding or nothing: so prompts may be ragged and aligned on either side, a shared prefix may lie in
front of them, and padding changes nothing. As in `models.incremental` each layer has arrays of its own.

    logits_BV, cache = prefill(config, params, prompts_BL, lengths_B, cache_len)
    logits_BV, cache = step(config, params, cache, tokens_B)                        # and again
    logits_BLV, cache = extend(config, params, cache, answers_BL, is_real_BL)       # several at once, all logits
    cache = take_rows(cache, parents_B)                                              # beams, samples
    cache = after_prefix(config, exemplars, batch_size, cache_len)                   # exemplars: a cache of one row
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from flan_jax.core.errors import ConfigError
from flan_jax.models.decoder import DecoderLayer, DecoderOnly
from flan_jax.models.decoder_config import DecoderConfig
from flan_jax.models.layers import apply
from flan_jax.models.model import Params
from flan_jax.models.soft_prompt import prompt_ids
from flan_jax.models.windows import with_window

__all__ = [
    "DecoderCache",
    "after_prefix",
    "empty_cache",
    "extend",
    "extend_last",
    "prefill",
    "real_tokens",
    "step",
    "take_rows",
    "unstack_layers",
]


_Memory = tuple[jax.Array, jax.Array]  # a layer's keys and values, [B, G, S, K] each
# A layer: its number, its parameters, its keys and values, and those of a shared prefix.
_Layer = tuple[jax.Array | int, Any, _Memory, _Memory | None]


class DecoderCache(NamedTuple):
    """A tree of arrays, fit for `lax.while_loop`. S slots; batch axis first everywhere but in `next_slot`."""

    next_slot: jax.Array  # int32 scalar: the first free slot
    next_positions_B: jax.Array  # int32: tokens of each row so far
    slot_positions_BS: jax.Array  # int32, -1 where there is no token
    layers: tuple[_Memory, ...]  # keys and values [B, G, S, K] of each layer
    prefix: DecoderCache | None = None  # of one row: what stands before every row, in slots of its own


def empty_cache(config: DecoderConfig, batch_size: int, cache_len: int) -> DecoderCache:
    """A cache of `cache_len` slots: prompts' padding and generated tokens count; writing beyond overwrites the end."""
    if config.position == "learned" and cache_len > config.max_positions:
        raise ConfigError(
            f"a cache of {cache_len} positions, the model has {config.max_positions}: shorten prompts or generations"
        )
    zeros_BGSK = jnp.zeros((batch_size, config.num_kv_heads, cache_len, config.head_dim), config.compute_dtype)
    return DecoderCache(
        jnp.zeros((), jnp.int32),
        jnp.zeros((batch_size,), jnp.int32),
        jnp.full((batch_size, cache_len), -1, jnp.int32),
        ((zeros_BGSK, zeros_BGSK),) * config.num_layers,
    )


def real_tokens(lengths_B: jax.Array, length: int) -> jax.Array:
    """Bool [B, L] of left-aligned rows: the first `lengths_B` of each are tokens."""
    return jnp.arange(length)[None] < lengths_B[:, None]


def prefill(
    config: DecoderConfig, params: Params, tokens_BL: jax.Array, is_real_BL: jax.Array, cache_len: int
) -> tuple[jax.Array, DecoderCache]:
    """Logits after the last token of each prompt, float32 [B, V], and the cache to go on from.

    Args:
      config, params: as in `forward`; layers stacked or from `unstack_layers`.
      tokens_BL: int32 prompts, padded anywhere.
      is_real_BL: bool, false at padding; a row of padding only gets meaningless logits. Or int32 [B], the lengths of
        left-aligned prompts.
      cache_len: slots, L and what is to follow; static.

    A "prefix_lm" model sees the whole prompt from everywhere in it, so that a part of a prompt cannot be cached for
    several prompts: share prefixes with "causal" models only.
    """
    batch_size, length = tokens_BL.shape
    if length > cache_len:
        raise ConfigError(f"prompts of {length} tokens in a cache of {cache_len}: give a longer cache_len")
    is_real_BL = real_tokens(is_real_BL, length) if is_real_BL.ndim == 1 else is_real_BL
    if config.prompt_tokens:
        tokens_BL, is_real_BL = _with_soft_prompt(config, tokens_BL, is_real_BL)
        length, cache_len = tokens_BL.shape[1], cache_len + tokens_BL.shape[1] - length
    cache = empty_cache(config, batch_size, cache_len)
    x_BLD, cache = _run(config, params, cache, tokens_BL, is_real_BL, length, config.attention == "prefix_lm")
    # Padding may lie anywhere: the last token is in the slot of the largest position.
    last_B = jnp.argmax(cache.slot_positions_BS, axis=1)
    x_B1D = jnp.take_along_axis(x_BLD, last_B[:, None, None], axis=1)
    return _logits(config, params, x_B1D)[:, 0], cache


def extend(
    config: DecoderConfig, params: Params, cache: DecoderCache, tokens_BL: jax.Array, is_real_BL: jax.Array
) -> tuple[jax.Array, DecoderCache]:
    """Logits after each of several more tokens, float32 [B, L, V], each seeing what is before it; and the cache.

    Args:
      config: the model.
      params: its parameters.
      tokens_BL: int32, padded anywhere: the rest of prompts whose prefix is cached, or answers to be scored.
      is_real_BL: bool, false at padding; logits there mean nothing. Or int32 [B], the lengths of left-aligned rows.
    """
    length, num_slots = tokens_BL.shape[1], cache.slot_positions_BS.shape[1]
    is_real_BL = real_tokens(is_real_BL, length) if is_real_BL.ndim == 1 else is_real_BL
    x_BLD, cache = _run(config, params, cache, tokens_BL, is_real_BL, num_slots, is_bidirectional=False)
    return _logits(config, params, x_BLD), cache


def extend_last(
    config: DecoderConfig, params: Params, cache: DecoderCache, tokens_BL: jax.Array, lengths_B: jax.Array
) -> tuple[jax.Array, DecoderCache]:
    """`extend` by left-aligned rows of `lengths_B` tokens, at least one each; logits after the last only, [B, V].

    Args:
      config: the model.
      params: its parameters.
      cache: what the rows have read so far.
      tokens_BL: int32, the tokens of each row.
      lengths_B: int32, tokens of each row.
    """
    is_real_BL = real_tokens(lengths_B, tokens_BL.shape[1])
    num_slots = cache.slot_positions_BS.shape[1]
    x_BLD, cache = _run(config, params, cache, tokens_BL, is_real_BL, num_slots, is_bidirectional=False)
    x_B1D = jnp.take_along_axis(x_BLD, (lengths_B - 1)[:, None, None], axis=1)
    return _logits(config, params, x_B1D)[:, 0], cache


def _with_soft_prompt(
    config: DecoderConfig, tokens_BL: jax.Array, is_real_BL: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The soft prompt before each prompt, after its start id where the model has one: as examples are fed."""
    ids = prompt_ids(config.prompt_tokens)
    if config.start_id is not None:  # moved in front, wherever padding had put it
        ids = np.append(np.int32(config.start_id), ids)
        is_first_BL = is_real_BL & (jnp.cumsum(is_real_BL, axis=1) == 1)
        is_real_BL = is_real_BL & ~is_first_BL
    head_BP = jnp.broadcast_to(jnp.asarray(ids, tokens_BL.dtype), (tokens_BL.shape[0], len(ids)))
    is_real_BL = jnp.concatenate([jnp.ones_like(head_BP, bool), is_real_BL], axis=1)
    return jnp.concatenate([head_BP, tokens_BL], axis=1), is_real_BL


def step(
    config: DecoderConfig, params: Params, cache: DecoderCache, tokens_B: jax.Array
) -> tuple[jax.Array, DecoderCache]:
    """Feeds one token a row; logits of the next one, float32 [B, V], and the cache after it.

    Args:
      config: the model.
      params: its parameters.
      tokens_B: int32, one token a row.
    """
    logits_B1V, cache = extend(config, params, cache, tokens_B[:, None], jnp.ones((tokens_B.shape[0], 1), bool))
    return logits_B1V[:, 0], cache


def take_rows(cache: DecoderCache, rows_R: jax.Array) -> DecoderCache:
    """The cache of rows `rows_R` [R] of the batch, any number of times each."""

    def take(array: jax.Array) -> jax.Array:
        return jnp.take(array, rows_R, axis=0)

    return DecoderCache(
        cache.next_slot,
        take(cache.next_positions_B),
        take(cache.slot_positions_BS),
        jax.tree.map(take, cache.layers),
        cache.prefix,
    )


def after_prefix(config: DecoderConfig, prefix: DecoderCache, batch_size: int, cache_len: int) -> DecoderCache:
    """An empty cache of `cache_len` slots a row for what follows `prefix`, the cache of one row, which is not copied.

    For "causal" models only, see `prefill`.

    Args:
      config: the model.
      batch_size: B, number of rows.
    """
    cache = empty_cache(config, batch_size, cache_len)
    positions_B = jnp.broadcast_to(prefix.next_positions_B, (batch_size,))
    return cache._replace(next_positions_B=positions_B, prefix=prefix)


def unstack_layers(config: DecoderConfig, params: Params) -> Params:
    """`params` with the layers as a tuple of trees: for a decoding loop, see `incremental.unstack_decoder_layers`."""
    stacked = params["decoder"]["layers"]
    layers = tuple(jax.tree.map(lambda leaf, i=i: leaf[i], stacked) for i in range(config.num_layers))
    layers = jax.lax.optimization_barrier(layers)
    return {**params, "decoder": {**params["decoder"], "layers": layers}}


def _run(
    config: DecoderConfig,
    params: Params,
    cache: DecoderCache,
    tokens_BL: jax.Array,
    is_real_BL: jax.Array,
    num_slots: int,
    is_bidirectional: bool,
) -> tuple[jax.Array, DecoderCache]:
    """What the last layer gives for new tokens, [B, L, D], reading the first `num_slots` slots; and the cache."""
    is_real_BL = is_real_BL != 0
    # Padding takes a slot and no position: a token's position counts the tokens before it.
    counts_BL = jnp.cumsum(is_real_BL, axis=1, dtype=jnp.int32)
    positions_BL = cache.next_positions_B[:, None] + counts_BL - 1
    new_positions_BL = jnp.where(is_real_BL, positions_BL, -1)
    slot_positions_BS = jax.lax.dynamic_update_slice_in_dim(
        cache.slot_positions_BS, new_positions_BL, cache.next_slot, axis=1
    )
    # Padding before the first token would have -1, which no table of positions has.
    positions_BL = jnp.maximum(positions_BL, 0)
    keys_B1S = slot_positions_BS[:, None, :num_slots]
    if cache.prefix is not None:
        prefix_positions_BP = jnp.repeat(cache.prefix.slot_positions_BS, tokens_BL.shape[0], axis=0)
        keys_B1S = jnp.concatenate([prefix_positions_BP, slot_positions_BS], axis=1)[:, None]
    is_seen_BLS = keys_B1S >= 0
    if not is_bidirectional:
        is_seen_BLS &= keys_B1S <= positions_BL[:, :, None]
    mask_B1LS = jnp.broadcast_to(is_seen_BLS, (*tokens_BL.shape, keys_B1S.shape[-1]))[:, None]
    masks = with_window(config, mask_B1LS, positions_BL, keys_B1S[:, 0])

    embed_params = _without_layers(params)
    x_BLD, rotations = _apply(config, embed_params, tokens_BL, positions_BL, method="embed")
    bias_BHLS = None
    if config.position == "relative":
        reach = cache.slot_positions_BS.shape[1]
        reach += 0 if cache.prefix is None else cache.prefix.slot_positions_BS.shape[1]
        bias_HR = _apply(config, embed_params, reach, method="bias_by_offset")
        # Entry r of the bias belongs to offset r - (reach - 1).
        offsets_BLS = jnp.maximum(keys_B1S, 0) - positions_BL[:, :, None] + reach - 1
        bias_BHLS = jnp.moveaxis(jnp.take(bias_HR, offsets_BLS, axis=1, mode="clip"), 0, 1)

    def layer(x_BLD: jax.Array, layer: _Layer) -> tuple[jax.Array, _Memory]:
        number, layer_params, (k_BGSK, v_BGSK), prefix = layer
        x_BLD, k_BGSK, v_BGSK = apply(
            DecoderLayer(config),
            layer_params,
            x_BLD,
            number,
            cache.next_slot,
            k_BGSK,
            v_BGSK,
            rotations,
            bias_BHLS,
            masks,
            prefix,
            method="extend",
        )
        return x_BLD, (k_BGSK, v_BGSK)

    x_BLD, layers = _each_layer(layer, params, x_BLD, cache)
    cache = DecoderCache(
        cache.next_slot + tokens_BL.shape[1],
        cache.next_positions_B + counts_BL[:, -1],
        slot_positions_BS,
        layers,
        cache.prefix,
    )
    return x_BLD, cache


def _each_layer(
    layer: Callable[[jax.Array, _Layer], tuple[jax.Array, _Memory]],
    params: Params,
    x_BLD: jax.Array,
    cache: DecoderCache,
) -> tuple[jax.Array, tuple[_Memory, ...]]:
    """One layer after the other: unrolled where `params` are unstacked, else as a scan, which compiles in a fraction
    of the time and copies each layer's weights once, so that it is for long inputs and not for single tokens."""
    layer_params = params["decoder"]["layers"]
    if isinstance(layer_params, tuple):
        prefix_of_layer = (None,) * len(layer_params) if cache.prefix is None else cache.prefix.layers
        layers = []
        for number, inputs in enumerate(zip(layer_params, cache.layers, prefix_of_layer, strict=True)):
            x_BLD, memory = layer(x_BLD, (number, *inputs))
            layers.append(memory)
        return x_BLD, tuple(layers)

    def stacked(memories: tuple[_Memory, ...]) -> _Memory:
        found: _Memory = jax.tree.map(lambda *arrays: jnp.stack(arrays), *memories)
        return found

    prefix = None if cache.prefix is None else stacked(cache.prefix.layers)
    numbers = jnp.arange(len(cache.layers))
    x_BLD, memory = jax.lax.scan(layer, x_BLD, (numbers, layer_params, stacked(cache.layers), prefix))
    return x_BLD, tuple(jax.tree.map(lambda array, i=i: array[i], memory) for i in range(len(cache.layers)))


def _logits(config: DecoderConfig, params: Params, x_BLD: jax.Array) -> jax.Array:
    logits_BLV: jax.Array = _apply(config, _without_layers(params), x_BLD, method="normed_logits")
    return logits_BLV


def _apply(config: DecoderConfig, params: Params, *args: Any, method: str) -> Any:
    return apply(DecoderOnly(config), params, *args, method=method)


def _without_layers(params: Params) -> Params:
    return {**params, "decoder": {name: leaf for name, leaf in params["decoder"].items() if name != "layers"}}
