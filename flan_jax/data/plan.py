"""The packing plan: which example is in which row, for every step of a run, known before the first step.

A plan is made from lengths alone and saved beside the cache, so that a restart, another host, or another number of
hosts reads the same rows. Rows are a prefix of an endless sequence that does not depend on the number of steps:
training longer changes no batch that was already seen.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import logging
import os
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from flan_jax.core.errors import CacheError, ConfigError
from flan_jax.core.manifest import MixtureManifest, file_sha256, write_json_atomically
from flan_jax.core.vocab import Vocabulary
from flan_jax.data import keys, mixing, packing
from flan_jax.data.cache_reader import CacheReader
from flan_jax.data.objectives import Objective, make_objective

_LOGGER = logging.getLogger(__name__)

PLAN_VERSION = 1  # raise it whenever the same inputs give another plan
SAMPLE_EXAMPLES = 4096

_ARRAYS = ("row_starts", "task_ids", "indices", "epochs", "draws", "sample")  # one file each

__all__ = ["PLAN_VERSION", "PackingPlan", "TaskSummary", "make_plan"]


@dataclasses.dataclass(frozen=True)
class TaskSummary:
    """What a plan does with one task.

    share: of the draws. num_planned: examples in rows. epochs: num_planned / num_examples. num_inputs_tokens,
    num_targets_tokens: in rows. num_trimmed: planned examples whose inputs (or document) were too long for the row.
    num_dropped: draws passed over on the way to these, as their targets are longer than a row (or, with an objective,
    their document is too short to be cut).
    """

    task: str
    num_examples: int
    share: float
    num_planned: int
    epochs: float
    num_inputs_tokens: int
    num_targets_tokens: int
    num_trimmed: int
    num_dropped: int


@dataclasses.dataclass(frozen=True)
class PackingPlan:
    """Rows of a run. Row r holds entries row_starts[r]..row_starts[r+1]-1; step s holds rows s*B..(s+1)*B-1.

    fingerprint: of everything that decides which example is in which row of which step, so two plans of one
    fingerprint feed equal batches at equal steps, however many steps each has.
    row_starts: int64 [num_rows + 1]. task_ids, indices, epochs: int32 [E], places in `tasks`, rows of that task's
    cached split, and how often it had been read through. draws: int64 [E], the entry's place in the draw stream.
    sample: int32 [S, 2], untrimmed lengths (inputs, targets) of an even sample of draws.
    """

    fingerprint: str
    mixture: str
    tasks: tuple[str, ...]
    splits: tuple[str, ...]
    objectives: tuple[str | None, ...]
    inputs_length: int
    targets_length: int
    batch_size: int
    num_steps: int
    seed: int
    vocab_size: int
    num_sentinels: int
    summaries: tuple[TaskSummary, ...]
    sample: np.ndarray
    row_starts: np.ndarray
    task_ids: np.ndarray
    indices: np.ndarray
    epochs: np.ndarray
    draws: np.ndarray

    @property
    def num_rows(self) -> int:
        return len(self.row_starts) - 1

    @property
    def num_examples(self) -> int:
        """Examples in rows, repeats included."""
        return len(self.task_ids)

    @property
    def num_tokens(self) -> int:
        """Real tokens in rows, inputs and targets."""
        return sum(summary.num_inputs_tokens + summary.num_targets_tokens for summary in self.summaries)

    @property
    def density(self) -> float:
        """Share of all positions, encoder and decoder, that hold a token."""
        return self.num_tokens / max(1, self.num_rows * (self.inputs_length + self.targets_length))

    @property
    def density_bound(self) -> float:
        """The density that no packer of these examples into rows of these lengths can exceed."""
        inputs = sum(summary.num_inputs_tokens for summary in self.summaries)
        targets = sum(summary.num_targets_tokens for summary in self.summaries)
        return packing.density_bound(np.array([[inputs, targets]]), self.inputs_length, self.targets_length)

    def first_row(self, step: int) -> int:
        """Number of the first row of `step`."""
        if not 0 <= step < self.num_steps:
            raise ConfigError(f"step {step} is not in this plan of {self.num_steps} steps: make one with more steps")
        return step * self.batch_size

    def entries_of_rows(self, rows_R: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(entries, which of `rows_R` each is in), int64 [E] each, row by row in order of segments."""
        starts, ends = self.row_starts[rows_R], self.row_starts[np.asarray(rows_R) + 1]
        counts = ends - starts
        places = np.repeat(np.arange(len(counts)), counts)
        within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
        return starts[places] + within, places

    def objective(self, task_id: int) -> Objective | None:
        """The pretraining objective of a task, None for a supervised one."""
        name = self.objectives[task_id]
        if name is None:
            return None
        return make_objective(name, self.inputs_length, self.targets_length, self.vocab_size, self.num_sentinels)

    def keys(self, entries: np.ndarray) -> np.ndarray:
        """Keys of the entries of one task, uint64 [E]: what their objective draws from."""
        task = self.tasks[int(self.task_ids[entries[0]])]
        return keys.example_keys(self.indices[entries], self.epochs[entries], "objective", self.seed, task)

    def suggestion(self) -> packing.LengthSuggestion | None:
        """Better row lengths for these examples, if any. Objectives fit any row, so they are not counted."""
        if not len(self.sample):
            return None
        return packing.suggest_lengths(self.sample, self.inputs_length, self.targets_length)

    def explain(self, max_tasks: int = 40) -> list[str]:
        """Lines to print before training: totals, then a table of the `max_tasks` largest tasks, then the rest."""
        trimmed = sum(summary.num_trimmed for summary in self.summaries)
        dropped = sum(summary.num_dropped for summary in self.summaries)
        lines = [
            f"mixture {self.mixture}: {self.num_examples:,} examples of {len(self.tasks)} tasks in {self.num_rows:,} "
            f"rows of {self.inputs_length} inputs + {self.targets_length} targets "
            f"({self.num_steps:,} steps of {self.batch_size} rows, {self.num_tokens:,} tokens)",
            f"density {self.density:.1%} of at most {self.density_bound:.1%} at these lengths; inputs trimmed "
            f"{trimmed:,}, examples dropped {dropped:,} (targets longer than {self.targets_length})",
        ]
        suggestion = self.suggestion()
        if suggestion is not None:
            lines.append(f"denser: {suggestion}")
        lines.append(
            f"{'task':<44} {'examples':>10} {'share':>7} {'planned':>10} {'epochs':>8} {'inputs tok':>12} "
            f"{'targets tok':>12} {'trimmed':>8} {'dropped':>8}"
        )
        by_size = sorted(self.summaries, key=lambda summary: (-summary.share, summary.task))
        lines += [_table_line(summary) for summary in by_size[:max_tasks]]
        rest = by_size[max_tasks:]
        if rest:
            lines.append(_table_line(_sum_of(f"... {len(rest)} more tasks", rest)))
        never = [s.task for s in by_size if s.num_dropped and not s.num_planned]
        if never:
            lines.append(
                f"warning: no drawn example of {len(never)} tasks fits {self.targets_length} targets: "
                f"{', '.join(never[:5])}{', ...' if len(never) > 5 else ''}"
            )
        return lines


def make_plan(
    root: pathlib.Path,
    mixture: MixtureManifest,
    *,
    vocabulary: Vocabulary,
    feature_lengths: Mapping[str, int],
    batch_size: int,
    num_steps: int,
    seed: int,
    split: str | Mapping[str, str] = "train",
    reader: CacheReader | None = None,
    plan_dir: pathlib.Path | None = None,
) -> PackingPlan:
    """The plan of `num_steps` batches of `batch_size` rows of `mixture`, read from `plan_dir` or made and saved there.

    root: the tokenizer's cache. split: the cached split to draw from, or one for each task. feature_lengths:
    {"inputs": L, "targets": T}. plan_dir: `root / "plans"` by default.

    Raises `CacheError` for a missing, stale or foreign cache, `TaskError` for rates that cannot be drawn from, and
    `ConfigError` for lengths that no example fits.
    """
    inputs_length, targets_length = _checked_lengths(feature_lengths)
    for name, value, limit in (("batch_size", batch_size, 1), ("num_steps", num_steps, 1), ("seed", seed, 0)):
        if value < limit:
            raise ConfigError(f"{name} is {value}: it must be at least {limit}")
    reader = reader or CacheReader(root, vocabulary.fingerprint)
    tasks = sorted(task for task, rate in mixture.rates.items() if rate > 0)
    splits = tuple(split if isinstance(split, str) else split[task] for task in tasks)
    manifests = [reader.manifest(task, task_split) for task, task_split in zip(tasks, splits, strict=True)]
    stream = mixing.make_draw_stream(
        mixture.rates, {task: manifest.num_examples for task, manifest in zip(tasks, manifests, strict=True)}, seed
    )
    identity = {
        "plan_version": PLAN_VERSION,
        "vocabulary": vocabulary.fingerprint,
        "num_sentinels": vocabulary.num_sentinels,
        "tasks": [
            [m.task, m.split, m.objective, m.fingerprint, [shard.sha256 for shard in m.shards]] for m in manifests
        ],
        "shares": [float(share).hex() for share in stream.shares],
        "lengths": [inputs_length, targets_length],
        "batch_size": batch_size,
        "seed": seed,
    }
    fingerprint = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    folder = pathlib.Path(plan_dir or pathlib.Path(root) / "plans") / f"{fingerprint[:16]}-{num_steps}"
    header: dict[str, Any] = {
        "fingerprint": fingerprint,
        "mixture": mixture.name,
        "tasks": tuple(tasks),
        "splits": splits,
        "objectives": tuple(manifest.objective for manifest in manifests),
        "inputs_length": inputs_length,
        "targets_length": targets_length,
        "batch_size": batch_size,
        "num_steps": num_steps,
        "seed": seed,
        "vocab_size": vocabulary.size,
        "num_sentinels": vocabulary.num_sentinels,
    }
    if folder.is_dir():
        return _read_plan(folder, header)
    plan = _Planner(reader, stream, header).plan()
    try:
        return _write_plan(folder, plan)
    except OSError as error:  # a plan is cheap to make again: a full disk or a read-only cache must not stop a run
        _LOGGER.warning("the packing plan cannot be saved at %s (%s): a restart will make it again", folder, error)
        return plan


class _Planner:
    """Packs a draw stream, chunk after chunk, until there are rows enough."""

    def __init__(self, reader: CacheReader, stream: mixing.DrawStream, header: dict[str, Any]):
        self.stream, self.header = stream, header
        self.inputs_length, self.targets_length = header["inputs_length"], header["targets_length"]
        # All lengths side by side: one look-up a chunk, and no file stays open.
        lengths = [np.array(reader.lengths(*key)) for key in zip(header["tasks"], header["splits"], strict=True)]
        for task, objective, lengths_N2 in zip(header["tasks"], header["objectives"], lengths, strict=True):
            is_short_N2 = lengths_N2 < 1
            if objective is not None:
                is_short_N2 = is_short_N2[:, 1:]  # a document has targets only
            if is_short_N2.any():
                row = int(np.argmax(is_short_N2.any(axis=1)))
                raise CacheError(
                    f"example {row} of task {task} has {lengths_N2[row].tolist()} tokens (inputs, targets), each side "
                    f"ends in EOS at least: run `flan-jax cache` again"
                )
        self.firsts = np.cumsum([0] + [len(lengths_N2) for lengths_N2 in lengths])[:-1]
        self.lengths_N2 = np.concatenate(lengths)
        self.objectives = {
            task_id: make_objective(
                name, self.inputs_length, self.targets_length, header["vocab_size"], header["num_sentinels"]
            )
            for task_id, name in enumerate(header["objectives"])
            if name is not None
        }
        num_tasks = len(header["tasks"])
        self.dropped, self.trimmed = np.zeros(num_tasks, np.int64), np.zeros(num_tasks, np.int64)
        self.planned, self.tokens = np.zeros(num_tasks, np.int64), np.zeros((num_tasks, 2), np.int64)
        self.samples: list[np.ndarray] = []

    def plan(self) -> PackingPlan:
        num_rows_wanted = self.header["batch_size"] * self.header["num_steps"]
        parts: list[dict[str, np.ndarray]] = []
        num_rows = 0
        for part, drops in self._chunks():
            room = num_rows_wanted - num_rows
            if len(part["row_sizes"]) > room:
                num_entries = int(part["row_sizes"][:room].sum())
                part = {name: values[: room if name == "row_sizes" else num_entries] for name, values in part.items()}
            num_rows += len(part["row_sizes"])
            self._count(part, *drops)
            parts.append(part)
            if num_rows == num_rows_wanted:
                break
        arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        row_starts = np.concatenate([[0], np.cumsum(arrays["row_sizes"])]).astype(np.int64)
        sample = np.concatenate(self.samples) if self.samples else np.zeros((0, 2), np.int32)
        return PackingPlan(
            **self.header,
            summaries=self._summaries(),
            sample=sample[np.linspace(0, len(sample) - 1, min(len(sample), SAMPLE_EXAMPLES)).astype(np.int64)],
            row_starts=row_starts,
            task_ids=arrays["task_ids"],
            indices=arrays["indices"],
            epochs=arrays["epochs"],
            draws=arrays["draws"],
        )

    def _chunks(self) -> Iterator[tuple[dict[str, np.ndarray], tuple[np.ndarray, np.ndarray]]]:
        """Yields a chunk's rows, and of its dropped draws the task and the next draw that was kept."""
        for chunk in itertools.count():
            draws = self.stream.chunk(chunk)
            untrimmed_E2 = self.lengths_N2[self.firsts[draws.task_ids] + draws.indices]
            lengths_E2 = self._fed_lengths(draws, untrimmed_E2)
            fits = (lengths_E2[:, 1] <= self.targets_length) & (lengths_E2[:, 1] > 0)
            if not fits.any():
                raise ConfigError(
                    f"none of {len(draws):,} draws fits {self.targets_length} targets; the shortest target has "
                    f"{int(untrimmed_E2[:, 1].min())} tokens: set targets to at least that (TASK_FEATURE_LENGTHS)"
                )
            kept_numbers = draws.numbers[fits]
            next_kept = np.searchsorted(kept_numbers, draws.numbers[~fits]).clip(max=len(kept_numbers) - 1)
            if len(self.samples) < 4:
                supervised = np.array([name is None for name in self.header["objectives"]])[draws.task_ids]
                self.samples.append(untrimmed_E2[supervised].astype(np.int32))
            kept_E2 = lengths_E2[fits]
            order, sizes = self._pack(kept_E2, chunk)
            part = {
                "row_sizes": sizes,
                "task_ids": draws.task_ids[fits][order],
                "indices": draws.indices[fits][order],
                "epochs": draws.epochs[fits][order],
                "draws": kept_numbers[order],
                "lengths": kept_E2[order],
                "trimmed": self._is_trimmed(draws, untrimmed_E2)[fits][order],
            }
            yield part, (draws.task_ids[~fits], kept_numbers[next_kept])

    def _fed_lengths(self, draws: mixing.Draws, untrimmed_E2: np.ndarray) -> np.ndarray:
        """Lengths as they are fed, inputs trimmed and objectives applied; int64 [E, 2], 0 where nothing is left."""
        lengths_E2 = untrimmed_E2.astype(np.int64)
        np.minimum(lengths_E2[:, 0], self.inputs_length, out=lengths_E2[:, 0])
        for task_id, objective in self.objectives.items():
            own = np.flatnonzero(draws.task_ids == task_id)
            own_keys = keys.example_keys(
                draws.indices[own], draws.epochs[own], "objective", self.stream.seed, self.stream.tasks[task_id]
            )
            lengths_E2[own] = np.stack(objective.lengths(untrimmed_E2[own, 1] - 1, own_keys), axis=1)
        return lengths_E2

    def _is_trimmed(self, draws: mixing.Draws, untrimmed_E2: np.ndarray) -> np.ndarray:
        trimmed = untrimmed_E2[:, 0] > self.inputs_length
        for task_id, objective in self.objectives.items():
            own = draws.task_ids == task_id
            trimmed[own] = untrimmed_E2[own, 1] - 1 > objective.max_tokens
        return trimmed

    def _pack(self, lengths_E2: np.ndarray, chunk: int) -> tuple[np.ndarray, np.ndarray]:
        """(order of examples, examples a row): windows in order of the stream, rows shuffled inside their window."""
        windows, rows = packing.pack_windows(lengths_E2, self.inputs_length, self.targets_length)
        width = int(rows.max()) + 1
        row_ids = windows.astype(np.int64) * width + rows
        used, row_of_example, sizes = np.unique(row_ids, return_inverse=True, return_counts=True)
        shuffled = keys.permutation(len(used), "rows", self.stream.seed, chunk)
        row_order = shuffled[np.argsort((used // width)[shuffled], kind="stable")]
        new_number = np.empty_like(row_order)
        new_number[row_order] = np.arange(len(row_order))
        return np.argsort(new_number[row_of_example], kind="stable"), sizes[row_order]

    def _count(self, part: dict[str, np.ndarray], dropped_task_ids: np.ndarray, next_draws: np.ndarray) -> None:
        num_tasks = len(self.planned)
        self.planned += np.bincount(part["task_ids"], minlength=num_tasks)
        self.trimmed += np.bincount(part["task_ids"][part["trimmed"]], minlength=num_tasks)
        # A dropped draw counts where the draw after it is in a row, so the cut at the last row cuts both alike.
        is_counted = np.isin(next_draws, part["draws"])
        self.dropped += np.bincount(dropped_task_ids[is_counted], minlength=num_tasks)
        for side in range(2):
            np.add.at(self.tokens[:, side], part["task_ids"], part["lengths"][:, side])

    def _summaries(self) -> tuple[TaskSummary, ...]:
        stream = self.stream
        return tuple(
            TaskSummary(
                task,
                int(stream.num_examples[i]),
                float(stream.shares[i]),
                int(self.planned[i]),
                float(self.planned[i] / stream.num_examples[i]),
                int(self.tokens[i, 0]),
                int(self.tokens[i, 1]),
                int(self.trimmed[i]),
                int(self.dropped[i]),
            )
            for i, task in enumerate(stream.tasks)
        )


def _checked_lengths(feature_lengths: Mapping[str, int]) -> tuple[int, int]:
    if set(feature_lengths) != {"inputs", "targets"}:
        raise ConfigError(
            f"TASK_FEATURE_LENGTHS has the keys {sorted(feature_lengths)}: it needs inputs and targets, "
            f"as in {{'inputs': 512, 'targets': 128}}"
        )
    for name, length in feature_lengths.items():
        if length < 2:
            raise ConfigError(f"the length of {name} is {length}: a row needs at least 2, a token and EOS")
    return int(feature_lengths["inputs"]), int(feature_lengths["targets"])


def _write_plan(folder: pathlib.Path, plan: PackingPlan) -> PackingPlan:
    partial = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        sha256 = {}
        for name in _ARRAYS:
            np.save(partial / f"{name}.npy", getattr(plan, name))
            sha256[name] = file_sha256(partial / f"{name}.npy")
        summaries = [dataclasses.astuple(summary) for summary in plan.summaries]
        write_json_atomically(
            partial / "plan.json", {"fingerprint": plan.fingerprint, "sha256": sha256, "summaries": summaries}
        )
        try:
            os.rename(partial, folder)
        except OSError:
            if not folder.is_dir():  # otherwise another process has just made the same plan
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return plan


def _read_plan(folder: pathlib.Path, header: dict[str, Any]) -> PackingPlan:
    try:
        stored = json.loads((folder / "plan.json").read_text())
        arrays = {}
        for name in _ARRAYS:
            path = folder / f"{name}.npy"
            found = file_sha256(path)
            if found != stored["sha256"][name]:
                raise CacheError(f"{path} is corrupt: its sha256 is {found}, not {stored['sha256'][name]}")
            arrays[name] = np.load(path, mmap_mode="r" if path.stat().st_size > 1 << 16 else None)
        if stored["fingerprint"] != header["fingerprint"]:
            raise CacheError(f"{folder} holds plan {stored['fingerprint']}, not {header['fingerprint']}")
        summaries = tuple(TaskSummary(*values) for values in stored["summaries"])
    except (CacheError, OSError, ValueError, KeyError, TypeError) as error:
        raise CacheError(f"{error}; the plan can be made again: delete {folder}") from error
    return PackingPlan(**header, summaries=summaries, **arrays)


def _sum_of(name: str, summaries: list[TaskSummary]) -> TaskSummary:
    num_examples, planned = sum(s.num_examples for s in summaries), sum(s.num_planned for s in summaries)
    return TaskSummary(
        name,
        num_examples,
        sum(s.share for s in summaries),
        planned,
        planned / num_examples,
        sum(s.num_inputs_tokens for s in summaries),
        sum(s.num_targets_tokens for s in summaries),
        sum(s.num_trimmed for s in summaries),
        sum(s.num_dropped for s in summaries),
    )


def _table_line(s: TaskSummary) -> str:
    return (
        f"{s.task:<44} {s.num_examples:>10,} {s.share:>7.2%} {s.num_planned:>10,} {s.epochs:>8.2f} "
        f"{s.num_inputs_tokens:>12,} {s.num_targets_tokens:>12,} {s.num_trimmed:>8,} {s.num_dropped:>8,}"
    )
