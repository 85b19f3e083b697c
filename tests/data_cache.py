"""Small synthetic caches, written through `flan_jax.core.manifest` as `flan_jax.cache` writes real ones."""

import dataclasses
import hashlib
import json
import pathlib
from collections.abc import Callable, Mapping

import numpy as np
from array_record.python import array_record_module

from flan_jax.core.disk import file_sha256
from flan_jax.core.manifest import (
    CachedExample,
    MixtureManifest,
    Shard,
    SplitManifest,
    encode_record,
    read_split_manifest,
    split_dir,
    write_mixture_manifest,
    write_split_manifest,
)
from flan_jax.core.vocabulary import EOS_ID


@dataclasses.dataclass(frozen=True)
class FakeVocabulary:
    """What the feed asks of a vocabulary."""

    fingerprint: str = "f" * 64
    size: int = 1000
    num_sentinels: int = 100


@dataclasses.dataclass(frozen=True)
class LengthsReader:
    """What a planner asks of a `CacheReader`, of tasks that are nothing but their lengths (inputs, targets)."""

    root: pathlib.Path
    tasks: Mapping[str, np.ndarray]
    objectives: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def manifest(self, task: str, split: str) -> SplitManifest:
        size = len(self.tasks[task])
        return SplitManifest(
            task=task,
            split=split,
            cluster="made_up",
            kind="",
            objective=self.objectives.get(task),
            metrics=(),
            chance=0.0,
            pipeline="native",
            fingerprint=f"text of {task}",
            vocab_fingerprint="f" * 64,
            vocab_size=1000,
            num_examples=size,
            shards=(Shard("shard", size, 1, f"{size:064}"),),
            lengths_sha256=hashlib.sha256(self.lengths(task, split).tobytes()).hexdigest(),
            dropped={},
            exemplars_dropped=0,
            examples_shortened=0,
            max_inputs_length=None,
        )

    def lengths(self, task: str, split: str) -> np.ndarray:
        return self.tasks[task].astype(np.int32)


def make_examples(task_number: int, num_examples: int, max_inputs: int, max_targets: int) -> list[CachedExample]:
    """Examples whose tokens tell task, row and side, so that a mix-up shows."""
    rng = np.random.default_rng([task_number, num_examples])
    examples = []
    for index in range(num_examples):
        sides = []
        for side, longest in enumerate((max_inputs, max_targets)):
            length = int(rng.integers(2, longest + 1))
            tokens = 3 + (task_number * 101 + index * 7 + side * 53 + np.arange(length)) % 800
            tokens[-1] = EOS_ID
            sides.append(tokens.astype(np.int32))
        examples.append(CachedExample(sides[0], sides[1], (f"answer {index}",), (), index))
    return examples


def write_split(
    root: pathlib.Path,
    task: str,
    examples: list[CachedExample],
    split: str = "train",
    num_shards: int = 1,
    objective: str | None = None,
    vocabulary: FakeVocabulary = FakeVocabulary(),
) -> None:
    folder = split_dir(root, task, split)
    folder.mkdir(parents=True)
    shards = []
    for number, part in enumerate(np.array_split(np.arange(len(examples)), num_shards)):
        path = folder / f"shard-{number:05}-of-{num_shards:05}.arrayrecord"
        writer = array_record_module.ArrayRecordWriter(str(path), "group_size:1")
        for i in part:
            writer.write(encode_record(examples[i]))
        writer.close()
        shards.append(Shard(path.name, len(part), path.stat().st_size, file_sha256(path)))
    lengths = [[len(example.inputs_tokens), len(example.targets_tokens)] for example in examples]
    np.save(folder / "lengths.npy", np.array(lengths, np.int32).reshape(-1, 2))
    write_split_manifest(
        folder,
        SplitManifest(
            task=task,
            split=split,
            cluster="made_up",
            kind="",
            objective=objective,
            metrics=("exact_match",),
            chance=0.0,
            pipeline="native",
            fingerprint=json.dumps([task, split]),
            vocab_fingerprint=vocabulary.fingerprint,
            vocab_size=vocabulary.size,
            num_examples=len(examples),
            shards=tuple(shards),
            lengths_sha256=file_sha256(folder / "lengths.npy"),
            dropped={},
            exemplars_dropped=0,
            examples_shortened=0,
            max_inputs_length=None,
        ),
    )


def rewrite_lengths(folder: pathlib.Path, change: Callable[[np.ndarray], object]) -> None:
    """Changes a split's lengths as a writer with a fault would have written them: the manifest agrees."""
    path = folder / "lengths.npy"
    lengths = np.load(path)
    changed = change(lengths)
    np.save(path, changed if isinstance(changed, np.ndarray) else lengths)
    manifest = read_split_manifest(folder, FakeVocabulary().fingerprint)
    write_split_manifest(folder, dataclasses.replace(manifest, lengths_sha256=file_sha256(path)))


def write_mixture(root: pathlib.Path, rates: Mapping[str, float], num_examples: Mapping[str, int]) -> MixtureManifest:
    mixture = MixtureManifest("made_up", dict(rates), dict(num_examples), None, 1.0, {})
    write_mixture_manifest(root, mixture)
    return mixture


def write_cache(
    root: pathlib.Path, sizes: Mapping[str, int], max_inputs: int = 40, max_targets: int = 12, num_shards: int = 1
) -> tuple[MixtureManifest, dict[str, list[CachedExample]]]:
    """A cache of tasks with `sizes` examples each, mixed in proportion to them."""
    examples = {task: make_examples(i, size, max_inputs, max_targets) for i, (task, size) in enumerate(sizes.items())}
    for task, own in examples.items():
        write_split(root, task, own, num_shards=num_shards)
    return write_mixture(root, sizes, sizes), examples
