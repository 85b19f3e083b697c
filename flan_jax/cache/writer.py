"""Writes one split of a task to disk: ArrayRecord shards, lengths and manifest, all of it or nothing."""

from __future__ import annotations

import array
import contextlib
import dataclasses
import os
import pathlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from array_record.python.array_record_module import ArrayRecordWriter

from flan_jax.core.disk import file_sha256, fsync_path, naming
from flan_jax.core.manifest import (
    LENGTHS_FILE,
    CachedExample,
    Shard,
    SplitManifest,
    encode_record,
    split_dir,
    write_split_manifest,
)

PARTIAL_DIR = ".partial"
MAX_SHARD_BYTES = 128 * 2**20  # of records before compression: a shard is the unit that is checked and copied

__all__ = ["MAX_SHARD_BYTES", "PARTIAL_DIR", "SplitWriter", "clear_partials", "write_split"]


def clear_partials(root: pathlib.Path) -> None:
    """Removes what killed runs left behind. Only to be called while holding the cache's lock."""
    shutil.rmtree(root / PARTIAL_DIR, ignore_errors=True)


class SplitWriter:
    """Collects examples into shards of a bounded size. `write_split` makes and finishes one."""

    def __init__(self, folder: pathlib.Path, max_shard_bytes: int):
        self._folder = folder
        self._max_shard_bytes = max_shard_bytes
        self._writer: Any = None
        self._shard_bytes = 0
        self._shard_counts: list[int] = []
        self._lengths = array.array("i")  # inputs and targets in turn: eight bytes an example, however many there are

    @property
    def num_examples(self) -> int:
        """Examples added so far."""
        return len(self._lengths) // 2

    def add(self, example: CachedExample) -> None:
        """Appends one example; its place in the cache is the order of these calls."""
        record = encode_record(example)
        if self._writer is None or self._shard_bytes + len(record) > self._max_shard_bytes:
            self._next_shard()
        self._writer.write(record)
        self._shard_bytes += len(record)
        self._shard_counts[-1] += 1
        self._lengths.extend((len(example.inputs_tokens), len(example.targets_tokens)))

    def _next_shard(self) -> None:
        self.close()
        # group_size 1: each record is found on its own, so that the feed reads any example with one seek.
        path = self._folder / f"open-{len(self._shard_counts):05d}"
        self._writer = ArrayRecordWriter(str(path), "group_size:1")
        self._shard_bytes = 0
        self._shard_counts.append(0)

    def close(self) -> None:
        """Closes the shard being written."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def finish(self) -> tuple[tuple[Shard, ...], str]:
        """Names the shards by their final count and writes lengths.npy; (the shards with checksums, its sha256)."""
        self.close()
        shards = []
        for k, num_examples in enumerate(self._shard_counts):
            path = self._folder / f"shard-{k:05d}-of-{len(self._shard_counts):05d}.arrayrecord"
            os.rename(self._folder / f"open-{k:05d}", path)
            fsync_path(path)
            shards.append(Shard(path.name, num_examples, path.stat().st_size, file_sha256(path)))
        lengths = self._folder / LENGTHS_FILE
        with naming(lengths):
            np.save(lengths, np.frombuffer(self._lengths, np.int32).reshape(-1, 2))
        fsync_path(lengths)
        return tuple(shards), file_sha256(lengths)


@contextlib.contextmanager
def write_split(
    root: pathlib.Path, task: str, split: str, max_shard_bytes: int
) -> Iterator[tuple[SplitWriter, Callable[[SplitManifest], SplitManifest]]]:
    """Gives (writer, commit). `commit(manifest)` fills in counts and shards, makes the split appear by one rename, and
    returns the manifest.

    Leaving the block without a commit, by an error or by a kill, leaves the cache as it was.

    Args:
      root: the tokenizer's folder of the cache.
      task: the task's name.
      split: the split's name.
      max_shard_bytes: bytes of records a shard holds at most.
    """
    # Below the cache's root: a rename is atomic only within one file system.
    partial = root / PARTIAL_DIR / f"{task}-{split}-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    writer = SplitWriter(partial, max_shard_bytes)

    def commit(manifest: SplitManifest) -> SplitManifest:
        shards, lengths_sha256 = writer.finish()
        manifest = dataclasses.replace(
            manifest, num_examples=writer.num_examples, shards=shards, lengths_sha256=lengths_sha256
        )
        write_split_manifest(partial, manifest)
        # Before the rename: after a power cut the split's name must not stand for files that never reached the disk.
        fsync_path(partial)
        final = split_dir(root, task, split)
        final.parent.mkdir(parents=True, exist_ok=True)
        if final.exists():  # a stale one: a kill between the two renames leaves the split absent, never mixed
            os.rename(final, root / PARTIAL_DIR / f"stale-{task}-{split}-{os.getpid()}")
        os.rename(partial, final)
        # And the rename itself.
        fsync_path(final.parent)
        shutil.rmtree(root / PARTIAL_DIR / f"stale-{task}-{split}-{os.getpid()}", ignore_errors=True)
        return manifest

    try:
        yield writer, commit
    finally:
        writer.close()
        shutil.rmtree(partial, ignore_errors=True)
