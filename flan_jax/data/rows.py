"""Rows and batches: a batch is a pure function of (plan, step)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flan_jax.core.row_layout import DecoderRows
from flan_jax.data.cache_reader import CacheReader
from flan_jax.data.decoder_rows import pack_decoder_rows
from flan_jax.data.plan import PackingPlan
from flan_jax.data.segments import pack_side

START_ID = 0  # what the decoder reads before a segment's first token: T5's pad id

__all__ = [
    "START_ID",
    "Pair",
    "batch_at",
    "batch_of_pairs",
    "empty_batch",
    "example_ids_at",
    "pack_examples",
    "pack_rows",
    "read_pairs",
    "trim_inputs",
]

Pair = tuple[np.ndarray, np.ndarray]  # (inputs, targets) of an example


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


def batch_at(
    plan: PackingPlan, reader: CacheReader, step: int, rows: slice | Sequence[int] | np.ndarray = slice(None)
) -> dict[str, np.ndarray]:
    """The batch of `step`, arrays as docs/architecture.md names them; of it the global rows `rows` only.

    A host passes the rows its devices hold: only their examples are read. `row_ids` are numbers in the global batch.

    Args:
      plan: which example is in which row.
      reader: reads the examples.
      step: number of the step, from 0.
      rows: numbers of rows in the global batch.
    """
    row_ids = np.arange(plan.batch_size, dtype=np.int32)[rows]
    entries, rows_E = plan.entries_of_rows(plan.first_row(step) + row_ids.astype(np.int64))
    return batch_of_pairs(plan, row_ids, read_pairs(plan, reader, entries), rows_E)


def example_ids_at(plan: PackingPlan, step: int) -> list[tuple[int, str, int]]:
    """(row, task, index) of every example in the batch of `step`, in the order of its segments."""
    entries, rows_E = plan.entries_of_rows(plan.first_row(step) + np.arange(plan.batch_size))
    return [
        (row, plan.tasks[task_id], index)
        for row, task_id, index in zip(
            rows_E.tolist(), plan.task_ids[entries].tolist(), plan.indices[entries].tolist(), strict=True
        )
    ]


def empty_batch(
    num_rows: int, inputs_length: int, targets_length: int, layout: DecoderRows | None
) -> dict[str, np.ndarray]:
    """A batch of `num_rows` rows of padding: names, shapes and types of a batch, without a cache.

    inputs_length, targets_length: tokens; of a row together where there is a `layout`, of its two sides where not.
    """
    batch = pack_examples([], np.zeros(0, np.int64), num_rows, inputs_length, targets_length, layout)
    batch["row_ids"] = np.arange(num_rows, dtype=np.int32)
    return batch


def batch_of_pairs(
    plan: PackingPlan, row_ids: np.ndarray, pairs: Sequence[Pair], rows_E: np.ndarray
) -> dict[str, np.ndarray]:
    """The rows `row_ids` of a global batch, from their (inputs, targets) and the place in `row_ids` of each.

    Args:
      plan: which example is in which row.
      row_ids: numbers of the rows in the global batch.
      pairs: (inputs, targets) token ids of the examples of these rows.
      rows_E: the place of each example's row in `row_ids`, ascending.
    """
    batch = pack_examples(pairs, rows_E, len(row_ids), plan.inputs_length, plan.targets_length, plan.layout)
    batch["row_ids"] = row_ids.copy()
    return batch


def read_pairs(plan: PackingPlan, reader: CacheReader, entries: np.ndarray) -> list[Pair]:
    """(inputs, targets) of plan entries as they are fed: trimmed, objectives applied, behind the soft prompt's ids.

    Read task by task, returned in order.
    """
    task_ids = plan.task_ids[entries]
    pairs: list[Pair | None] = [None] * len(entries)
    for task_id in np.unique(task_ids).tolist():
        members = np.flatnonzero(task_ids == task_id)
        for member, pair in zip(members.tolist(), _task_pairs(plan, reader, task_id, entries[members]), strict=True):
            pairs[member] = pair
    return pairs  # type: ignore[return-value]  # every entry belongs to one task


def _task_pairs(plan: PackingPlan, reader: CacheReader, task_id: int, entries: np.ndarray) -> list[Pair]:
    """`read_pairs` of entries of one task."""
    indices = plan.indices[entries]
    examples = reader.read_many(plan.tasks[task_id], plan.splits[task_id], indices)
    objective = plan.objective(task_id)
    if objective is None:
        pairs = [(trim_inputs(example.inputs_tokens, plan.text_length), example.targets_tokens) for example in examples]
    else:
        pairs = []
        keys = plan.objective_keys(task_id, indices, plan.epochs[entries])
        for example, key in zip(examples, keys, strict=True):
            inputs, targets = objective.apply(example.targets_tokens[:-1], key)
            inputs[-1] = targets[-1] = example.targets_tokens[-1]  # objectives write T5's EOS
            pairs.append((inputs, targets))
    if plan.prompt_tokens:
        prompt = -1 - np.arange(plan.prompt_tokens, dtype=np.int32)  # negative ids: `flan_jax.models.soft_prompt`
        pairs = [(np.concatenate([prompt, inputs]), targets) for inputs, targets in pairs]
    return pairs
