"""Builds the token cache of a mixture: one job a (task, split), each atomic, in parallel over local processes.

A run that was killed is simply run again: splits that are whole and fresh are skipped, and what was half written
lies in a folder of its own that the next run removes. `core/manifest.py` says what is on disk.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import dataclasses
import itertools
import multiprocessing
import multiprocessing.connection
import os
import pathlib
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from flan_jax.cache import native
from flan_jax.cache.jobs import NATIVE, ROLES, SplitJob
from flan_jax.cache.lock import locked
from flan_jax.cache.mixture import finish_mixture, prepare_mixture
from flan_jax.cache.native import Tally
from flan_jax.cache.progress import CacheProgress
from flan_jax.cache.resolve import register
from flan_jax.cache.workers import WorkerContext
from flan_jax.cache.writer import MAX_SHARD_BYTES, clear_partials, write_split
from flan_jax.core.disk import sealed_text
from flan_jax.core.errors import CacheError, FlanError, counted
from flan_jax.core.faults import explained
from flan_jax.core.manifest import (
    MixtureManifest,
    SplitManifest,
    cache_root,
    mixture_path,
    read_mixture_manifest,
    read_split_manifest,
    split_dir,
    unwritten_line,
    write_mixture_manifest,
)
from flan_jax.core.vocabulary import Vocabulary, load_vocabulary
from flan_jax.declare.registry import is_local

DEFAULT_MODULES = ("flan_jax.tasks",)

REPORT_EXAMPLES = 512  # a worker says how far it is after so many

Reporter = Callable[[SplitJob, int, int], None]  # a split in work, its examples so far, its rows

__all__ = [
    "DEFAULT_MODULES",
    "CacheSettings",
    "JobResult",
    "build_cache",
    "is_cached",
    "pipeline_of",
    "run_job",
    "start_worker",
]


@dataclasses.dataclass(frozen=True)
class CacheSettings:
    """What every job of a cache run shares; workers get it by pickle.

    max_inputs_length: tokens of an input with EOS beyond which exemplars are dropped; None keeps them all.
    modules, task_folders: what registers the tasks (MIXTURE_OR_TASK_MODULE, TASK_FOLDERS).
    """

    root: pathlib.Path
    vocab_path: str
    num_sentinels: int
    max_inputs_length: int | None
    modules: tuple[str, ...] = DEFAULT_MODULES
    task_folders: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def vocabulary(self) -> Vocabulary:
        """The vocabulary, read once a process."""
        return load_vocabulary(self.vocab_path, self.num_sentinels)


@dataclasses.dataclass(frozen=True)
class JobResult:
    """How one job ended: `num_examples` in the cache, `num_written` by this run (0 if it was fresh already), exemplars
    dropped and the examples that lost any, those that the vocabulary cannot write, `notes` for the log, and `error` if
    it failed."""

    job: SplitJob
    num_examples: int = 0
    num_written: int = 0
    exemplars_dropped: int = 0
    examples_shortened: int = 0
    unwritten: Mapping[str, int] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    error: str = ""


def build_cache(
    mixture: str,
    *,
    vocabulary: Vocabulary,
    cache_dir: str | os.PathLike[str],
    max_inputs_length: int | None = None,
    modules: Sequence[str] = DEFAULT_MODULES,
    task_folders: Mapping[str, str] | None = None,
    roles: Collection[str] = ROLES,
    eval_split: str | None = None,
    num_workers: int | None = None,
    available_only: bool = False,
) -> MixtureManifest:
    """Caches the splits of `roles` ("train", "eval") of every task of `mixture`, and resolves its rates.

    A cache that is whole and fresh is used where nothing can be written, too. Raises `CacheError` before any work if
    data is missing (unless `available_only`), and at the end if any task failed; the others are cached all the same.
    `TaskError` for an unknown mixture.

    Args:
      vocabulary: what text is tokenised with.
      cache_dir: folder of all caches; that of this tokenizer and `max_inputs_length` lies below.
      max_inputs_length: tokens of an input with EOS, beyond which exemplars are dropped; None keeps them all.
      modules: what to import, in every worker too, so that the tasks are registered.
      task_folders: name -> directory of tasks that are read from a folder; None for none.
      eval_split: instead of each task's own evaluation split.
      num_workers: local processes, by default one a core; with 1, and for tasks that only this process knows, the work
        is done in this process.
      available_only: leaves out tasks whose data is not on this machine, says so and notes it in the manifest.
    """
    if _IS_WORKER:
        raise CacheError(
            f"one of the modules {', '.join(modules)} builds a cache when the cache's workers import it: put what it "
            f"does as a program under `if __name__ == '__main__':`"
        )
    for line in register(modules, task_folders or {}):
        print(line, flush=True)
    root = cache_root(cache_dir, vocabulary.fingerprint, max_inputs_length)
    if (root.parent / "mixtures").exists():
        print(
            f"cache {mixture}: {root.parent}/mixtures and the tasks beside it are of an earlier version, whose lengths "
            f"have no checksum; they are not read, and may be deleted",
            flush=True,
        )
    work, here = prepare_mixture(mixture, roles, eval_split, root, available_only)
    settings = CacheSettings(
        root,
        str(vocabulary.path),
        vocabulary.num_sentinels,
        max_inputs_length,
        tuple(modules),
        dict(task_folders or {}),
    )
    results: dict[SplitJob, JobResult] = {}
    with locked(root) as refusal, CacheProgress(f"cache {mixture}", len(work.jobs)) as progress:
        # Found before any work: workers take longer to start than hundreds of splits to check.
        fresh = {job: _if_fresh(job, settings) for job in work.jobs}
        stale = [job for job, result in fresh.items() if result is None]
        if refusal is None:
            # Under the lock, or the folder of a run that is alive would go.
            clear_partials(root)
        elif stale:
            raise _cannot_write(
                root, refusal, f"{len(stale)} of {len(fresh)} splits are missing or stale, as {_name(stale[0])}"
            )

        def report(job: SplitJob, num_examples: int, num_rows: int) -> None:
            progress.update(_name(job), num_examples, num_rows)

        made = _run_jobs(stale, settings, num_workers or os.cpu_count() or 1, report, progress.say)
        for result in itertools.chain((result for result in fresh.values() if result is not None), made):
            results[result.job] = result
            progress.advance(_name(result.job), result.num_written)
            for note in result.notes:
                progress.say(note)
        errors = [results[job].error for job in work.jobs if results[job].error]
        manifest = finish_mixture(work, here, errors, lambda task, split: _cached(root, task, split, vocabulary))
        _save_mixture(root, manifest, refusal)
    num_written = sum(result.num_written for result in results.values())
    num_examples = sum(result.num_examples for result in results.values())
    shortened = sum(result.examples_shortened for result in results.values())
    if shortened:
        exemplars_dropped = sum(result.exemplars_dropped for result in results.values())
        print(
            f"cache {mixture}: {counted(exemplars_dropped, 'exemplar')} dropped from {counted(shortened, 'example')} "
            f"to keep inputs within {max_inputs_length} tokens",
            flush=True,
        )
    unwritten = sum((collections.Counter(result.unwritten) for result in results.values()), collections.Counter())
    if line := unwritten_line(unwritten, num_examples):
        print(f"cache {mixture}: {line}", flush=True)
    # Those of tasks whose sources are gone among them: they are in the mixture, and in no job.
    names = [(task, split) for task, of in manifest.splits.items() for split in of.values()]
    there = [_cached(root, task, split, vocabulary) or 0 for task, split in names]
    print(
        f"cache {mixture}: {counted(len(there), 'split')} of {counted(len(work.roles), 'task')}, "
        f"{counted(sum(there), 'example')} in {root} ({num_written:,} tokenised now)",
        flush=True,
    )
    return manifest


def is_cached(
    mixture: str, vocab_fingerprint: str, cache_dir: str | os.PathLike[str], max_inputs_length: int | None = None
) -> bool:
    """Whether a whole cache of `mixture` is there. Reads manifests only: says nothing about whether the tasks have
    changed since, which takes their sources.

    Args:
      mixture: its name.
      vocab_fingerprint: of the tokenizer.
      cache_dir: folder of all caches.
      max_inputs_length: tokens that its inputs are kept within; None for whole ones.
    """
    root = cache_root(cache_dir, vocab_fingerprint, max_inputs_length)
    try:
        manifest = read_mixture_manifest(root, mixture)
        for task, roles in manifest.splits.items():
            for split in roles.values():
                read_split_manifest(split_dir(root, task, split), vocab_fingerprint)
    except CacheError:
        return False
    return bool(manifest.splits)


def _cached(root: pathlib.Path, task: str, split: str, vocabulary: Vocabulary) -> int | None:
    folder = split_dir(root, task, split)
    return read_split_manifest(folder, vocabulary.fingerprint).num_rows if folder.exists() else None


def _save_mixture(root: pathlib.Path, manifest: MixtureManifest, refusal: OSError | None) -> None:
    """Writes a mixture's manifest where it is not there as it is; `refusal` says why nothing can be written."""
    path = mixture_path(root, manifest.name)
    try:
        if path.read_text(encoding="utf-8") == sealed_text(manifest):
            return
    except (OSError, ValueError):
        pass  # written anew
    if refusal is not None:
        raise _cannot_write(root, refusal, f"its {path.relative_to(root)} is missing or stale")
    try:
        write_mixture_manifest(root, manifest)
    except OSError as error:
        raise _cannot_write(root, error, f"{path.relative_to(root)} is to be written") from error


def _cannot_write(root: pathlib.Path, error: OSError, why: str) -> CacheError:
    return CacheError(
        f"the cache folder {root} cannot be written ({error}), and {why}: make it writable, give another CACHE_DIR, or "
        f"build it elsewhere with `flan-jax cache` and copy it"
    )


def _name(job: SplitJob) -> str:
    return f"{job.task}/{job.split}"


def _run_jobs(
    jobs: Sequence[SplitJob], settings: CacheSettings, num_workers: int, report: Reporter, say: Callable[[str], None]
) -> Iterator[JobResult]:
    """Yields results as jobs end; `report` is called from a thread of its own meanwhile. `say` gets a line where the
    tasks cannot be had in other processes."""
    num_workers = min(num_workers, len(jobs))
    if local := list(dict.fromkeys(job.task for job in jobs if is_local(job.task))):
        num_workers = 1
        say(
            f"{', '.join(local[:3])}{f' and {len(local) - 3} more' if len(local) > 3 else ''}: registered in this "
            f"process only (by a notebook, a script or a call), so cached in this one; the tasks of a "
            f"module are cached by several"
        )
    if num_workers <= 1:
        for job in jobs:
            yield run_job(job, settings, report)
        return
    context = WorkerContext()
    messages = context.SimpleQueue()
    pool = concurrent.futures.ProcessPoolExecutor(
        num_workers, context, _start_local_worker, (settings, list(sys.path), messages)
    )
    with pool, _few_threads(), _reporting(messages, report):
        # One split that fails must not cost the others: errors are in the results, and are raised when all are done.
        futures = [pool.submit(_run_local_job, job, settings) for job in jobs]
        try:
            for future in concurrent.futures.as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise CacheError(
                "a cache worker died, perhaps for want of memory: run again with fewer --num_workers; finished splits "
                "are kept"
            ) from error
        finally:
            # After an error or Ctrl-C no further split is begun; those in work are finished, and then kept.
            pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _few_threads() -> Iterator[None]:
    """Workers started in here use one thread each in BLAS, OpenMP and TensorFlow: the processes are the parallelism."""
    # By environment, as these libraries count their threads when they are loaded.
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: before[name] or "1" for name in names})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]


@contextlib.contextmanager
def _reporting(messages: Any, report: Reporter) -> Iterator[None]:
    """Passes what workers say of their progress on to `report`, in a thread."""

    def listen() -> None:
        while (message := messages.get()) is not None:
            report(*message)

    thread = threading.Thread(target=listen, name="flan_jax-cache-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        messages.put(None)
        thread.join()
        messages.close()


# Of this worker process: that it is one, where it says how far it is, and why it could not start.
_IS_WORKER = False
_MESSAGES: Any = None
_START_ERROR = ""


def _start_local_worker(settings: CacheSettings, path: list[str], messages: Any) -> None:
    global _IS_WORKER, _MESSAGES, _START_ERROR
    _IS_WORKER, _MESSAGES = True, messages
    # A spawned process has the interpreter's own sys.path; the user's modules may be elsewhere on this one's.
    sys.path[:] = path
    parent = multiprocessing.parent_process()
    if parent is not None:
        # A killed parent cannot stop its workers: they notice by themselves, so that none outlives it.
        threading.Thread(target=_exit_with, args=(parent.sentinel,), daemon=True).start()
    try:
        start_worker(settings)
    except Exception as error:  # a pool would only say that it is broken; the first job says why
        _START_ERROR = str(error) if isinstance(error, FlanError) else f"{type(error).__name__}: {error}"


def _run_local_job(job: SplitJob, settings: CacheSettings) -> JobResult:
    if _START_ERROR:
        raise CacheError(f"a cache worker cannot start: {_START_ERROR}")
    return run_job(job, settings, lambda *message: _MESSAGES.put(message))


def start_worker(settings: CacheSettings) -> None:
    """Makes this process able to run jobs: registers the tasks and reads the vocabulary."""
    register(settings.modules, settings.task_folders)
    settings.vocabulary()


def _exit_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    # Not sys.exit, which in a thread ends that thread alone.
    os._exit(1)


def _if_fresh(job: SplitJob, settings: CacheSettings) -> JobResult | None:
    """The result of a split that is cached, whole and of the present text, or None: `run_job` then says why."""
    if not split_dir(settings.root, job.task, job.split).exists():
        return None
    try:
        pipeline = pipeline_of(job.pipeline)
        fingerprint = pipeline.fingerprint(pipeline.find_task(job.task), job.split, settings.max_inputs_length)
    except Exception:
        return None
    manifest, _ = _fresh(job, settings, fingerprint)
    return None if manifest is None else _result(job, manifest)


def run_job(job: SplitJob, settings: CacheSettings, report: Reporter = lambda *_: None) -> JobResult:
    """Caches one split if it is missing or stale. Never raises for what the task does: the error is in the result."""
    try:
        return _cache_split(job, settings, report)
    except FlanError as error:
        return JobResult(job, error=f"{job.task}/{job.split}: {error}")
    except OSError as error:
        return JobResult(job, error=f"{job.task}/{job.split}: {explained(error)}")
    except Exception as error:
        # Sources, templates and a user's code may raise anything; the last frame is the line to look at.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{frame.filename}:{frame.lineno}"
        return JobResult(job, error=f"{job.task}/{job.split}: {type(error).__name__}: {error} ({where})")


def _cache_split(job: SplitJob, settings: CacheSettings, report: Reporter) -> JobResult:
    pipeline = pipeline_of(job.pipeline)
    task, vocabulary, limit = pipeline.find_task(job.task), settings.vocabulary(), settings.max_inputs_length
    fingerprint = pipeline.fingerprint(task, job.split, limit)
    fresh, notes = _fresh(job, settings, fingerprint)
    if fresh is not None:
        return _result(job, fresh)
    tally = Tally()
    num_rows = len(task.source.rows(job.split)) if job.pipeline == NATIVE else 0  # SeqIO may not know
    with write_split(settings.root, job.task, job.split, MAX_SHARD_BYTES) as (writer, commit):
        for example in pipeline.tokenise(task, job.split, vocabulary, limit, tally):
            writer.add(example)
            if writer.num_examples % REPORT_EXAMPLES == 0:
                report(job, writer.num_examples, num_rows)
        _refuse_empty(job, writer.num_examples, tally)
        manifest = commit(pipeline.blank_manifest(task, job.split, vocabulary, limit, fingerprint, tally))
    return dataclasses.replace(
        _result(job, manifest), num_written=manifest.num_examples, notes=(*notes, *_count_notes(job, tally))
    )


def _result(job: SplitJob, manifest: SplitManifest) -> JobResult:
    return JobResult(
        job,
        num_examples=manifest.num_examples,
        exemplars_dropped=manifest.exemplars_dropped,
        examples_shortened=manifest.examples_shortened,
        unwritten=manifest.unwritten,
    )


def pipeline_of(name: str) -> Any:
    """The module that reads tasks of one pipeline: find_task, fingerprint, tokenise, blank_manifest."""
    if name == NATIVE:
        return native
    from flan_jax.cache import seqio_pipeline  # imports TensorFlow

    return seqio_pipeline


def _fresh(job: SplitJob, settings: CacheSettings, fingerprint: str) -> tuple[SplitManifest | None, tuple[str, ...]]:
    """(the manifest of the split as cached if it is whole and of this text, notes on why it is not)."""
    folder = split_dir(settings.root, job.task, job.split)
    if not folder.exists():
        return None, ()
    try:
        manifest = read_split_manifest(folder, settings.vocabulary().fingerprint)
    except CacheError as error:
        return None, (f"{job.task}/{job.split}: cached again, since {error}",)
    if manifest.fingerprint != fingerprint:
        return None, (f"{job.task}/{job.split}: the task, its data or max_inputs_length has changed; cached again",)
    return manifest, ()


def _refuse_empty(job: SplitJob, num_examples: int, tally: Tally) -> None:
    if not num_examples:
        dropped = ", ".join(f"{count} dropped for {reason}" for reason, count in sorted(tally.dropped.items()))
        raise CacheError(
            f"task {job.task} has no examples in split {job.split} ({dropped or 'its source has no rows'}): at least 1 "
            f"is needed; mend the source, or take the task out of the mixture"
        )


def _which(rows: Sequence[int], count: int) -> str:
    more = ", ..." if count > len(rows) else ""
    return f" (rows {', '.join(map(str, rows))}{more})" if rows else ""


def _count_notes(job: SplitJob, tally: Tally) -> tuple[str, ...]:
    notes = []
    for reason, count in sorted(tally.dropped.items()):
        # What the source itself left out has no number.
        which = _which(tally.dropped_rows.get(reason, []), count)
        notes.append(f"{job.task}/{job.split}: {counted(count, 'row')} dropped for {reason}{which}")
    for what, count in sorted(tally.num_odd_options.items()):
        which = _which(tally.odd_options[what], count)
        notes.append(f"{job.task}/{job.split}: {counted(count, 'example')} with {what}{which}")
    for what, count in sorted(tally.cleaned.items()):
        notes.append(f"{job.task}/{job.split}: taken off {counted(count, 'time')}, {what}")
    if tally.exemplars_missing:
        notes.append(
            f"{job.task}/{job.split}: {counted(tally.exemplars_missing, 'exemplar')} fewer than asked for: there "
            f"are no more that ask something else than the query"
        )
    return tuple(notes)
