"""Layers of two kinds in one scan: those that see a window of positions, and those that see everything before them.

Gemma 2 and 3 take turns with them. A scan runs one body over stacked parameters, so each layer picks by its number what
it reads of the two; outside a scan the number is known, and nothing is computed to pick.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from flan_jax.models.decoder_config import DecoderConfig

Angles = tuple[jax.Array, jax.Array]

__all__ = ["Angles", "Masks", "Rotations", "angles_of_layer", "mask_of_layer", "with_window"]


class Masks(NamedTuple):
    """Which keys a query sees, bool [B, 1, L, S], in global layers and in those with a window; None for no such."""

    global_B1LS: jax.Array
    local_B1LS: jax.Array | None


class Rotations(NamedTuple):
    """Cosines and sines of a rotation in global layers, None for a model without; and in those with a window, None
    where theirs are the same."""

    of_global: Angles | None
    of_local: Angles | None


def with_window(
    config: DecoderConfig, mask_B1LS: jax.Array, query_positions_BL: jax.Array, key_positions_BS: jax.Array
) -> Masks:
    """The two masks of a model whose layers would see `mask_B1LS` without a window.

    Positions are those inside an example, so that a window never depends on where in a packed row it lies. A query
    sees those fewer than `window` positions away: itself and `window` - 1 before it.

    Args:
      config: the model.
      mask_B1LS: bool, what a layer without a window sees.
      query_positions_BL: int32, of the queries' tokens.
      key_positions_BS: int32, of the keys'.
    """
    if config.window is None:
        return Masks(mask_B1LS, None)
    distances_BLS = jnp.abs(query_positions_BL[:, :, None] - key_positions_BS[:, None, :])
    return Masks(mask_B1LS, mask_B1LS & (distances_BLS < config.window)[:, None])


def mask_of_layer(config: DecoderConfig, layer: jax.Array | int, masks: Masks) -> jax.Array:
    """What layer number `layer`, from 0, sees."""
    if masks.local_B1LS is None:
        return masks.global_B1LS
    is_local = _is_local(config, layer)
    if isinstance(is_local, bool):
        return masks.local_B1LS if is_local else masks.global_B1LS
    return jnp.where(is_local, masks.local_B1LS, masks.global_B1LS)


def angles_of_layer(config: DecoderConfig, layer: jax.Array | int, rotations: Rotations) -> Angles | None:
    """How layer number `layer`, from 0, turns its queries and keys."""
    if rotations.of_local is None or rotations.of_global is None:
        return rotations.of_global
    is_local = _is_local(config, layer)
    if isinstance(is_local, bool):
        return rotations.of_local if is_local else rotations.of_global
    found: Angles = jax.tree.map(lambda a, b: jnp.where(is_local, a, b), rotations.of_local, rotations.of_global)
    return found


def _is_local(config: DecoderConfig, layer: jax.Array | int) -> jax.Array | bool:
    return True if config.global_every is None else (layer + 1) % config.global_every != 0
