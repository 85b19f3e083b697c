"""The run, from its configuration to the checkpoint it hands over. Read `run_training` from top to bottom."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import functools
import pathlib
import time
from collections.abc import Callable, Iterator
from typing import Any, TextIO, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils

from flan_jax.checkpoints.full_disk import explain_full_disk
from flan_jax.checkpoints.lineage import DATA_FILE, TRAINED_ON, trained_on_of_run
from flan_jax.checkpoints.store import Checkpoints
from flan_jax.core.errors import CacheError, ConfigError
from flan_jax.core.manifest import cache_root, read_mixture_manifest, write_json_atomically
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.core.vocabulary_file import load_vocabulary
from flan_jax.data import CacheReader, PackingPlan, batch_at, example_ids_at, make_plan, prefetch
from flan_jax.models import ModelConfig
from flan_jax.models.tuning import FULL, TuningConfig, join, make_whole, tuned_model
from flan_jax.optim import OptimizerConfig, for_run
from flan_jax.train import mesh as mesh_lib
from flan_jax.train.compile import trace_step
from flan_jax.train.config import TrainConfig
from flan_jax.train.guard import FiniteGuard
from flan_jax.train.hand_over import hand_over
from flan_jax.train.judging import Judge, MakeJudge, Unjudged
from flan_jax.train.layout import plan_spec, split_sizes
from flan_jax.train.logs import RunLog
from flan_jax.train.run import Run
from flan_jax.train.start import check_tuning, first_state, meta_of
from flan_jax.train.state import describe_params, layout_of
from flan_jax.train.stop import Stopped, StopSignal
from flan_jax.train.throughput import Meter

CONFIG_FILE = "config.gin"
_RUNNING, _DONE, _FAILED = range(3)
_TELL_SECS = 5.0
_Result = TypeVar("_Result")

__all__ = ["CONFIG_FILE", "RunResult", "run_training"]


@dataclasses.dataclass(frozen=True)
class RunResult:
    """How a run ended.

    step: steps done. is_finished: False if SIGTERM stopped it (the same command continues it). selected_step: the
    step handed over in `MODEL_DIR/selected`, None for a run that was stopped.
    """

    model_dir: pathlib.Path
    step: int
    is_finished: bool
    selected_step: int | None = None


def run_training(
    config: TrainConfig,
    model: ModelConfig,
    optimizer: OptimizerConfig,
    tuning: TuningConfig = FULL,
    *,
    make_judge: MakeJudge = lambda run: Unjudged(),
    ensure_cache: Callable[[], None] = lambda: None,
    operative_config: str = "",
    stream: TextIO | None = None,
) -> RunResult:
    """Trains, judges, picks the checkpoint and hands it over; continues a run that it finds in `model_dir`.

    Args:
      config, model, optimizer, tuning: what to do.
      make_judge: makes the run's judge of its `Run`, after the data is there; by default nothing is judged, and the
        last step is handed over.
      ensure_cache: builds what is missing of the token cache in another process; called on process 0 only.
      operative_config: gin text that gives the same run again, saved beside the checkpoints.
      stream: where progress goes, standard output by default.

    Raises errors of `flan_jax.core.errors`; whatever was saved stays loadable.
    """
    is_writer = jax.process_index() == 0
    model_dir = pathlib.Path(config.model_dir).absolute()
    check_tuning(config, tuning)
    model = tuned_model(model, tuning)

    # Devices, and whether they can hold this run: before anything is read or written.
    mesh = mesh_lib.make_mesh(config.mesh)
    mesh_lib.check_rows(config.batch_size, config.microbatches, mesh)
    mesh_lib.check_model(mesh, **split_sizes(model))
    vocabulary = _load_vocabulary(config, model)

    # Data: the token cache (made by another process), and which example is in which row of which step.
    _on_process_0(ensure_cache, "the token cache could not be built")
    root = cache_root(config.cache_dir, vocabulary.fingerprint)
    reader = CacheReader(root, vocabulary.fingerprint)
    plan = _make_plan(config, model, reader, vocabulary)
    config = dataclasses.replace(config, train_steps=plan.num_steps, train_epochs=None)
    optimizer = for_run(optimizer, config.train_steps)
    lineage = trained_on_of_run(model_dir, config.mixture, plan.tasks, config.initial_checkpoint_path)
    run = Run(config, model, optimizer, tuning, mesh, vocabulary, reader, plan, lineage)
    judge = make_judge(run)

    # State: the newest checkpoint of this run, or given weights, or random ones.
    layout = layout_of(run)
    with contextlib.ExitStack() as stack:
        with explain_full_disk(model_dir):
            model_dir.mkdir(parents=True, exist_ok=True)
        checkpoints = Checkpoints(model_dir, config.checkpoint, lambda: judge.best_steps(config.checkpoint.keep_best))
        stack.callback(checkpoints.close)
        start_step = checkpoints.latest_step() or 0
        state, origin = first_state(run, layout, checkpoints)

        # Logs: what was written after the checkpoint happens again.
        judge.resume(start_step)
        log = stack.enter_context(RunLog(model_dir, start_step, config.train_steps, is_writer, stream))
        if is_writer and operative_config:
            (model_dir / CONFIG_FILE).write_text(operative_config)
        if is_writer:
            facts = {**_data_facts(plan), TRAINED_ON: lineage.to_json(), "suite_notes": judge.notes}
            write_json_atomically(model_dir / DATA_FILE, facts)
        log.say(_headline(config, model, mesh, origin))
        log.say("\n".join([*describe_params(layout.abstract), *plan.explain(), *judge.notes]))

        # The step, compiled before the clock starts.
        begin = time.monotonic()
        row = batch_at(plan, reader, 0, [0])
        step_fn = trace_step(config, model, layout.tx, optimizer, mesh, layout.abstract, row).lower().compile()
        log.say(f"step compiled in {time.monotonic() - begin:.1f} s, {_memory(step_fn)}")

        stop = stack.enter_context(StopSignal())
        guard = FiniteGuard(functools.partial(example_ids_at, plan), checkpoints.latest_step)
        meter = Meter(config, model, mesh)
        rows = mesh_lib.local_rows(mesh, config.batch_size)
        feed = prefetch(
            lambda step: batch_at(plan, reader, step, rows),
            start_step,
            config.train_steps,
            functools.partial(mesh_lib.to_global, mesh, config.batch_size),
            config.prefetch_batches,
        )
        stack.enter_context(contextlib.closing(feed))
        profiler = stack.enter_context(_profiler(config, model_dir))

        def record(finished: tuple[int, dict[str, float]] | None) -> None:
            if finished is not None:
                log.advance(finished[0])
                values = meter.add(*finished)
                if values is not None:
                    with explain_full_disk(model_dir):
                        log.metrics(finished[0], values)

        step = start_step
        try:
            if _is_eval_step(config, step):
                _judge(judge, join(state.params, state.frozen), step, log, stop)
                meter.restart()
            for fed in feed:
                profiler(fed.step)
                state, metrics = step_fn(state, fed.batch)
                step = fed.step + 1
                meter.waited(fed.wait_secs)
                record(guard.push(step, metrics))
                must_stop = stop.is_due(step)
                is_eval_step = _is_eval_step(config, step)
                if must_stop or is_eval_step or _is_save_step(config, step):
                    record(guard.flush())
                    checkpoints.save(state, meta_of(run, step))
                    if must_stop:
                        raise Stopped
                    if is_eval_step:
                        _judge(judge, join(state.params, state.frozen), step, log, stop)
                    meter.restart()
                elif fed.step % config.log_period == 0:
                    checkpoints.check()
        except Stopped:
            checkpoints.wait()
            saved = f"step {step:,}, which is saved" if step else "step 0, before there was anything to save"
            log.say(f"stopped by SIGTERM after {saved}: the same command continues from there")
            return RunResult(model_dir, step, is_finished=False)

        # The end: the rule picks a step, whose weights are handed over.
        checkpoints.wait()
        whole = make_whole(state.frozen, tuning)
        del state  # the selected parameters need its memory
        picked = judge.select()
        selected_step = config.train_steps if picked is None else picked.step
        folder = hand_over(run, checkpoints, picked, layout.abstract.params, whole)
        why = f"normalised average {picked.score:.4f}" if picked else "the last one, as no task selects"
        log.say(f"selected step {selected_step:,} ({why}); its weights are in {folder}")
        return RunResult(model_dir, step, is_finished=True, selected_step=selected_step)


def _judge(judge: Judge, params: Any, step: int, log: RunLog, stop: StopSignal) -> None:
    """Judges `params`; raises `Stopped` between batches when asked to stop."""
    results = judge.run(params, step, lambda done, total: stop.raise_if_set())
    if results is not None:
        log.scalars(step, results.scalars())
        log.say(f"step {step:>7,}  {results.summary()}")


def _load_vocabulary(config: TrainConfig, model: ModelConfig) -> Vocabulary:
    if config.vocab_path is None:
        raise ConfigError("TrainConfig.vocab_path is not set: give the path of a SentencePiece model (VOCAB_PATH)")
    vocabulary = load_vocabulary(config.vocab_path)
    if vocabulary.size > model.vocab_size:
        raise ConfigError(
            f"vocabulary {config.vocab_path} has {vocabulary.size} ids, the model has {model.vocab_size} rows for "
            f"them: set VOCAB_SIZE to {-(-vocabulary.size // 128) * 128}"
        )
    return vocabulary


def _on_process_0(work: Callable[[], _Result], failure: str) -> _Result | None:
    """What `work` gives on process 0, while the others wait and get None; all of them fail if it does.

    It may take hours, and a collective that waits so long is taken for dead: process 0 works in a thread and tells
    the others every few seconds how it stands.
    """
    if jax.process_count() == 1:
        return work()
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        future = executor.submit(work) if jax.process_index() == 0 else None
        status = _RUNNING
        while status == _RUNNING:
            if future is not None:
                concurrent.futures.wait([future], timeout=_TELL_SECS)
                status = _RUNNING if not future.done() else _FAILED if future.exception() else _DONE
            status = int(multihost_utils.broadcast_one_to_all(np.int32(status)))
        if future is not None:
            return future.result()
        if status == _FAILED:
            raise CacheError(f"{failure} on process 0: its log says why")
    return None


def _make_plan(config: TrainConfig, model: ModelConfig, reader: CacheReader, vocabulary: Vocabulary) -> PackingPlan:
    """The run's packing plan: process 0 makes or reads it, then the others read what it saved."""

    def plan() -> PackingPlan:
        mixture = read_mixture_manifest(reader.root, config.mixture)
        return make_plan(plan_spec(config, model, mixture), reader, vocabulary)

    made = _on_process_0(plan, "the packing plan could not be made")
    return plan() if made is None else made


def _data_facts(plan: PackingPlan) -> dict[str, Any]:
    """What a reader of the run's folder must know of its data; `note` is shown in the report."""
    return {
        "mixture": plan.mixture,
        "num_tasks": len(plan.tasks),
        "plan": plan.fingerprint,
        "steps_per_epoch": plan.steps_per_epoch,
        "note": plan.note,
    }


def _is_eval_step(config: TrainConfig, step: int) -> bool:
    return step in (0, config.train_steps) or bool(config.eval_period and step % config.eval_period == 0)


def _is_save_step(config: TrainConfig, step: int) -> bool:
    period = config.checkpoint.period
    return step == config.train_steps or bool(period and step % period == 0)


@contextlib.contextmanager
def _profiler(config: TrainConfig, model_dir: pathlib.Path) -> Iterator[Callable[[int], None]]:
    """Gives a function to call before each step, which records the steps of `config.profile_steps`."""
    first, last = config.profile_steps or (None, None)
    is_on = False

    def before(step: int) -> None:
        nonlocal is_on
        if step == first:
            jax.profiler.start_trace(str(model_dir / "profile"))
            is_on = True
        elif is_on and last is not None and step > last:
            jax.profiler.stop_trace()
            is_on = False

    try:
        yield before
    finally:
        if is_on:
            jax.profiler.stop_trace()


def _memory(step_fn: Any) -> str:
    """What the compiler says of the step's memory a device."""
    analysis = step_fn.memory_analysis()
    if analysis is None:
        return "memory unknown"
    total = analysis.argument_size_in_bytes + analysis.temp_size_in_bytes
    total += analysis.output_size_in_bytes - analysis.alias_size_in_bytes
    return f"{total / 2**20:,.0f} MiB a device"


def _headline(config: TrainConfig, model: ModelConfig, mesh: jax.sharding.Mesh, origin: str) -> str:
    axes = ", ".join(f"{name} {size}" for name, size in mesh.shape.items())
    device = mesh.devices.flat[0]
    return (
        f"{config.mixture}: {config.train_steps:,} steps of {config.batch_size} rows in {config.microbatches} "
        f"microbatch(es), {model.dtype}, dropout {model.dropout_rate}\n"
        f"{mesh.size} x {device.device_kind} over {jax.process_count()} process(es): {axes}\n{origin}"
    )
