"""The cache built by Apache Beam, on as many machines as its runner has.

The same jobs as the local builder runs, a (task, split) each, with the same code and so the same bytes. Each is made in
a folder of the worker's own and then copied to the cache, shards first and manifest last: a split without a manifest
counts as absent, so what a lost worker leaves behind is made again. The cache may be a folder or anything that Beam's
file systems know (gs://, s3://, hdfs://); training reads it from a folder.

Workers need flan_jax installed (`--setup_file` or a container) and the data folder under the path it has here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import pathlib
import posixpath
import tempfile
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flan_jax.cache.build import (
    DEFAULT_MODULES,
    CacheSettings,
    JobResult,
    pipeline_of,
    run_job,
    start_worker,
)
from flan_jax.cache.jobs import ROLES, SplitJob
from flan_jax.cache.lock import locked
from flan_jax.cache.mixture import finish_mixture, prepare_mixture
from flan_jax.cache.resolve import register
from flan_jax.core.disk import sealed_text, unsealed
from flan_jax.core.errors import CacheError, counted
from flan_jax.core.manifest import MANIFEST_FILE, MixtureManifest, cache_root, split_dir
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.declare.registry import is_local
from flan_jax.sources.data_dir import data_dir, set_data_dir

__all__ = ["build_cache_with_beam"]


def build_cache_with_beam(
    mixture: str,
    *,
    vocabulary: Vocabulary,
    cache_dir: str,
    runner: str,
    pipeline_options: Sequence[str] = (),
    max_inputs_length: int | None = None,
    modules: Sequence[str] = DEFAULT_MODULES,
    task_folders: Mapping[str, str] | None = None,
    roles: Collection[str] = ROLES,
    eval_split: str | None = None,
    available_only: bool = False,
) -> MixtureManifest:
    """As `flan_jax.cache.build.build_cache`, on the workers of `runner`.

    Args:
      mixture: a mixture's or a task's name.
      vocabulary: what text is tokenised with.
      cache_dir: folder of all caches; a tokenizer's lies below.
      runner: Beam's runner, e.g. "DirectRunner".
      pipeline_options: flags for Beam, e.g. "--project=…".
      max_inputs_length: tokens of an input with EOS, beyond which exemplars are dropped; None keeps them all.
      modules: what to import, in every worker too, so that the tasks are registered.
      task_folders: name -> directory of tasks that are read from a folder; None for none.
      roles: "train", "eval" or both.
      eval_split: instead of each task's own evaluation split; None for that.
      available_only: whether tasks whose data is not on this machine are left out, or are an error.

    Raises `CacheError` where Beam is not installed or the pipeline fails, and otherwise what `build_cache` raises.
    """
    beam = _import_beam()
    for line in register(modules, task_folders or {}):
        print(line, flush=True)
    scheme, separator, path = cache_dir.rpartition("://")
    root = scheme + separator + str(cache_root(path, vocabulary.fingerprint, max_inputs_length))
    local_root = None if "://" in root else pathlib.Path(root)
    work, here = prepare_mixture(mixture, roles, eval_split, local_root, available_only)
    if local := [job.task for job in work.jobs if is_local(job.task)]:
        raise CacheError(
            f"task {local[0]} is registered in this process only (by a notebook, a script or a call), so that Beam's "
            f"workers cannot have it: put it in a module and name that in MIXTURE_OR_TASK_MODULE"
        )
    order = _Order(
        root=root,
        vocab_name=pathlib.Path(vocabulary.path).name,
        vocab_files=_files_of(vocabulary),
        num_sentinels=vocabulary.num_sentinels,
        max_inputs_length=max_inputs_length,
        modules=tuple(modules),
        task_folders=dict(task_folders or {}),
        data_dir=str(data_dir()) if data_dir().is_dir() else "",
    )
    logs = posixpath.join(root, ".beam", uuid.uuid4().hex)
    options = beam.options.pipeline_options.PipelineOptions([f"--runner={runner}", *pipeline_options])
    print(f"cache {mixture}: {counted(len(work.jobs), 'split')} for {runner}", flush=True)
    try:
        # A folder of this machine has one writer at a time; object stores have no lock to take.
        with locked(local_root) if local_root else contextlib.nullcontext(), beam.Pipeline(options=options) as pipeline:
            _ = (
                pipeline
                | "splits" >> beam.Create([dataclasses.astuple(job) for job in work.jobs])
                # A runner would fuse the list with the step after it, and make all splits on one worker.
                | "spread" >> beam.Reshuffle()
                | "cache" >> beam.ParDo(_make_do_fn(beam, order))
                # A pipeline gives nothing back to the process that starts it, so results come by file.
                | "write what happened" >> beam.io.WriteToText(posixpath.join(logs, "result"))
            )
    except Exception as error:  # runners raise whatever their backends do
        raise CacheError(f"the Beam pipeline failed on {runner}: {type(error).__name__}: {error}") from error
    results = {result.job: result for result in _read_results(logs)}
    lost = [job for job in work.jobs if job not in results]
    if lost:
        raise CacheError(f"the Beam pipeline says nothing of {len(lost)} of {len(work.jobs)} splits: run it again")
    for job in work.jobs:
        for note in results[job].notes:
            print(note, flush=True)
    errors = [results[job].error for job in work.jobs if results[job].error]
    manifest = finish_mixture(work, here, errors, lambda task, split: _num_cached(root, task, split))
    _write_text(posixpath.join(root, "mixtures", f"{mixture}.json"), sealed_text(manifest))
    num_examples = sum(result.num_examples for result in results.values())
    num_written = sum(result.num_written for result in results.values())
    print(
        f"cache {mixture}: {counted(len(work.jobs), 'split')} of {counted(len(work.roles), 'task')}, "
        f"{counted(num_examples, 'example')} in {root} ({num_written:,} tokenised now)",
        flush=True,
    )
    return manifest


@dataclasses.dataclass(frozen=True)
class _Order:
    """What every worker is told; the vocabulary travels with it."""

    root: str
    vocab_name: str
    vocab_files: Mapping[str, bytes]
    num_sentinels: int
    max_inputs_length: int | None
    modules: tuple[str, ...]
    task_folders: Mapping[str, str]
    data_dir: str


def _files_of(vocabulary: Vocabulary) -> dict[str, bytes]:
    """The vocabulary's file, and what belongs to it, by name."""
    with tempfile.TemporaryDirectory(prefix="flan_jax_beam_") as folder:
        vocabulary.copy_to(pathlib.Path(folder))
        return {path.name: path.read_bytes() for path in pathlib.Path(folder).iterdir()}


def _import_beam() -> Any:
    try:
        import apache_beam
        import apache_beam.io.filesystems
        import apache_beam.options.pipeline_options
    except ImportError as error:
        raise CacheError(
            f"--runner needs Apache Beam ({error}): pip install -c constraints-beam.txt 'flan_jax[beam]' in an "
            f"environment of its own, since it wants older protobuf and pyarrow than TensorFlow's"
        ) from error
    return apache_beam


def _make_do_fn(beam: Any, order: _Order) -> Any:
    """The step of the pipeline; its class is made here since Beam is not always installed."""

    class CacheSplit(beam.DoFn):
        def setup(self) -> None:
            self._folder = tempfile.TemporaryDirectory(prefix="flan_jax_beam_")
            self._settings = _settings(order, pathlib.Path(self._folder.name))
            start_worker(self._settings)

        def teardown(self) -> None:
            self._folder.cleanup()

        def process(self, element: tuple[str, str, str]) -> Iterable[str]:
            result = _cache_and_copy(SplitJob(*element), self._settings, order.root)
            yield json.dumps(dataclasses.asdict(result))

    return CacheSplit()


def _settings(order: _Order, folder: pathlib.Path) -> CacheSettings:
    if order.data_dir:
        set_data_dir(order.data_dir)
    for name, content in order.vocab_files.items():
        (folder / name).write_bytes(content)
    return CacheSettings(
        root=folder / "cache",
        vocab_path=str(folder / order.vocab_name),
        num_sentinels=order.num_sentinels,
        max_inputs_length=order.max_inputs_length,
        modules=order.modules,
        task_folders=order.task_folders,
    )


def _cache_and_copy(job: SplitJob, settings: CacheSettings, root: str) -> JobResult:
    """Makes one split here and copies it to the cache, unless what is there is whole and fresh already."""
    target = posixpath.join(root, job.task, job.split)
    stored = _read_json(posixpath.join(target, MANIFEST_FILE))
    folder = split_dir(settings.root, job.task, job.split)
    if stored is not None:
        result = _if_fresh(job, settings, stored)
        if result is not None:
            return result
    result = run_job(job, settings)
    if result.error:
        return result
    try:
        _copy_split(folder, target)
    except Exception as error:  # file systems raise whatever their clients do
        return JobResult(job, error=f"{job.task}/{job.split}: cannot be copied to {target}: {error}")
    finally:
        _remove(folder)
    return result


def _if_fresh(job: SplitJob, settings: CacheSettings, stored: Mapping[str, Any]) -> JobResult | None:
    try:
        pipeline = pipeline_of(job.pipeline)
        fingerprint = pipeline.fingerprint(pipeline.find_task(job.task), job.split, settings.max_inputs_length)
    except Exception:  # run_job says it properly
        return None
    if stored.get("fingerprint") != fingerprint:
        return None
    if stored.get("vocab_fingerprint") != settings.vocabulary().fingerprint:
        return None
    counts = {name: stored[name] for name in ("num_examples", "exemplars_dropped", "examples_shortened")}
    return JobResult(job, **counts, unwritten=stored.get("unwritten", {}))


def _copy_split(folder: pathlib.Path, target: str) -> None:
    """Copies a split's files; the manifest goes last, and away first where a stale one is there."""
    from apache_beam.io.filesystems import FileSystems

    if FileSystems.exists(target):
        FileSystems.delete([target])
    if "://" not in target:
        pathlib.Path(target).mkdir(parents=True, exist_ok=True)
    files = sorted(folder.iterdir(), key=lambda path: (path.name == MANIFEST_FILE, path.name))
    for path in files:
        with FileSystems.create(posixpath.join(target, path.name), "application/octet-stream") as stream:
            with open(path, "rb") as file:
                while block := file.read(1 << 20):
                    stream.write(block)


def _remove(folder: pathlib.Path) -> None:
    for path in folder.glob("*"):
        path.unlink()
    folder.rmdir()


def _read_json(path: str) -> dict[str, Any] | None:
    from apache_beam.io.filesystems import FileSystems

    if not FileSystems.exists(path):
        return None
    with FileSystems.open(path, "application/octet-stream") as stream:
        try:
            return unsealed(stream.read())
        except ValueError:
            return None


def _write_text(path: str, text: str) -> None:
    from apache_beam.io.filesystems import FileSystems

    if "://" not in path:
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    with FileSystems.create(path, "application/octet-stream") as stream:
        stream.write(text.encode())


def _num_cached(root: str, task: str, split: str) -> int | None:
    """Rows of a cached split, each counted once however many renderings it has, as the local builder counts them."""
    stored = _read_json(posixpath.join(root, task, split, MANIFEST_FILE))
    return None if stored is None else stored["num_examples"] // stored.get("num_renderings", 1)


def _read_results(logs: str) -> Iterator[JobResult]:
    from apache_beam.io.filesystems import FileSystems

    for match in FileSystems.match([posixpath.join(logs, "result*")]):
        for metadata in match.metadata_list:
            with FileSystems.open(metadata.path) as stream:
                for line in stream.read().decode().splitlines():
                    fields = json.loads(line)
                    job, notes = SplitJob(**fields.pop("job")), tuple(fields.pop("notes"))
                    yield JobResult(job, notes=notes, **fields)
    FileSystems.delete([logs])
