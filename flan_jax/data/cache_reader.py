"""Random access to the token cache through a bounded number of open files."""

from __future__ import annotations

import collections
import hashlib
import io
import os
import pathlib
import threading
from collections.abc import Iterator, Sequence

import numpy as np
from array_record.python import array_record_module

from flan_jax.core.disk import file_sha256
from flan_jax.core.errors import CacheError
from flan_jax.core.manifest import (
    LENGTHS_FILE,
    CachedExample,
    SplitManifest,
    decode_record,
    read_split_manifest,
    split_dir,
)

# Without read-ahead one record costs one small read, which is what random access wants.
_READER_OPTIONS = "readahead_buffer_size:0,max_parallelism:0"

__all__ = ["CacheReader"]


class CacheReader:
    """Examples of one tokenizer's cache by (task, split, index). Threads may share it.

    At most `max_open_files` shards are open at a time, the least recently used is closed first. Every file is compared
    with the manifest as this reader first read it: by sha256 when it is first opened, and when it is opened again
    wherever it is not the very file of then (another inode, size or time). So what another command caches meanwhile is
    an error, never other data.
    """

    def __init__(self, root: pathlib.Path, vocab_fingerprint: str, max_open_files: int = 64):
        if max_open_files < 1:
            raise CacheError(f"max_open_files is {max_open_files}: at least 1 shard must be open to be read")
        self.root = pathlib.Path(root)
        self.vocab_fingerprint = vocab_fingerprint
        self.max_open_files = max_open_files
        self._manifests: dict[tuple[str, str], SplitManifest] = {}
        self._shard_starts: dict[tuple[str, str], np.ndarray] = {}
        self._verified: dict[pathlib.Path, _FileState] = {}  # the shards whose sha256 was right
        self._open: collections.OrderedDict[pathlib.Path, array_record_module.ArrayRecordReader] = (
            collections.OrderedDict()
        )
        # Re-entrant: reading records asks for the manifest under the same lock.
        self._lock = threading.RLock()

    def manifest(self, task: str, split: str) -> SplitManifest:
        """What the cache holds of `task`'s `split`. Raises `CacheError` for a missing or foreign one."""
        with self._lock:
            key = (task, split)
            if key not in self._manifests:
                manifest = read_split_manifest(split_dir(self.root, task, split), self.vocab_fingerprint)
                counts = [shard.num_examples for shard in manifest.shards]
                if sum(counts) != manifest.num_examples:
                    raise CacheError(
                        f"the shards of {self._folder(task, split)} hold {sum(counts)} examples, its manifest says "
                        f"{manifest.num_examples}: {self._rebuild(task, split)}"
                    )
                self._manifests[key] = manifest
                self._shard_starts[key] = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
            return self._manifests[key]

    def num_examples(self, task: str, split: str) -> int:
        """Number of examples cached for `task`'s `split`."""
        return self.manifest(task, split).num_examples

    def lengths(self, task: str, split: str) -> np.ndarray:
        """Token counts with EOS, int32 [num_examples, 2] (inputs, targets); read, and compared with the manifest's
        sha256, at every call."""
        path, num_examples = self._folder(task, split) / LENGTHS_FILE, self.num_examples(task, split)
        expected = self.manifest(task, split).lengths_sha256
        try:
            content = path.read_bytes()  # once: what is used is what was compared
        except OSError as error:
            raise self._fault(task, split, f"{path} cannot be read ({error.strerror})") from error
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            raise self._fault(task, split, f"{path} is corrupt: its sha256 is {found}, the manifest says {expected}")
        try:
            lengths: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
        except (OSError, ValueError) as error:
            raise self._fault(task, split, f"{path} is no array ({error})") from error
        if lengths.shape != (num_examples, 2) or lengths.dtype != np.int32:
            raise self._fault(
                task,
                split,
                f"{path} has shape {lengths.shape} of {lengths.dtype}, the manifest says ({num_examples}, 2) of int32",
            )
        return lengths

    def read(self, task: str, split: str, index: int) -> CachedExample:
        """Example `index` of `task`'s `split`."""
        return self.read_many(task, split, [index])[0]

    def read_many(self, task: str, split: str, indices: Sequence[int] | np.ndarray) -> list[CachedExample]:
        """Examples `indices` in that order; one read a shard, which is several times faster than one an example."""
        positions = np.asarray(indices, np.int64)
        num_examples = self.num_examples(task, split)
        outside = positions[(positions < 0) | (positions >= num_examples)]
        if outside.size:
            raise CacheError(
                f"example {outside[0]} of {task}/{split} is not in [0, {num_examples}): was the cache rebuilt since "
                f"the plan was made?"
            )
        starts = self._shard_starts[task, split]
        shards = np.searchsorted(starts, positions, side="right") - 1
        examples: list[CachedExample | None] = [None] * len(positions)
        for shard in np.unique(shards).tolist():
            members = np.flatnonzero(shards == shard)
            records = self._read_records(task, split, shard, (positions[members] - starts[shard]).tolist())
            for member, record in zip(members.tolist(), records, strict=True):
                examples[member] = self._decode(task, split, shard, record)
        return examples  # type: ignore[return-value]  # every position belongs to one shard

    def examples(self, task: str, split: str, batch_size: int = 256) -> Iterator[CachedExample]:
        """All examples of `task`'s `split` in order."""
        num_examples = self.num_examples(task, split)
        for start in range(0, num_examples, batch_size):
            yield from self.read_many(task, split, range(start, min(start + batch_size, num_examples)))

    @property
    def num_open_files(self) -> int:
        """Number of shards open now."""
        return len(self._open)

    def close(self) -> None:
        """Closes every open shard; a later read opens them again."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def __enter__(self) -> CacheReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_records(self, task: str, split: str, shard: int, positions: list[int]) -> list[bytes]:
        with self._lock:
            # Held while reading: another thread's read could close this shard to make room for its own.
            path = self._shard_path(task, split, shard)
            try:
                records: list[bytes] = self._reader(task, split, shard).read(positions)
            except (RuntimeError, ValueError, IndexError) as error:
                raise CacheError(f"shard {path} is corrupt ({error}): {self._rebuild(task, split)}") from error
            return records

    def _reader(self, task: str, split: str, shard: int) -> array_record_module.ArrayRecordReader:
        path = self._shard_path(task, split, shard)
        if path in self._open:
            self._open.move_to_end(path)
            return self._open[path]
        entry = self.manifest(task, split).shards[shard]
        try:
            state = _state_of(path)
            if self._verified.get(path) != state:
                found = file_sha256(path)
                if found != entry.sha256:
                    what = f"shard {path} is corrupt: its sha256 is {found}, the manifest says {entry.sha256}"
                    raise self._fault(task, split, what)
                self._verified[path] = state
            # Room is made first: the limit is of files open at once.
            while len(self._open) >= self.max_open_files:
                self._open.popitem(last=False)[1].close()
            reader = array_record_module.ArrayRecordReader(str(path), _READER_OPTIONS)
            what = ""
            if _state_of(path) != state:
                what = f"shard {path} was written to while it was opened"
            elif reader.num_records() != entry.num_examples:
                what = f"shard {path} holds {reader.num_records()} records, the manifest says {entry.num_examples}"
            if what:
                reader.close()
                raise self._fault(task, split, what)
        except OSError as error:
            raise self._fault(task, split, f"shard {path} cannot be read ({error.strerror})") from error
        self._open[path] = reader
        return reader

    def _decode(self, task: str, split: str, shard: int, record: bytes) -> CachedExample:
        try:
            return decode_record(record)
        except Exception as error:  # msgpack and NumPy raise a dozen kinds; all mean that the bytes are not a record
            path = self._shard_path(task, split, shard)
            raise CacheError(
                f"shard {path} has a record that is not an example ({error}): {self._rebuild(task, split)}"
            ) from error

    def _folder(self, task: str, split: str) -> pathlib.Path:
        return split_dir(self.root, task, split)

    def _shard_path(self, task: str, split: str, shard: int) -> pathlib.Path:
        return self._folder(task, split) / self.manifest(task, split).shards[shard].file

    def _fault(self, task: str, split: str, what: str) -> CacheError:
        """The error to raise where a file is not what the manifest says.

        Args:
          task, split: whose file it is.
          what: what is wrong with it, unless it was cached again since the manifest was read.
        """
        try:
            now = read_split_manifest(self._folder(task, split), self.vocab_fingerprint)
        except CacheError:
            now = None
        if now not in (None, self._manifests[task, split]):
            return CacheError(
                f"{self._folder(task, split)} is not the one that this program began with: another command has cached "
                f"it again, with other text; start this one again, and give CACHE_DIRs of their own to runs whose "
                f"tasks differ"
            )
        return CacheError(f"{what}: {self._rebuild(task, split)}")

    def _rebuild(self, task: str, split: str) -> str:
        return f"delete {self._folder(task, split)} and run `flan-jax cache` again"


_FileState = tuple[int, int, int, int, int]


def _state_of(path: pathlib.Path) -> _FileState:
    """What tells a file from one that took its place or was written to: some microseconds of the millisecond that
    opening a shard takes, where the sha256 of a full one takes a quarter of a second."""
    found = os.stat(path)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
