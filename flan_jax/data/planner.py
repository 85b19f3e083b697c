"""Making a plan: a mixture's draws, chunk after chunk, are measured, packed and counted until there are rows enough."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import logging
import math
import os
import pathlib
import shutil
from collections.abc import Iterator

import numpy as np

from flan_jax.core.errors import CacheError, ConfigError, Setting
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.data import keys, packing
from flan_jax.data.cache_reader import CacheReader
from flan_jax.data.draws import DrawStream, FedLengths, make_draw_stream
from flan_jax.data.plan import PackingPlan, PlanHeader, PlanSpec, TaskSummary
from flan_jax.data.plan_file import find_steps_per_epoch, plan_folder, read_plan, write_plan

PLAN_VERSION = 2  # raise it whenever the same inputs give another plan
SAMPLE_EXAMPLES = 4096
SAMPLE_CHUNKS = 4  # the sample is taken from the draws of so many
EPOCH_DRAWS = 1 << 20  # an epoch of up to so many draws is counted to its end, though the run may be shorter

_LOGGER = logging.getLogger(__name__)

__all__ = ["EPOCH_DRAWS", "PLAN_VERSION", "make_plan", "steps_per_epoch"]


def make_plan(
    spec: PlanSpec, reader: CacheReader, vocabulary: Vocabulary, plans: pathlib.Path | None = None
) -> PackingPlan:
    """The plan that `spec` asks for, read from where it was saved, or made and saved there.

    Args:
      spec: mixture, lengths, batch size, steps or epochs, seed.
      reader: of the cache that is drawn from.
      vocabulary: the one it was tokenised with.
      plans: the folder of all plans, `plans` in the cache by default. A plan that cannot be saved there is a warning.

    A saved plan that is damaged is made again, with a warning. Raises `CacheError` for a missing, stale or foreign
    cache; `TaskError` for rates that cannot be drawn from; `ConfigError` for lengths that no example fits.
    """
    header, stream = _header_and_stream(spec, reader, vocabulary)
    plans = pathlib.Path(plans or pathlib.Path(reader.root) / "plans")
    num_steps = spec.num_steps
    if num_steps is None:  # what a plan of this fingerprint counted once is not counted again
        epoch = find_steps_per_epoch(plans, header.fingerprint)
        num_steps = None if epoch is None else spec.steps_of(epoch)
    if num_steps is not None:
        saved = _saved(plan_folder(plans, header.fingerprint, num_steps), header)
        if saved is not None:
            return saved
    plan = _Planner(reader, stream, header).plan(spec, EPOCH_DRAWS if spec.num_steps else math.inf)
    folder = plan_folder(plans, header.fingerprint, plan.num_steps)
    if num_steps is None:
        _saved(folder, header)  # a damaged one, whose epoch could not be read above, goes
    # A plan is cheap to make again: neither a full disk nor a read-only cache must stop a run.
    try:
        write_plan(folder, plan)
    except OSError as error:
        _LOGGER.warning("the packing plan cannot be saved at %s (%s): a restart will make it again", folder, error)
    return plan


def _saved(folder: pathlib.Path, header: PlanHeader) -> PackingPlan | None:
    """The plan saved as `folder`; None where there is none, and for a damaged one, which is removed with a warning."""
    if not os.path.isdir(folder):
        return None
    try:
        return read_plan(folder, header)
    except CacheError as error:
        _LOGGER.warning("%s; it is made again", error)
        shutil.rmtree(folder, ignore_errors=True)
        return None


def steps_per_epoch(spec: PlanSpec, reader: CacheReader, vocabulary: Vocabulary) -> int:
    """The exact number of steps until an example would come a second time, however far that is; as `make_plan`, with
    nothing saved. About ten seconds a million examples."""
    header, stream = _header_and_stream(spec, reader, vocabulary)
    one_step = dataclasses.replace(spec, num_steps=1, num_epochs=None)
    steps = _Planner(reader, stream, header).plan(one_step, epoch_limit=math.inf).steps_per_epoch
    assert steps is not None  # every task is finite
    return steps


def _header_and_stream(spec: PlanSpec, reader: CacheReader, vocabulary: Vocabulary) -> tuple[PlanHeader, DrawStream]:
    """(what is known of the plan before it is made, the draws it is made of)."""
    tasks = spec.tasks
    splits = tuple(spec.split_of(task) for task in tasks)
    manifests = [reader.manifest(task, split) for task, split in zip(tasks, splits, strict=True)]
    objectives = tuple(manifest.objective for manifest in manifests)
    stream = make_draw_stream(
        spec.mixture.rates,
        {manifest.task: manifest.num_rows for manifest in manifests},
        spec.seed,
        num_renderings={manifest.task: manifest.num_renderings for manifest in manifests},
    )
    identity = {
        "plan_version": PLAN_VERSION,
        "vocabulary": vocabulary.fingerprint,
        "num_sentinels": vocabulary.num_sentinels,
        # The files' sha256 too: a task's fingerprint is made of a sample of its rows, a plan feeds all.
        "tasks": [
            [
                *(m.task, m.split, m.objective, m.fingerprint, m.num_renderings, m.lengths_sha256),
                [shard.sha256 for shard in m.shards],
            ]
            for m in manifests
        ],
        "shares": [float(share).hex() for share in stream.shares],
        "lengths": [spec.inputs_length, spec.targets_length],
        "batch_size": spec.batch_size,
        "seed": spec.seed,
    }
    if _epoch_draws(stream) < packing.WINDOW_EXAMPLES:
        identity["short_epochs"] = 1  # raised when their windows change, below
    # What most plans do without is named only where it is there: plans from before it was thought of keep their hash.
    mode_tokens: dict[str, tuple[int, ...]] = {}
    if spec.layout is not None:
        identity["layout"] = dataclasses.asdict(spec.layout)
    if any(objectives):
        from flan_jax.data.objectives import mode_tokens_of  # most runs have none, and start without it

        mode_tokens = mode_tokens_of(vocabulary, objectives)
    if mode_tokens:
        identity["mode_tokens"] = mode_tokens
    if spec.prompt_tokens:
        identity["prompt_tokens"] = spec.prompt_tokens
    header = PlanHeader(
        fingerprint=hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest(),
        mixture=spec.mixture.name,
        tasks=tasks,
        splits=splits,
        objectives=objectives,
        inputs_length=spec.inputs_length,
        targets_length=spec.targets_length,
        batch_size=spec.batch_size,
        seed=spec.seed,
        vocab_size=vocabulary.size,
        num_sentinels=vocabulary.num_sentinels,
        mode_tokens=mode_tokens,
        layout=spec.layout,
        prompt_tokens=spec.prompt_tokens,
        note=spec.mixture.missing_line,
    )
    return header, stream


@dataclasses.dataclass(frozen=True)
class _Chunk:
    """A chunk of the draw stream in rows.

    row_sizes: int64 [R], examples a row. task_ids, indices, epochs, draws, lengths_E2, is_trimmed: of the examples,
    row by row. dropped_task_ids, next_draws: of the draws that were passed over, their task and the kept draw after
    them. first_repeat: the chunk's first draw of an example that was drawn before.
    """

    row_sizes: np.ndarray
    task_ids: np.ndarray
    indices: np.ndarray
    epochs: np.ndarray
    draws: np.ndarray
    lengths_E2: np.ndarray
    is_trimmed: np.ndarray
    dropped_task_ids: np.ndarray
    next_draws: np.ndarray
    first_repeat: int | None

    @property
    def num_rows(self) -> int:
        return len(self.row_sizes)

    @property
    def num_first_rows(self) -> int:
        """Rows up to the last one that holds a draw from before the first repeat."""
        if self.first_repeat is None:
            return self.num_rows
        rows_E = np.repeat(np.arange(self.num_rows), self.row_sizes)
        return int(rows_E[self.draws < self.first_repeat].max(initial=-1)) + 1

    def head(self, num_rows: int) -> _Chunk:
        """Its first `num_rows` rows."""
        num_examples = int(self.row_sizes[:num_rows].sum())
        cut = {
            name: getattr(self, name)[:num_examples]
            for name in ("task_ids", "indices", "epochs", "draws", "lengths_E2", "is_trimmed")
        }
        return dataclasses.replace(self, row_sizes=self.row_sizes[:num_rows], **cut)


def _epoch_draws(stream: DrawStream) -> float:
    return float((stream.num_examples / stream.shares).min())


def _windows_without_repeats(task_ids_E: np.ndarray, indices_E: np.ndarray, first_cut: int) -> np.ndarray:
    """The window of each example, int32 [E]: one ends before `first_cut`, and where an example would come again."""
    keys_E = task_ids_E.astype(np.int64) << 40 | indices_E.astype(np.int64)
    order = np.argsort(keys_E, kind="stable")
    before_E = np.full(len(keys_E), -1)  # where the same example was last
    same = keys_E[order][1:] == keys_E[order][:-1]
    before_E[order[1:][same]] = order[:-1][same]
    starts, start = [], 0
    for position, before in enumerate(before_E.tolist()):
        if before >= start or (position == first_cut and position > start):
            start = position
            starts.append(position)
    return np.searchsorted(np.array(starts, np.int64), np.arange(len(keys_E)), side="right").astype(np.int32)


class _Planner:
    """Packs a draw stream, chunk after chunk, until there are rows enough."""

    def __init__(self, reader: CacheReader, stream: DrawStream, header: PlanHeader):
        self.stream, self.header = stream, header
        # The first task to be read through ends the epoch.
        self.epoch_draws = _epoch_draws(stream)
        self.has_short_epoch = self.epoch_draws < packing.WINDOW_EXAMPLES
        self.lengths = FedLengths(reader, header)
        self.samples: list[np.ndarray] = []

    def plan(self, spec: PlanSpec, epoch_limit: float) -> PackingPlan:
        """As many rows as `spec` asks for, and the steps of an epoch where it ends in them or within `epoch_limit`
        draws."""
        batch_size = self.header.batch_size
        num_rows = None if spec.num_steps is None else spec.num_steps * batch_size
        chunks: list[_Chunk] = []
        rows_seen = 0
        steps_per_epoch: int | None = None
        for chunk in self._chunks():
            # Later chunks are packed for the count of the epoch's steps alone; their rows are not kept.
            if num_rows is None or rows_seen < num_rows:
                chunks.append(chunk)
            if steps_per_epoch is None and chunk.first_repeat is not None:
                steps_per_epoch = -(-(rows_seen + chunk.num_first_rows) // batch_size)
                num_rows = spec.steps_of(steps_per_epoch) * batch_size
            rows_seen += chunk.num_rows
            is_counted = steps_per_epoch is not None or self.epoch_draws > epoch_limit
            if num_rows is not None and rows_seen >= num_rows and is_counted:
                break
        assert num_rows is not None  # the loop above ends where it is known
        chunks = _first_rows(chunks, num_rows)
        sample = np.concatenate(self.samples)
        return PackingPlan(
            **vars(self.header),
            row_starts=np.concatenate([[0], np.cumsum(_joined(chunks, "row_sizes"))]).astype(np.int64),
            task_ids=_joined(chunks, "task_ids"),
            indices=_joined(chunks, "indices"),
            epochs=_joined(chunks, "epochs"),
            draws=_joined(chunks, "draws"),
            sample=sample[np.linspace(0, len(sample) - 1, min(len(sample), SAMPLE_EXAMPLES)).astype(np.int64)],
            summaries=self._summaries(chunks),
            steps_per_epoch=steps_per_epoch,
            epoch_draws=self.epoch_draws,
        )

    def _chunks(self) -> Iterator[_Chunk]:
        """Yields the stream's chunks in rows. Where an example comes a second time for the first time, a window ends
        too: the rows of the first epoch then hold no second copy. Of a mixture whose epoch is shorter than a window,
        every window ends where an example would come a second time: a window that a run ends in is not read whole, and
        what is left unread would be some examples' turns of many epochs."""
        epoch_has_ended = False
        for number in itertools.count():
            draws = self.stream.chunk(number)
            lengths_E2 = self.lengths.fed(draws)
            fits = (lengths_E2[:, 1] <= self.header.targets_length) & (lengths_E2[:, 1] > 0)
            if not fits.any():
                raise ConfigError(
                    f"none of {len(draws):,} draws fits {self.header.targets_length} targets; the shortest target has "
                    f"{int(self.lengths.untrimmed(draws)[:, 1].min())} tokens: set targets to at least that (",
                    Setting("TASK_FEATURE_LENGTHS"),
                    ")",
                )
            if number < SAMPLE_CHUNKS:
                self.samples.append(self.lengths.supervised(draws))
            kept_E2, kept_draws = lengths_E2[fits], draws.numbers[fits]
            repeats = draws.numbers[draws.epochs > 0]
            first_repeat = int(repeats[0]) if len(repeats) else None
            cut = 0
            if first_repeat is not None and not epoch_has_ended:
                epoch_has_ended, cut = True, int(np.searchsorted(kept_draws, first_repeat))
            if self.has_short_epoch:
                windows = _windows_without_repeats(draws.task_ids[fits], draws.indices[fits], cut)
                packed = [self._pack(kept_E2, windows, number, "epochs")]
            else:
                packed = [self._pack(kept_E2[:cut], None, number, "epoch end"), self._pack(kept_E2[cut:], None, number)]
            order = np.concatenate([order + start for (order, _), start in zip(packed, (0, cut), strict=False)])
            # Draws that are dropped after the chunk's last kept one count with that one.
            next_kept = np.searchsorted(kept_draws, draws.numbers[~fits]).clip(max=len(kept_draws) - 1)
            yield _Chunk(
                row_sizes=np.concatenate([sizes for _, sizes in packed]),
                task_ids=draws.task_ids[fits][order],
                indices=draws.indices[fits][order],
                epochs=draws.epochs[fits][order],
                draws=kept_draws[order],
                lengths_E2=kept_E2[order],
                is_trimmed=self.lengths.is_trimmed(draws)[fits][order],
                dropped_task_ids=draws.task_ids[~fits],
                next_draws=kept_draws[next_kept],
                first_repeat=first_repeat,
            )

    def _pack(
        self, lengths_E2: np.ndarray, windows_E: np.ndarray | None, chunk: int, *part: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """(order of examples, examples a row): windows in order of the stream, rows shuffled inside their window.
        windows_E: of each example; None for even ones. part: which part of the chunk, where it is not packed alike."""
        if not len(lengths_E2):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        if self.header.layout is None:
            lengths = self.header.inputs_length, self.header.targets_length
            windows, rows = packing.pack_windows(lengths_E2, *lengths, windows_E)
        else:  # one capacity: the other side is empty
            whole_E2 = np.stack([lengths_E2.sum(axis=1), np.zeros(len(lengths_E2), np.int64)], axis=1)
            windows, rows = packing.pack_windows(whole_E2, self.header.row_length, 1, windows_E)
        width = int(rows.max()) + 1
        row_ids = windows.astype(np.int64) * width + rows
        used, row_of_example, sizes = np.unique(row_ids, return_inverse=True, return_counts=True)
        # The packer begins with the largest examples: unshuffled, a window's steps would go from long texts to short
        # ones.
        shuffled = keys.permutation(len(used), "rows", self.stream.seed, chunk, *part)
        # Stable: windows in their order again, the rows of each as they were shuffled.
        row_order = shuffled[np.argsort((used // width)[shuffled], kind="stable")]
        new_number = np.empty_like(row_order)
        new_number[row_order] = np.arange(len(row_order))
        return np.argsort(new_number[row_of_example], kind="stable"), sizes[row_order]

    def _summaries(self, chunks: list[_Chunk]) -> tuple[TaskSummary, ...]:
        """What is done with each task in the rows of `chunks`."""
        stream = self.stream
        num_tasks = len(stream.tasks)
        planned, trimmed, dropped = (np.zeros(num_tasks, np.int64) for _ in range(3))
        tokens = np.zeros((num_tasks, 2), np.int64)
        for chunk in chunks:
            planned += np.bincount(chunk.task_ids, minlength=num_tasks)
            trimmed += np.bincount(chunk.task_ids[chunk.is_trimmed], minlength=num_tasks)
            # A dropped draw counts where the draw after it is in a row, so the cut at the last row cuts both alike.
            is_counted = np.isin(chunk.next_draws, chunk.draws)
            dropped += np.bincount(chunk.dropped_task_ids[is_counted], minlength=num_tasks)
            for side in range(2):
                # Not bincount, whose weighted sums are floats.
                np.add.at(tokens[:, side], chunk.task_ids, chunk.lengths_E2[:, side])
        return tuple(
            TaskSummary(
                task=task,
                num_examples=int(stream.num_examples[i]),
                share=float(stream.shares[i]),
                num_planned=int(planned[i]),
                epochs=float(planned[i] / stream.num_examples[i]),
                num_inputs_tokens=int(tokens[i, 0]),
                num_targets_tokens=int(tokens[i, 1]),
                num_trimmed=int(trimmed[i]),
                num_dropped=int(dropped[i]),
            )
            for i, task in enumerate(stream.tasks)
        )


def _first_rows(chunks: list[_Chunk], num_rows: int) -> list[_Chunk]:
    """The first `num_rows` rows of consecutive chunks."""
    first: list[_Chunk] = []
    for chunk in chunks:
        if num_rows > 0:
            first.append(chunk if chunk.num_rows <= num_rows else chunk.head(num_rows))
        num_rows -= chunk.num_rows
    return first


def _joined(chunks: list[_Chunk], name: str) -> np.ndarray:
    """One array of all chunks."""
    return np.concatenate([getattr(chunk, name) for chunk in chunks])
