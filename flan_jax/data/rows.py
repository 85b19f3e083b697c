"""Rows and batches: a batch is a pure function of (plan, step)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flan_jax.data.cache_reader import CacheReader
from flan_jax.data.decoder_rows import DecoderRows, pack_decoder_rows
from flan_jax.data.plan import PackingPlan
from flan_jax.data.segments import pack_side

START_ID = 0  # what the decoder reads before a segment's first token: T5's pad id

__all__ = [
    "START_ID",
    "batch_at",
    "example_ids_at",
    "pack_examples",
    "pack_rows",
    "trim_inputs",
]

Pair = tuple[np.ndarray, np.ndarray]


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
    """`pack_rows`, or `pack_decoder_rows` where there is a `layout`, into rows of both lengths together."""
    if layout is None:
        return pack_rows(examples, rows_E, num_rows, inputs_length, targets_length)
    return pack_decoder_rows(examples, rows_E, num_rows, layout, inputs_length + targets_length)


def batch_at(
    plan: PackingPlan, reader: CacheReader, step: int, rows: slice | Sequence[int] | np.ndarray = slice(None)
) -> dict[str, np.ndarray]:
    """The batch of `step`, arrays as docs/architecture.md names them; of it the global rows `rows` only.

    A host passes the rows its devices hold: only their examples are read. `row_ids` are numbers in the global batch.
    """
    row_ids = np.arange(plan.batch_size, dtype=np.int32)[rows]
    entries, rows_E = plan.entries_of_rows(plan.first_row(step) + row_ids.astype(np.int64))
    return _batch(plan, row_ids, _read_pairs(plan, reader, entries), rows_E)


class BatchReader:
    """`batch_at` for steps that are asked for in order: the same batches, several times cheaper.

    Reading one example from each of many tasks costs an opened shard each. The examples of a block of steps are read
    together, task by task, so a shard is opened once a block. For one thread at a time, as `prefetch` calls it.
    """

    def __init__(
        self,
        plan: PackingPlan,
        reader: CacheReader,
        rows: slice | Sequence[int] | np.ndarray = slice(None),
        block_examples: int = 4096,
    ):
        self.plan, self.reader = plan, reader
        self.row_ids = np.arange(plan.batch_size, dtype=np.int32)[rows]
        examples_a_step = plan.num_examples / max(1, plan.num_rows) * max(1, len(self.row_ids))
        self.block_steps = max(1, int(block_examples / max(1.0, examples_a_step)))
        self._first_step, self._stop_step = 0, 0
        self._pairs: list[Pair] = []
        self._rows_E = np.zeros(0, np.int64)

    def __call__(self, step: int) -> dict[str, np.ndarray]:
        """The batch of `step`; equal to `batch_at(plan, reader, step, rows)`."""
        if not self._first_step <= step < self._stop_step:
            self._read_block(step)
        num_rows = len(self.row_ids)
        first_row = (step - self._first_step) * num_rows
        begin, end = np.searchsorted(self._rows_E, [first_row, first_row + num_rows])
        return _batch(self.plan, self.row_ids, self._pairs[begin:end], self._rows_E[begin:end] - first_row)

    def _read_block(self, step: int) -> None:
        stop_step = min(step + self.block_steps, self.plan.num_steps)
        first_rows = [self.plan.first_row(s) for s in range(step, max(stop_step, step + 1))]
        rows = (np.array(first_rows)[:, None] + self.row_ids).reshape(-1)
        entries, self._rows_E = self.plan.entries_of_rows(rows)
        self._pairs = _read_pairs(self.plan, self.reader, entries)
        self._first_step, self._stop_step = step, stop_step


def example_ids_at(plan: PackingPlan, step: int) -> list[tuple[int, str, int]]:
    """(row, task, index) of every example in the batch of `step`, in the order of its segments."""
    entries, rows_E = plan.entries_of_rows(plan.first_row(step) + np.arange(plan.batch_size))
    return [
        (row, plan.tasks[task_id], index)
        for row, task_id, index in zip(
            rows_E.tolist(), plan.task_ids[entries].tolist(), plan.indices[entries].tolist(), strict=True
        )
    ]


def _batch(plan: PackingPlan, row_ids: np.ndarray, pairs: Sequence[Pair], rows_E: np.ndarray) -> dict[str, np.ndarray]:
    batch = pack_examples(pairs, rows_E, len(row_ids), plan.inputs_length, plan.targets_length, plan.layout)
    batch["row_ids"] = row_ids.copy()
    return batch


def _read_pairs(plan: PackingPlan, reader: CacheReader, entries: np.ndarray) -> list[Pair]:
    """(inputs, targets) of plan entries, trimmed, objectives applied; read task by task, returned in order."""
    task_ids, indices = plan.task_ids[entries], plan.indices[entries]
    pairs: list[Pair | None] = [None] * len(entries)
    for task_id in np.unique(task_ids).tolist():
        members = np.flatnonzero(task_ids == task_id)
        task = plan.tasks[task_id]
        examples = reader.read_many(task, plan.splits[task_id], indices[members])
        objective = plan.objective(task_id)
        keys = plan.objective_keys(task_id, indices[members], plan.epochs[entries[members]]) if objective else None
        for place, (member, example) in enumerate(zip(members.tolist(), examples, strict=True)):
            if objective is None or keys is None:
                pairs[member] = (trim_inputs(example.inputs_tokens, plan.text_length), example.targets_tokens)
            else:
                inputs, targets = objective.apply(example.targets_tokens[:-1], keys[place])
                inputs[-1] = targets[-1] = example.targets_tokens[-1]  # objectives write T5's EOS
                pairs[member] = (inputs, targets)
    if plan.prompt_tokens:
        prompt = -1 - np.arange(plan.prompt_tokens, dtype=np.int32)  # negative ids: `flan_jax.models.soft_prompt`
        pairs = [pair and (np.concatenate([prompt, pair[0]]), pair[1]) for pair in pairs]
    return pairs  # type: ignore[return-value]  # every entry belongs to one task
