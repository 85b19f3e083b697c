"""The feed's speed and density; one JSON line a case.

    python benchmarks/feed.py                                   # synthetic lengths, then a synthetic cache
    python benchmarks/feed.py --cache_dir D --mixture M --vocab_path V   # and a real mixture that is cached in D

The draw case makes 1,000,000 draws of 1,836 tasks and holds them against the rates by a chi-squared test. Packing cases
pack 1,000,000 lognormal lengths at three pairs of caps, beside next-fit (seqio's packer) and first-fit
with 64 open rows on the same lengths. Feed cases plan from a cache, then time the first batch and the rows after it.
Reader cases feed a step that takes 0 and 50 ms through `prefetch`, by turns from `batch_at` and from the trainer's
`BatchReader`, and time the step and how much of it is waiting.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import sys
import tempfile
import threading
import time
from collections.abc import Callable

import numpy as np
from array_record.python import array_record_module

from flan_jax.core.disk import file_sha256
from flan_jax.core.manifest import (
    CachedExample,
    MixtureManifest,
    Shard,
    SplitManifest,
    cache_root,
    encode_record,
    read_mixture_manifest,
    split_dir,
    write_split_manifest,
)
from flan_jax.core.vocabulary import Vocabulary, load_vocabulary
from flan_jax.data import (
    BatchReader,
    CacheReader,
    PackingPlan,
    PlanSpec,
    batch_at,
    make_plan,
    packing,
    prefetch,
)
from flan_jax.data.draws import CHUNK_DRAWS, make_draw_stream

CAPS = ((512, 128), (1024, 256), (2048, 512))


class SyntheticVocabulary:
    """Stands in for a vocabulary where no text is read."""

    fingerprint = "5" * 64
    size = 32_128
    num_sentinels = 100


def lognormal_lengths(num_examples: int, inputs_length: int, targets_length: int, seed: int = 0) -> np.ndarray:
    """int32 [num_examples, 2]: medians a sixth of the caps `inputs_length` and `targets_length` (tokens), sigma 0.8,
    clipped to them; `seed` decides which."""
    rng = np.random.default_rng(seed)
    sides = []
    for cap in (inputs_length, targets_length):
        lengths = np.exp(rng.normal(np.log(cap / 6), 0.8, num_examples)).astype(np.int32)
        sides.append(np.clip(lengths, 2, cap))
    return np.stack(sides, axis=1)


def pack_as_planned(lengths_E2: np.ndarray, inputs_length: int, targets_length: int) -> int:
    """Number of rows that the planner's chunks and windows make of `lengths_E2`."""
    num_rows = 0
    for start in range(0, len(lengths_E2), CHUNK_DRAWS):
        windows, rows = packing.pack_windows(lengths_E2[start : start + CHUNK_DRAWS], inputs_length, targets_length)
        num_rows += len(np.unique(windows.astype(np.int64) * CHUNK_DRAWS + rows))
    return num_rows


def bench_packing(num_examples: int) -> None:
    packers: dict[str, Callable[[np.ndarray, int, int], int]] = {
        "flan_jax": pack_as_planned,
        "first_fit_64": lambda lengths, *caps: int(packing.first_fit(lengths, *caps).max()) + 1,
        "next_fit": lambda lengths, *caps: int(packing.next_fit(lengths, *caps).max()) + 1,
    }
    for caps in CAPS:
        lengths = lognormal_lengths(num_examples, *caps)
        for name, pack in packers.items():
            begin = time.perf_counter()
            num_rows = pack(lengths, *caps)
            secs = time.perf_counter() - begin
            emit(
                case="packing",
                packer=name,
                inputs_length=caps[0],
                targets_length=caps[1],
                num_examples=num_examples,
                secs=round(secs, 2),
                examples_per_sec=round(num_examples / secs),
                density=round(packing.density(lengths, num_rows, *caps), 4),
                density_bound=round(packing.density_bound(lengths, *caps), 4),
            )


def bench_draws(num_draws: int, num_tasks: int) -> None:
    rates = dict(zip((f"task_{i:04}" for i in range(num_tasks)), 1 / np.arange(10, num_tasks + 10), strict=True))
    stream = make_draw_stream(rates, dict.fromkeys(rates, 3000), seed=0)
    begin = time.perf_counter()
    chunks = [stream.chunk(chunk).task_ids for chunk in range(num_draws // CHUNK_DRAWS + 1)]
    secs = time.perf_counter() - begin
    task_ids = np.concatenate(chunks)[:num_draws]
    expected = stream.shares * len(task_ids)
    counts = np.bincount(task_ids, minlength=num_tasks)
    statistic = float(((counts - expected) ** 2 / expected).sum())
    emit(
        case="draws",
        num_draws=len(task_ids),
        num_tasks=num_tasks,
        secs=round(secs, 2),
        chi_squared=round(statistic, 1),
        degrees_of_freedom=num_tasks - 1,
        largest_difference=round(float(np.abs(counts - expected).max()), 1),
    )


def write_synthetic_cache(root: pathlib.Path, num_tasks: int, num_examples: int) -> MixtureManifest:
    """A cache of `num_tasks` tasks whose sizes follow Zipf's law, `num_examples` in all."""
    weights = 1 / np.arange(10, num_tasks + 10)
    sizes = np.maximum(1, np.floor(weights / weights.sum() * num_examples)).astype(np.int64)
    names = [f"task_{i:04}" for i in range(num_tasks)]
    for number, (name, size) in enumerate(zip(names, sizes.tolist(), strict=True)):
        folder = split_dir(root, name, "train")
        folder.mkdir(parents=True)
        lengths = lognormal_lengths(size, 512, 128, seed=number)
        path = folder / "shard-00000-of-00001.arrayrecord"
        writer = array_record_module.ArrayRecordWriter(str(path), "group_size:1")
        for index, (inputs, targets) in enumerate(lengths.tolist()):
            tokens = np.full(inputs + targets, 3 + number, np.int32)
            tokens[[inputs - 1, -1]] = 1
            writer.write(encode_record(CachedExample(tokens[:inputs], tokens[inputs:], (), (), index)))
        writer.close()
        np.save(folder / "lengths.npy", lengths)
        shard = Shard(path.name, size, path.stat().st_size, file_sha256(path))
        manifest = SplitManifest(
            task=name,
            split="train",
            cluster="synthetic",
            kind="",
            objective=None,
            metrics=(),
            chance=0.0,
            pipeline="native",
            fingerprint=str(number),
            vocab_fingerprint=SyntheticVocabulary.fingerprint,
            vocab_size=SyntheticVocabulary.size,
            num_examples=size,
            shards=(shard,),
            lengths_sha256=file_sha256(folder / "lengths.npy"),
            dropped={},
            exemplars_dropped=0,
            examples_shortened=0,
            max_inputs_length=None,
        )
        write_split_manifest(folder, manifest)
    rates = {name: float(min(size, 3000)) for name, size in zip(names, sizes.tolist(), strict=True)}
    return MixtureManifest("synthetic", rates, dict(zip(names, sizes.tolist(), strict=True)), 3000, 1.0, {})


def bench_feed(
    root: pathlib.Path,
    mixture: MixtureManifest,
    vocabulary: Vocabulary | SyntheticVocabulary,
    caps: tuple[int, int],
    batch_size: int,
    num_steps: int,
    num_timed_steps: int,
) -> None:
    with tempfile.TemporaryDirectory() as plan_dir, CacheReader(root, vocabulary.fingerprint) as reader:
        begin = time.perf_counter()
        lengths = {"inputs": caps[0], "targets": caps[1]}
        spec = PlanSpec(mixture=mixture, feature_lengths=lengths, batch_size=batch_size, num_steps=num_steps)
        plan = make_plan(spec, reader, vocabulary, pathlib.Path(plan_dir))  # type: ignore[arg-type]
        plan_secs = time.perf_counter() - begin
        tokens = np.array([[s.num_inputs_tokens, s.num_targets_tokens] for s in plan.summaries]).sum(axis=0)
        batch_at(plan, reader, 0)
        first_batch_secs = time.perf_counter() - begin
        steps = min(num_steps, num_timed_steps)
        begin = time.perf_counter()
        for _ in prefetch(BatchReader(plan, reader), 0, steps, put=lambda batch: batch):
            pass
        secs = time.perf_counter() - begin
        emit(
            case="feed",
            mixture=mixture.name,
            num_tasks=len(plan.tasks),
            inputs_length=caps[0],
            targets_length=caps[1],
            num_examples_planned=plan.num_examples,
            num_rows=plan.num_rows,
            plan_secs=round(plan_secs, 2),
            first_batch_secs=round(first_batch_secs, 2),
            rows_per_sec=round(steps * batch_size / secs),
            density=round(plan.density, 4),
            density_bound=round(plan.density_bound, 4),
            inputs_density=round(tokens[0] / (plan.num_rows * caps[0]), 4),
            targets_density=round(tokens[1] / (plan.num_rows * caps[1]), 4),
            steps_per_epoch=plan.steps_per_epoch,
            num_threads=threading.active_count(),
            num_open_files=len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else None,
        )
        bench_readers(plan, reader, first_step=steps)


def bench_readers(plan: PackingPlan, reader: CacheReader, first_step: int, num_rounds: int = 3) -> None:
    """The two ways to make batches, by turns over the same steps, whose shards are in the page cache."""
    makers: dict[str, Callable[[], Callable[[int], dict[str, np.ndarray]]]] = {
        "batch_at": lambda: lambda step: batch_at(plan, reader, step),
        "BatchReader": lambda: BatchReader(plan, reader),
    }
    num_steps = min(100, plan.num_steps - first_step)
    for step_secs in (0.0, 0.05):
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in makers}
        for _ in range(num_rounds if num_steps else 0):
            for name, make in makers.items():
                begin, waited = time.perf_counter(), 0.0
                for fed in prefetch(make(), first_step, first_step + num_steps, put=lambda batch: batch):
                    waited += fed.wait_secs
                    time.sleep(step_secs)
                times[name].append(((time.perf_counter() - begin) / num_steps, waited / num_steps))
        for name, rounds in times.items():
            if rounds:
                emit(
                    case="reader",
                    reader=name,
                    num_tasks=len(plan.tasks),
                    batch_size=plan.batch_size,
                    step_ms=round(step_secs * 1e3),
                    ms_per_step=[round(secs * 1e3, 1) for secs, _ in rounds],
                    wait_ms_per_step=[round(wait * 1e3, 1) for _, wait in rounds],
                )


def emit(**fields: object) -> None:
    print(json.dumps(fields), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=1_000_000, help="synthetic examples, packed and cached")
    parser.add_argument("--tasks", type=int, default=1836, help="tasks of the synthetic cache")
    parser.add_argument("--cache_dir", type=pathlib.Path, help="cache of a real mixture")
    parser.add_argument("--mixture", help="the real mixture's name")
    parser.add_argument("--vocab_path", help="the SentencePiece model it was cached with")
    parser.add_argument("--inputs", type=int, default=512)
    parser.add_argument("--targets", type=int, default=128)
    parser.add_argument("--batch_size", type=int, default=64)
    args = parser.parse_args()
    real = (args.cache_dir, args.mixture, args.vocab_path)
    if any(real) and not all(real):
        parser.error("a real mixture needs --cache_dir, --mixture and --vocab_path")
    if args.mixture:
        vocabulary = load_vocabulary(args.vocab_path)
        root = cache_root(args.cache_dir, vocabulary.fingerprint, args.inputs)
        mixture = read_mixture_manifest(root, args.mixture)
        bench_feed(root, mixture, vocabulary, (args.inputs, args.targets), args.batch_size, 500, 100)
    bench_draws(args.examples, args.tasks)
    bench_packing(args.examples)
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        mixture = write_synthetic_cache(root, args.tasks, args.examples)
        # The packing of these lengths puts about 3.5 examples in a row.
        num_steps = max(1, int(args.examples / 3.5 / args.batch_size))
        bench_feed(root, mixture, SyntheticVocabulary(), (512, 128), args.batch_size, num_steps, 100)


if __name__ == "__main__":
    main()
