"""The token cache on disk: what `flan_jax.cache` writes and the feed reads.

    CACHE_DIR/<vocabulary fingerprint, 12 hex digits>/inputs_<most tokens of an input, or "whole">/
        <task>/<split>/shard-00000-of-00001.arrayrecord   one record an example (`encode_record`)
                       lengths.npy                        int32 [num_examples, 2]: tokens of inputs, targets, with EOS
                       manifest.json                      `SplitManifest`
        mixtures/<mixture>.json                           `MixtureManifest`: members with their resolved rates

A split's folder appears by one rename, so it is whole or absent. Caches of other lengths lie apart: what one run reads,
a run of other lengths never makes anew. A split's manifest has the sha256 of every file beside it, and each JSON file
that of its own content (`core.disk.sealed_text`).
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgpack
import numpy as np

from flan_jax.core.disk import sealed_text, unsealed, write_text_atomically
from flan_jax.core.errors import CacheError

FORMAT_VERSION = 2
MANIFEST_FILE, LENGTHS_FILE = "manifest.json", "lengths.npy"
_INPUTS, _WHOLE = "inputs_", "whole"  # names of the folders of caches of different lengths

__all__ = [
    "FORMAT_VERSION",
    "LENGTHS_FILE",
    "MANIFEST_FILE",
    "CachedExample",
    "MixtureManifest",
    "Shard",
    "SplitManifest",
    "cache_root",
    "cached_lengths",
    "decode_record",
    "encode_record",
    "mixture_path",
    "read_mixture_manifest",
    "read_split_manifest",
    "split_dir",
    "unwritten_line",
    "write_mixture_manifest",
    "write_split_manifest",
]


@dataclasses.dataclass(frozen=True)
class CachedExample:
    """One tokenised example.

    inputs_tokens, targets_tokens: int32 [length], EOS included, untrimmed (the feed trims to the row).
    references: accepted answers as text. options: answers to rank, empty for free-form tasks.
    index: row number in the source.
    """

    inputs_tokens: np.ndarray
    targets_tokens: np.ndarray
    references: tuple[str, ...]
    options: tuple[str, ...]
    index: int


@dataclasses.dataclass(frozen=True)
class Shard:
    """One ArrayRecord file of a split."""

    file: str
    num_examples: int
    num_bytes: int
    sha256: str


@dataclasses.dataclass(frozen=True)
class SplitManifest:
    """What one cached split holds.

    fingerprint: of the task's rendered text, by which a changed task is told from its cached self.
    lengths_sha256: of lengths.npy, which decides how examples are packed.
    dropped: reason -> count of source rows that are not in the shards (e.g. "empty_targets").
    cleaned: what the source took off texts (e.g. "###eos_token### at the end of a text") -> how often.
    exemplars_dropped: exemplars left out to keep inputs within `max_inputs_length`; examples_shortened: how many
    examples lost any. exemplars_missing: how many fewer there are than were asked for, since no more could be had.
    num_exemplars: most solved examples in one prompt; None where a SeqIO task does not say.
    num_renderings: texts of each row, side by side in the shards: row r as text v is example r * num_renderings + v.
    unwritten: examples that the vocabulary cannot write (`core.written`): "inputs" that hold unknown pieces, "targets"
    that do not come back from their tokens, "references": examples of which no accepted answer does. No entry for none.
    """

    task: str
    split: str
    cluster: str
    kind: str
    objective: str | None
    metrics: tuple[str, ...]
    chance: float
    pipeline: str  # "native" or "seqio"
    fingerprint: str
    vocab_fingerprint: str
    vocab_size: int
    num_examples: int
    shards: tuple[Shard, ...]
    lengths_sha256: str
    dropped: Mapping[str, int]
    exemplars_dropped: int
    examples_shortened: int
    max_inputs_length: int | None
    num_exemplars: int | None = None
    num_renderings: int = 1
    cleaned: Mapping[str, int] = dataclasses.field(default_factory=dict)
    exemplars_missing: int = 0
    unwritten: Mapping[str, int] = dataclasses.field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    @property
    def num_rows(self) -> int:
        """Rows that an epoch reads: examples, each in one of its renderings."""
        return self.num_examples // self.num_renderings

    @property
    def format(self) -> str:
        """ "zero-shot", "few-shot", or "as given" where the cache cannot tell."""
        if self.num_exemplars is None:
            return "as given"
        return "few-shot" if self.num_exemplars else "zero-shot"


@dataclasses.dataclass(frozen=True)
class MixtureManifest:
    """A mixture resolved against the cache: `rates[task]` is the unnormalised rate after cap and temperature.

    num_examples: of the split that the rate was taken from: the training split, else the evaluation split.
    held_out: "clusters", "datasets", "tasks" -> names that the mixture promises never to train on.
    splits: task -> {"train": name, "eval": name} of its cached splits; a role that a task lacks has no entry.
    missing_tasks: tasks of the mixture that were left out on request, as their data was not on the machine that built
    the cache. missing_share: their part of the whole mixture's weight, by known example counts, in [0, 1].
    """

    name: str
    rates: Mapping[str, float]
    num_examples: Mapping[str, int]
    cap: int | None
    temperature: float
    held_out: Mapping[str, Sequence[str]]
    splits: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    missing_tasks: Sequence[str] = ()
    missing_share: float = 0.0

    @property
    def missing_line(self) -> str:
        """What a reader must know about the part that is missing; empty where nothing is."""
        if not self.missing_tasks:
            return ""
        num_tasks = len(self.rates) + len(self.missing_tasks)
        return (
            f"mixture {self.name} is incomplete: {len(self.missing_tasks):,} of {num_tasks:,} tasks, "
            f"{self.missing_share:.1%} of its weight, were not on the machine that built the cache"
        )


def unwritten_line(unwritten: Mapping[str, int], num_examples: int) -> str:
    """What a reader must know of examples that a vocabulary cannot write; empty where it can write all.

    Args:
      unwritten: part ("inputs", "targets", "references") -> examples; as `SplitManifest.unwritten` has them.
      num_examples: of how many.
    """
    said = {
        "inputs": "hold unknown pieces in their inputs",
        "targets": "have a target that it cannot write",
        "references": "have no accepted answer that it can write",
    }
    found = [f"{unwritten[part]:,} {text}" for part, text in said.items() if unwritten.get(part)]
    return f"the vocabulary: of {num_examples:,} examples {', '.join(found)}" if found else ""


def encode_record(example: CachedExample) -> bytes:
    """One ArrayRecord record: msgpack of [inputs int32 bytes, targets int32 bytes, references, options, index]."""
    # Ids as bytes of a fixed type: NumPy reads them without a loop, on machines of either byte order.
    record: bytes = msgpack.packb(
        [
            np.asarray(example.inputs_tokens, "<i4").tobytes(),
            np.asarray(example.targets_tokens, "<i4").tobytes(),
            list(example.references),
            list(example.options),
            int(example.index),
        ]
    )
    return record


def decode_record(record: bytes) -> CachedExample:
    """The inverse of `encode_record`."""
    inputs, targets, references, options, index = msgpack.unpackb(record)
    return CachedExample(
        np.frombuffer(inputs, "<i4").astype(np.int32),
        np.frombuffer(targets, "<i4").astype(np.int32),
        tuple(references),
        tuple(options),
        index,
    )


def cache_root(
    cache_dir: str | os.PathLike[str], vocab_fingerprint: str, max_inputs_length: int | None = None
) -> pathlib.Path:
    """The folder of one tokenizer's cache of inputs within `max_inputs_length` tokens, None for whole ones."""
    folder = pathlib.Path(cache_dir) / vocab_fingerprint[:12]
    return folder / f"{_INPUTS}{_WHOLE if max_inputs_length is None else max_inputs_length}"


def cached_lengths(cache_dir: str | os.PathLike[str], vocab_fingerprint: str, mixture: str) -> list[int | None]:
    """The `max_inputs_length`s that there are caches of `mixture` for, None for whole inputs; longest first."""
    found: list[int | None] = []
    for path in (pathlib.Path(cache_dir) / vocab_fingerprint[:12]).glob(f"{_INPUTS}*"):
        length = path.name.removeprefix(_INPUTS)
        if (length == _WHOLE or length.isdecimal()) and os.path.isfile(mixture_path(path, mixture)):
            found.append(None if length == _WHOLE else int(length))
    return sorted(found, key=lambda length: (length is not None, -(length or 0)))


def split_dir(root: pathlib.Path, task: str, split: str) -> pathlib.Path:
    """The folder of one cached split."""
    return root / task / split


def mixture_path(root: pathlib.Path, name: str) -> pathlib.Path:
    """The file of one cached mixture."""
    return root / "mixtures" / f"{name}.json"


def write_split_manifest(folder: pathlib.Path, manifest: SplitManifest) -> None:
    """Writes a split's manifest."""
    write_text_atomically(folder / MANIFEST_FILE, sealed_text(manifest))


def read_split_manifest(folder: pathlib.Path, vocab_fingerprint: str) -> SplitManifest:
    """Reads and checks one split's manifest: format, tokenizer, shards present and of the stated size.

    Raises `CacheError` for one that is missing, damaged or of another tokenizer.
    """
    path, rebuild = folder / MANIFEST_FILE, f"delete {folder} and run `flan-jax cache` again"
    fields = _read_json(path, rebuild)
    try:
        if fields["format_version"] != FORMAT_VERSION:
            raise CacheError(
                f"{path} has format version {fields['format_version']}, this program reads {FORMAT_VERSION}: {rebuild}"
            )
        fields["shards"] = tuple(Shard(**shard) for shard in fields["shards"])
        fields["metrics"] = tuple(fields["metrics"])
        manifest = SplitManifest(**fields)
    except (KeyError, TypeError) as error:
        raise CacheError(f"{path} is no split's manifest ({error}): {rebuild}") from error
    if manifest.vocab_fingerprint != vocab_fingerprint:
        raise CacheError(
            f"{path} was tokenised with vocabulary {manifest.vocab_fingerprint[:12]}, this run uses "
            f"{vocab_fingerprint[:12]}: set VOCAB_PATH to the one it was made with, or run `flan-jax cache` again"
        )
    for shard in manifest.shards:
        file = folder / shard.file
        # Size alone, which costs nothing; the sha256 is compared by whoever opens the shard.
        try:
            found = f"has {file.stat().st_size} bytes"
        except FileNotFoundError:
            found = "is missing"
        except OSError as error:
            found = f"cannot be read ({error.strerror})"
        if found != f"has {shard.num_bytes} bytes":
            raise CacheError(f"shard {file} {found}, the manifest says {shard.num_bytes} bytes: {rebuild}")
    return manifest


def write_mixture_manifest(root: pathlib.Path, manifest: MixtureManifest) -> None:
    """Writes `mixtures/<name>.json`."""
    write_text_atomically(mixture_path(root, manifest.name), sealed_text(manifest))


def read_mixture_manifest(root: pathlib.Path, name: str) -> MixtureManifest:
    """Reads `mixtures/<name>.json`. Raises `CacheError` for one that is missing or damaged."""
    path, rebuild = mixture_path(root, name), "run `flan-jax cache` again, which writes it anew"
    try:
        return MixtureManifest(**_read_json(path, rebuild))
    except TypeError as error:
        raise CacheError(f"{path} is no mixture's manifest ({error}): {rebuild}") from error


def _read_json(path: pathlib.Path, rebuild: str) -> dict[str, Any]:
    try:
        return unsealed(path.read_bytes())
    except FileNotFoundError as error:
        raise CacheError(f"{path} does not exist: build it with `flan-jax cache`") from error
    except OSError as error:
        raise CacheError(
            f"{path} cannot be read ({error.strerror}): make it readable, or give another CACHE_DIR"
        ) from error
    except ValueError as error:
        raise CacheError(f"{path} cannot be used: {error}: {rebuild}") from error
