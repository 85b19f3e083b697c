"""Rows of a decoder-only model: an example's inputs and targets one after the other are a segment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flan_jax.core.row_layout import DecoderRows
from flan_jax.data.segments import pack_side

__all__ = ["pack_decoder_rows"]


def pack_decoder_rows(
    examples: Sequence[tuple[np.ndarray, np.ndarray]],
    rows_E: np.ndarray,
    num_rows: int,
    layout: DecoderRows,
    row_length: int,
) -> dict[str, np.ndarray]:
    """Rows [B, L] of (inputs, targets) pairs, each in row `rows_E` (ascending) after the pairs before it.

    `decoder_causal_attention` is SeqIO's name for 1 where the model may look ahead: over the inputs, the start id
    included. Only targets have weight. Raises `CacheError` where a row overflows.

    Args:
      examples: (inputs, targets) token ids of each example.
      num_rows: number of rows.
      layout: the model's start id, and what ends a prompt.
      row_length: tokens of a row, inputs and targets together.
    """
    pairs = [(layout.inputs_of(inputs), targets) for inputs, targets in examples]
    tokens_BL, segments_BL, positions_BL = pack_side(
        [np.concatenate(pair) for pair in pairs], rows_E, num_rows, row_length, "inputs and targets"
    )
    is_target_BL, _, _ = pack_side(
        [np.repeat(np.array([0, 1], np.int32), [len(inputs), len(targets)]) for inputs, targets in pairs],
        rows_E,
        num_rows,
        row_length,
        "inputs and targets",
    )
    if layout.start_id is None:
        fed_BL = tokens_BL
        is_last_BL = (segments_BL == 0) | (np.diff(segments_BL, axis=1, append=0) != 0)
        predicted_BL = np.where(is_last_BL, 0, np.roll(tokens_BL, -1, axis=1))
        weights_BL = np.where(is_last_BL, 0, np.roll(is_target_BL, -1, axis=1))
        is_inputs_BL = (segments_BL > 0) & (is_target_BL == 0)
    else:
        is_first_BL = positions_BL == 0
        fed_BL = np.where(is_first_BL & (segments_BL > 0), layout.start_id, np.roll(tokens_BL, 1, axis=1))
        fed_BL = np.where(segments_BL > 0, fed_BL, 0)
        predicted_BL, weights_BL = tokens_BL, is_target_BL
        is_inputs_BL = (segments_BL > 0) & (is_first_BL | (np.roll(is_target_BL, 1, axis=1) == 0))
    return {
        "decoder_input_tokens": fed_BL.astype(np.int32),
        "decoder_target_tokens": predicted_BL.astype(np.int32),
        "decoder_segment_ids": segments_BL,
        "decoder_positions": positions_BL,
        "decoder_loss_weights": weights_BL.astype(np.float32),
        "decoder_causal_attention": is_inputs_BL.astype(np.int32),
    }
