"""Rows and batches: a batch is a pure function of (plan, step)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from flan_jax.core.errors import CacheError
from flan_jax.core.manifest import CachedExample
from flan_jax.core.vocab import EOS_ID
from flan_jax.data.cache_reader import CacheReader
from flan_jax.data.plan import PackingPlan

START_ID = 0  # what the decoder reads before a segment's first token: T5's pad id

__all__ = [
    "START_ID",
    "EvalBatch",
    "batch_at",
    "eval_batches",
    "example_ids_at",
    "pack_row",
    "pack_rows",
    "trim_inputs",
]

Pair = tuple[np.ndarray, np.ndarray]


def trim_inputs(tokens: np.ndarray, max_length: int) -> np.ndarray:
    """`tokens` cut at the end to `max_length`, the last of them EOS; untouched where they fit."""
    if len(tokens) <= max_length:
        return tokens
    return np.append(tokens[: max_length - 1], np.int32(EOS_ID)).astype(np.int32)


def pack_row(examples: Sequence[Pair], inputs_length: int, targets_length: int) -> dict[str, np.ndarray]:
    """One row, arrays [L] and [T] as docs/architecture.md names them (no `row_ids`), of (inputs, targets) pairs."""
    batch = pack_rows(examples, np.zeros(len(examples), np.int64), 1, inputs_length, targets_length)
    return {name: values[0] for name, values in batch.items()}


def pack_rows(
    examples: Sequence[Pair], rows_E: np.ndarray, num_rows: int, inputs_length: int, targets_length: int
) -> dict[str, np.ndarray]:
    """Rows [B, L] and [B, T] of (inputs, targets) pairs, each in row `rows_E` (ascending) after the pairs before it.

    Raises `CacheError` where a row overflows: the cache's lengths are then not those of its examples.
    """
    encoder_tokens_BL, encoder_segments_BL, encoder_positions_BL = _pack_side(
        [inputs for inputs, _ in examples], rows_E, num_rows, inputs_length, "inputs"
    )
    target_tokens_BT, decoder_segments_BT, decoder_positions_BT = _pack_side(
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


@dataclasses.dataclass(frozen=True)
class EvalBatch:
    """Unpacked examples of similar length, one a row.

    indices_B: places in the sequence given to `eval_batches`; -1 marks a row that only fills the batch.
    Other arrays as in docs/architecture.md; L is the bucket's length. `decoder_loss_weights_BT` is 0 on filling rows
    and on examples whose targets are longer than T: their loss cannot be known.
    num_trimmed: inputs longer than the row. num_overlong_targets: targets longer than the row.
    """

    indices_B: np.ndarray
    encoder_input_tokens_BL: np.ndarray
    encoder_segment_ids_BL: np.ndarray
    encoder_positions_BL: np.ndarray
    decoder_input_tokens_BT: np.ndarray
    decoder_target_tokens_BT: np.ndarray
    decoder_segment_ids_BT: np.ndarray
    decoder_positions_BT: np.ndarray
    decoder_loss_weights_BT: np.ndarray
    num_examples: int
    num_trimmed: int
    num_overlong_targets: int

    def arrays(self) -> dict[str, np.ndarray]:
        """The batch under the names of docs/architecture.md, row ids being 0..B-1."""
        batch = {
            field.name.rsplit("_", 1)[0]: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name.startswith(("encoder_", "decoder_"))
        }
        batch["row_ids"] = np.arange(len(self.indices_B), dtype=np.int32)
        return batch


def bucket_lengths(inputs_length: int, num_buckets: int) -> list[int]:
    """`inputs_length` and its halves, at most `num_buckets`, ascending, multiples of 8: the same for every task, so
    that an evaluation compiles few shapes."""
    lengths = {inputs_length}
    for k in range(1, num_buckets):
        lengths.add(min(inputs_length, max(8, -(-inputs_length // 2**k // 8) * 8)))
    return sorted(lengths)


def eval_batches(
    examples: Sequence[CachedExample],
    inputs_length: int,
    targets_length: int,
    batch_size: int,
    num_buckets: int = 3,
) -> Iterator[EvalBatch]:
    """Batches of exactly `batch_size` rows that hold every example once, shortest inputs first.

    Rows are padded to the least of a few bucket lengths that holds the batch; the last batch of a bucket is filled
    with empty rows (index -1, one EOS, no loss). Inputs over `inputs_length` are trimmed at the end and counted.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}: it must be at least 1")
    sizes = np.array([min(len(example.inputs_tokens), inputs_length) for example in examples], np.int64)
    order = np.argsort(sizes, kind="stable")
    buckets = bucket_lengths(inputs_length, num_buckets)
    for start in range(0, len(order), batch_size):
        members = order[start : start + batch_size]
        length = next(bucket for bucket in buckets if bucket >= sizes[members].max())
        yield _eval_batch(examples, members, inputs_length, length, targets_length, batch_size)


def _eval_batch(
    examples: Sequence[CachedExample],
    members: np.ndarray,
    inputs_length: int,
    bucket_length: int,
    targets_length: int,
    batch_size: int,
) -> EvalBatch:
    indices_B = np.full(batch_size, -1, np.int32)
    indices_B[: len(members)] = members
    pairs: list[Pair] = []
    overlong_B = np.zeros(batch_size, bool)
    num_trimmed = 0
    for row, index in enumerate(members.tolist()):
        inputs, targets = examples[index].inputs_tokens, examples[index].targets_tokens
        num_trimmed += len(inputs) > inputs_length
        overlong_B[row] = len(targets) > targets_length
        pairs.append((trim_inputs(inputs, inputs_length), targets[:targets_length]))
    filler = np.array([EOS_ID], np.int32)
    pairs += [(filler, filler)] * (batch_size - len(members))
    batch = pack_rows(pairs, np.arange(batch_size), batch_size, bucket_length, targets_length)
    batch["decoder_loss_weights"][overlong_B | (indices_B < 0)] = 0
    sides = {name: f"{name}_{'BL' if name.startswith('encoder') else 'BT'}" for name in batch}
    return EvalBatch(
        indices_B=indices_B,
        num_examples=len(members),
        num_trimmed=num_trimmed,
        num_overlong_targets=int(overlong_B.sum()),
        **{sides[name]: values for name, values in batch.items()},
    )


def _batch(plan: PackingPlan, row_ids: np.ndarray, pairs: Sequence[Pair], rows_E: np.ndarray) -> dict[str, np.ndarray]:
    batch = pack_rows(pairs, rows_E, len(row_ids), plan.inputs_length, plan.targets_length)
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
        keys = plan.keys(entries[members]) if objective else None
        for place, (member, example) in enumerate(zip(members.tolist(), examples, strict=True)):
            if objective is None or keys is None:
                pairs[member] = (trim_inputs(example.inputs_tokens, plan.inputs_length), example.targets_tokens)
            else:
                pairs[member] = objective.apply(example.targets_tokens[:-1], keys[place])
    return pairs  # type: ignore[return-value]  # every entry belongs to one task


def _pack_side(
    sequences: Sequence[np.ndarray], rows_E: np.ndarray, num_rows: int, length: int, side: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(tokens, segment ids, positions), int32 [num_rows, length] each, of one side of the rows."""
    out = np.zeros((3, num_rows, length), np.int32)
    if not len(sequences):
        return out[0], out[1], out[2]
    sizes = np.array([len(sequence) for sequence in sequences], np.int64)
    rows_E = np.asarray(rows_E, np.int64)
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
