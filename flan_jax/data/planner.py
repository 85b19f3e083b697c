"""Making a plan: a mixture's draws, chunk after chunk, are measured, packed and counted until there are rows enough."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import logging
import math
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from flan_jax.core.errors import CacheError, ConfigError
from flan_jax.core.manifest import MixtureManifest
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.data import draws as mixing
from flan_jax.data import keys, packing
from flan_jax.data.cache_reader import CacheReader
from flan_jax.data.decoder_rows import DecoderRows
from flan_jax.data.objectives import make_objective, mode_tokens_of
from flan_jax.data.plan import PackingPlan, TaskSummary, read_plan, write_plan

PLAN_VERSION = 2  # raise it whenever the same inputs give another plan
SAMPLE_EXAMPLES = 4096
EPOCH_DRAWS = 1 << 20  # an epoch of up to so many draws is counted to its end, though the run may be shorter

_LOGGER = logging.getLogger(__name__)

__all__ = ["EPOCH_DRAWS", "PLAN_VERSION", "make_plan", "steps_per_epoch"]


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
    layout: DecoderRows | None = None,
    prompt_tokens: int = 0,
) -> PackingPlan:
    """The plan of `num_steps` batches of `batch_size` rows of `mixture`, read from `plan_dir` or made and saved there.

    root: the tokenizer's cache. split: the cached split to draw from, or one for each task. feature_lengths:
    {"inputs": L, "targets": T}. plan_dir: `root / "plans"` by default. layout: of a decoder-only model's rows, which
    hold L + T tokens of whole examples, each of at most L inputs and T targets, as SeqIO's prefix-LM converter does.
    prompt_tokens: of a soft prompt (`flan_jax.models.soft_prompt`), put before every example's inputs, which keep to
    what is left of L.

    Raises `CacheError` for a missing, stale or foreign cache, `TaskError` for rates that cannot be drawn from, and
    `ConfigError` for lengths that no example fits.
    """
    reader = reader or CacheReader(root, vocabulary.fingerprint)
    header, stream = _header(
        reader,
        mixture,
        split,
        vocabulary,
        feature_lengths,
        batch_size=batch_size,
        num_steps=num_steps,
        seed=seed,
        layout=layout,
        prompt_tokens=prompt_tokens,
    )
    folder = pathlib.Path(plan_dir or pathlib.Path(root) / "plans") / f"{header['fingerprint'][:16]}-{num_steps}"
    if folder.is_dir():
        return read_plan(folder, header)
    plan = _Planner(reader, stream, header).plan()
    try:
        return write_plan(folder, plan)
    except OSError as error:  # a plan is cheap to make again: a full disk or a read-only cache must not stop a run
        _LOGGER.warning("the packing plan cannot be saved at %s (%s): a restart will make it again", folder, error)
        return plan


def steps_per_epoch(
    root: pathlib.Path,
    mixture: MixtureManifest,
    *,
    vocabulary: Vocabulary,
    feature_lengths: Mapping[str, int],
    batch_size: int,
    seed: int,
    split: str | Mapping[str, str] = "train",
    layout: DecoderRows | None = None,
    prompt_tokens: int = 0,
) -> int:
    """The exact number of steps until an example would come a second time, however far that is; as `make_plan`, with
    nothing saved. About ten seconds a million examples."""
    with CacheReader(root, vocabulary.fingerprint) as reader:
        header, stream = _header(
            reader,
            mixture,
            split,
            vocabulary,
            feature_lengths,
            batch_size=batch_size,
            num_steps=1,
            seed=seed,
            layout=layout,
            prompt_tokens=prompt_tokens,
        )
        steps = _Planner(reader, stream, header, epoch_limit=math.inf).plan().steps_per_epoch
    assert steps is not None  # every task is finite
    return steps


def _header(
    reader: CacheReader,
    mixture: MixtureManifest,
    split: str | Mapping[str, str],
    vocabulary: Vocabulary,
    feature_lengths: Mapping[str, int],
    *,
    batch_size: int,
    num_steps: int,
    seed: int,
    layout: DecoderRows | None,
    prompt_tokens: int = 0,
) -> tuple[dict[str, Any], mixing.DrawStream]:
    """(a plan's fields that are known before it is made, the draws it is made of)."""
    inputs_length, targets_length = _checked_lengths(feature_lengths)
    for name, value, limit in (("batch_size", batch_size, 1), ("num_steps", num_steps, 1), ("seed", seed, 0)):
        if value < limit:
            raise ConfigError(f"{name} is {value}: it must be at least {limit}")
    if inputs_length - prompt_tokens < 2:
        raise ConfigError(
            f"rows of {inputs_length} inputs have no room for a soft prompt of {prompt_tokens} tokens and text: set "
            f"longer TASK_FEATURE_LENGTHS, or a shorter TuningConfig.prompt_tokens"
        )
    tasks = sorted(task for task, rate in mixture.rates.items() if rate > 0)
    splits = tuple(split if isinstance(split, str) else split[task] for task in tasks)
    manifests = [reader.manifest(task, task_split) for task, task_split in zip(tasks, splits, strict=True)]
    stream = mixing.make_draw_stream(
        mixture.rates,
        {manifest.task: manifest.num_rows for manifest in manifests},
        seed,
        num_renderings={manifest.task: manifest.num_renderings for manifest in manifests},
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
    if layout is not None:
        identity["layout"] = dataclasses.asdict(layout)
    mode_tokens = mode_tokens_of(vocabulary, [manifest.objective for manifest in manifests])
    if mode_tokens:
        identity["mode_tokens"] = mode_tokens
    if prompt_tokens:
        identity["prompt_tokens"] = prompt_tokens
    fingerprint = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    header = {
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
        "note": mixture.missing_line,
        "layout": layout,
        "mode_tokens": mode_tokens,
        "prompt_tokens": prompt_tokens,
    }
    return header, stream


class _Planner:
    """Packs a draw stream, chunk after chunk, until there are rows enough."""

    def __init__(
        self, reader: CacheReader, stream: mixing.DrawStream, header: dict[str, Any], epoch_limit: float = EPOCH_DRAWS
    ):
        self.stream, self.header = stream, header
        self.epoch_draws = float((stream.num_examples / stream.shares).min())
        self.epoch_limit = epoch_limit
        self.inputs_length, self.targets_length = header["inputs_length"], header["targets_length"]
        self.text_length = self.inputs_length - header["prompt_tokens"]
        self.layout: DecoderRows | None = header["layout"]
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
                name,
                self.text_length,
                self.targets_length,
                header["vocab_size"],
                header["num_sentinels"],
                header["mode_tokens"],
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
        num_rows = rows_seen = 0
        epoch_rows: int | None = None
        for part, drops, first_repeat in self._chunks():
            if epoch_rows is None and first_repeat is not None:
                is_first_time = part["draws"] < first_repeat
                last_row = np.repeat(np.arange(len(part["row_sizes"])), part["row_sizes"])[is_first_time].max(
                    initial=-1
                )
                epoch_rows = rows_seen + int(last_row) + 1
            rows_seen += len(part["row_sizes"])
            room = num_rows_wanted - num_rows
            if not room:
                if epoch_rows is not None:
                    break
                continue
            if len(part["row_sizes"]) > room:
                num_entries = int(part["row_sizes"][:room].sum())
                part = {name: values[: room if name == "row_sizes" else num_entries] for name, values in part.items()}
            num_rows += len(part["row_sizes"])
            self._count(part, *drops)
            parts.append(part)
            if num_rows == num_rows_wanted and (epoch_rows is not None or self.epoch_draws > self.epoch_limit):
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
            steps_per_epoch=None if epoch_rows is None else -(-epoch_rows // self.header["batch_size"]),
            epoch_draws=self.epoch_draws,
        )

    def _chunks(self) -> Iterator[tuple[dict[str, np.ndarray], tuple[np.ndarray, np.ndarray], int | None]]:
        """Yields a chunk's rows, of its dropped draws the task and the next draw that was kept, and the chunk's first
        draw of an example that was drawn before. Where that is for the first time, a window ends too: the rows of the
        first epoch then hold no second copy, however small the mixture is."""
        epoch_has_ended = False
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
                self.samples.append((untrimmed_E2[supervised] + [self.header["prompt_tokens"], 0]).astype(np.int32))
            kept_E2 = lengths_E2[fits]
            repeats = draws.numbers[draws.epochs > 0]
            first_repeat = int(repeats[0]) if len(repeats) else None
            cut = 0
            if first_repeat is not None and not epoch_has_ended:
                epoch_has_ended, cut = True, int(np.searchsorted(kept_numbers, first_repeat))
            packed = [self._pack(kept_E2[:cut], chunk, "epoch end"), self._pack(kept_E2[cut:], chunk)]
            order = np.concatenate([packed[0][0], packed[1][0] + cut])
            sizes = np.concatenate([packed[0][1], packed[1][1]])
            part = {
                "row_sizes": sizes,
                "task_ids": draws.task_ids[fits][order],
                "indices": draws.indices[fits][order],
                "epochs": draws.epochs[fits][order],
                "draws": kept_numbers[order],
                "lengths": kept_E2[order],
                "trimmed": self._is_trimmed(draws, untrimmed_E2)[fits][order],
            }
            yield part, (draws.task_ids[~fits], kept_numbers[next_kept]), first_repeat

    def _fed_lengths(self, draws: mixing.Draws, untrimmed_E2: np.ndarray) -> np.ndarray:
        """Lengths as they are fed, inputs trimmed and objectives applied; int64 [E, 2], 0 where nothing is left."""
        lengths_E2 = untrimmed_E2.astype(np.int64)
        np.minimum(lengths_E2[:, 0], self.text_length, out=lengths_E2[:, 0])
        for task_id, objective in self.objectives.items():
            own = np.flatnonzero(draws.task_ids == task_id)
            own_keys = self._objective_keys(draws, own)
            lengths_E2[own] = np.stack(objective.lengths(untrimmed_E2[own, 1] - 1, own_keys), axis=1)
        if self.layout is not None:
            lengths_E2[:, 0] = np.maximum(0, lengths_E2[:, 0] - self.layout.num_left_out)
        lengths_E2[:, 0] += self.header["prompt_tokens"]
        return lengths_E2

    def _objective_keys(self, draws: mixing.Draws, own: np.ndarray) -> np.ndarray:
        """What the objective of one task draws from, for its draws at the places `own`."""
        task = self.stream.tasks[int(draws.task_ids[own[0]])] if len(own) else ""
        return keys.example_keys(draws.indices[own], draws.epochs[own], "objective", self.stream.seed, task)

    def _is_trimmed(self, draws: mixing.Draws, untrimmed_E2: np.ndarray) -> np.ndarray:
        trimmed = untrimmed_E2[:, 0] > self.text_length
        for task_id, objective in self.objectives.items():
            own = np.flatnonzero(draws.task_ids == task_id)
            trimmed[own] = untrimmed_E2[own, 1] - 1 > objective.windows(self._objective_keys(draws, own))
        return trimmed

    def _pack(self, lengths_E2: np.ndarray, chunk: int, *part: str) -> tuple[np.ndarray, np.ndarray]:
        """(order of examples, examples a row): windows in order of the stream, rows shuffled inside their window.
        part: which part of the chunk, where it is not packed at once."""
        if not len(lengths_E2):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        if self.layout is None:
            windows, rows = packing.pack_windows(lengths_E2, self.inputs_length, self.targets_length)
        else:  # one capacity: the other side is empty
            whole_E2 = np.stack([lengths_E2.sum(axis=1), np.zeros(len(lengths_E2), np.int64)], axis=1)
            windows, rows = packing.pack_windows(whole_E2, self.inputs_length + self.targets_length, 1)
        width = int(rows.max()) + 1
        row_ids = windows.astype(np.int64) * width + rows
        used, row_of_example, sizes = np.unique(row_ids, return_inverse=True, return_counts=True)
        shuffled = keys.permutation(len(used), "rows", self.stream.seed, chunk, *part)
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
