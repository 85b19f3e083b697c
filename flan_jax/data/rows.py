"""Rows: token ids side by side, with what a model must know of them: segment ids, positions, weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flan_jax.core.errors import CacheError
from flan_jax.core.row_layout import DecoderRows

START_ID = 0  # what the decoder reads before a segment's first token: T5's pad id
Pair = tuple[np.ndarray, np.ndarray]  # (inputs, targets) of an example

__all__ = [
    "START_ID",
    "Pair",
    "empty_batch",
    "pack_decoder_rows",
    "pack_examples",
    "pack_rows",
    "pack_side",
    "trim_inputs",
]


def pack_side(
    sequences: Sequence[np.ndarray], rows_E: np.ndarray, num_rows: int, length: int, side: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(tokens, segment ids, positions), int32 [num_rows, length] each, of one side of the rows.

    Args:
      sequences: token ids of each example's side.
      rows_E: int, the row of each example, ascending.
    """
    out = np.zeros((3, num_rows, length), np.int32)
    if not len(sequences):
        return out[0], out[1], out[2]
    sizes = np.array([len(sequence) for sequence in sequences], np.int64)
    rows_E = np.asarray(rows_E, np.int64)
    # before: tokens of all examples before each one. Rows ascend, so the left end of a run of equal rows is that row's
    # first example, and the difference is the column at which each example starts.
    before = np.cumsum(sizes) - sizes
    first_of_row = np.searchsorted(rows_E, rows_E, side="left")
    starts = before - before[first_of_row]
    if (starts + sizes).max() > length:
        row = int(rows_E[np.argmax(starts + sizes)])
        raise CacheError(
            f"row {row} needs {int((starts + sizes).max())} {side} tokens, it has {length}: the cache's lengths.npy is "
            f"not that of its shards; delete the tasks of this row and run `flan-jax cache` again"
        )
    segments = np.arange(len(sequences)) - first_of_row + 1
    within = np.arange(int(sizes.sum())) - np.repeat(before, sizes)
    rows, columns = np.repeat(rows_E, sizes), np.repeat(starts, sizes) + within
    out[0, rows, columns] = np.concatenate(sequences)
    out[1, rows, columns] = np.repeat(segments, sizes)
    out[2, rows, columns] = within
    return out[0], out[1], out[2]


def trim_inputs(tokens: np.ndarray, max_length: int) -> np.ndarray:
    """`tokens`, which end in EOS, cut before it to `max_length`; untouched where they fit."""
    if len(tokens) <= max_length:
        return tokens
    return np.append(tokens[: max_length - 1], tokens[-1]).astype(np.int32)


def pack_rows(
    examples: Sequence[Pair], rows_E: np.ndarray, num_rows: int, inputs_length: int, targets_length: int
) -> dict[str, np.ndarray]:
    """Rows [B, L] and [B, T] of (inputs, targets) pairs, each in row `rows_E` (ascending) after the pairs before it.

    Raises `CacheError` where a row overflows: the cache's lengths are then not those of its examples.

    Args:
      num_rows: number of rows.
      inputs_length: tokens of a row's inputs.
      targets_length: tokens of a row's targets.
    """
    encoder_tokens_BL, encoder_segments_BL, encoder_positions_BL = pack_side(
        [inputs for inputs, _ in examples], rows_E, num_rows, inputs_length, "inputs"
    )
    target_tokens_BT, decoder_segments_BT, decoder_positions_BT = pack_side(
        [targets for _, targets in examples], rows_E, num_rows, targets_length, "targets"
    )
    # The roll carries a segment's last token into the next segment, and around the row's end: there positions are 0,
    # and the start id takes its place.
    shifted_BT = np.roll(target_tokens_BT, 1, axis=1)
    return {
        "encoder_input_tokens": encoder_tokens_BL,
        "encoder_segment_ids": encoder_segments_BL,
        "encoder_positions": encoder_positions_BL,
        "decoder_input_tokens": np.where(decoder_positions_BT > 0, shifted_BT, START_ID).astype(np.int32),
        "decoder_target_tokens": target_tokens_BT,
        "decoder_segment_ids": decoder_segments_BT,
        "decoder_positions": decoder_positions_BT,
        "decoder_loss_weights": (decoder_segments_BT > 0).astype(np.float32),
    }


def pack_examples(
    examples: Sequence[Pair],
    rows_E: np.ndarray,
    num_rows: int,
    inputs_length: int,
    targets_length: int,
    layout: DecoderRows | None,
) -> dict[str, np.ndarray]:
    """`pack_rows`, or `pack_decoder_rows` where there is a `layout`, into rows of both lengths together.

    Args:
      examples: (inputs, targets) token ids of each example.
      rows_E: int, the row of each example, ascending.
      num_rows: number of rows.
      inputs_length: tokens of a row's inputs.
      targets_length: tokens of a row's targets.
      layout: a decoder's rows; None for an encoder-decoder's.
    """
    if layout is None:
        return pack_rows(examples, rows_E, num_rows, inputs_length, targets_length)
    return pack_decoder_rows(examples, rows_E, num_rows, layout, inputs_length + targets_length)


def empty_batch(
    num_rows: int, inputs_length: int, targets_length: int, layout: DecoderRows | None
) -> dict[str, np.ndarray]:
    """A batch of `num_rows` rows of padding: names, shapes and types of a batch, without a cache.

    inputs_length, targets_length: tokens; of a row together where there is a `layout`, of its two sides where not.
    """
    batch = pack_examples([], np.zeros(0, np.int64), num_rows, inputs_length, targets_length, layout)
    batch["row_ids"] = np.arange(num_rows, dtype=np.int32)
    return batch


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
        # A segment's last token predicts nothing: what follows it is another example.
        is_last_BL = (segments_BL == 0) | (np.diff(segments_BL, axis=1, append=0) != 0)
        predicted_BL = np.where(is_last_BL, 0, np.roll(tokens_BL, -1, axis=1))
        weights_BL = np.where(is_last_BL, 0, np.roll(is_target_BL, -1, axis=1))
        is_inputs_BL = (segments_BL > 0) & (is_target_BL == 0)
    else:
        is_first_BL = positions_BL == 0
        fed_BL = np.where(is_first_BL & (segments_BL > 0), layout.start_id, np.roll(tokens_BL, 1, axis=1))
        fed_BL = np.where(segments_BL > 0, fed_BL, 0)
        predicted_BL, weights_BL = tokens_BL, is_target_BL
        # Of the tokens as they are fed, one place later than those that are predicted.
        is_inputs_BL = (segments_BL > 0) & (is_first_BL | (np.roll(is_target_BL, 1, axis=1) == 0))
    return {
        "decoder_input_tokens": fed_BL.astype(np.int32),
        "decoder_target_tokens": predicted_BL.astype(np.int32),
        "decoder_segment_ids": segments_BL,
        "decoder_positions": positions_BL,
        "decoder_loss_weights": weights_BL.astype(np.float32),
        "decoder_causal_attention": is_inputs_BL.astype(np.int32),
    }
