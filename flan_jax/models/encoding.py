"""What ranking and generating call of a model with an encoder: inputs read once, known answers read at once."""

from __future__ import annotations

from typing import Any

import jax

from flan_jax.models.family import ModelConfig, network_of
from flan_jax.models.model import Params

__all__ = ["decode_teacher_forced", "encode"]


def encode(
    config: ModelConfig,
    params: Params,
    encoder_input_tokens_BL: jax.Array,
    encoder_segment_ids_BL: jax.Array | None = None,
    encoder_positions_BL: jax.Array | None = None,
) -> jax.Array:
    """The encoder's output [B, L, D] in the compute dtype, no dropout, of a model that has one.

    A model with a soft prompt of P tokens reads it before each row and gives [B, P + L, D]; what takes `encoded_BLD`
    adds the prompt to its mask.

    Args:
      config: the model.
      params: its parameters.
      encoder_input_tokens_BL: int32 inputs.
      encoder_segment_ids_BL: int32, 0 at padding; None for one segment of all tokens that are not 0.
      encoder_positions_BL: int32, inside each segment; T5 reads none.
    """
    network: Any = network_of(config)
    encoded_BLD: jax.Array = network.encode(
        config, params, encoder_input_tokens_BL, encoder_segment_ids_BL, encoder_positions_BL
    )
    return encoded_BLD


def decode_teacher_forced(
    config: ModelConfig,
    params: Params,
    encoded_BLD: jax.Array,
    encoder_mask_BL: jax.Array,
    decoder_input_tokens_RT: jax.Array,
    encoded_rows_R: jax.Array | None = None,
) -> jax.Array:
    """Logits of all positions of known decoder inputs, float32 [R, T, V]: what ranking answers needs.

    Args:
      config, params: as in `forward`.
      encoded_BLD: from `encode`.
      encoder_mask_BL: true (or not 0) at input positions that are not padding.
      decoder_input_tokens_RT: targets shifted right behind the start id; padding at the end changes nothing before it.
      encoded_rows_R: which encoded row each of them answers, so that what is read of a row is computed once for all its
        answers; None where R = B and each answers its own.
    """
    network: Any = network_of(config)
    logits_RTV: jax.Array = network.decode_teacher_forced(
        config, params, encoded_BLD, encoder_mask_BL, decoder_input_tokens_RT, encoded_rows_R
    )
    return logits_RTV
