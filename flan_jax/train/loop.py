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

from flan_jax.checkpoints.find import check_same_model, check_same_tuning, check_tuning, find_weights, tuning_fields
from flan_jax.checkpoints.lineage import DATA_FILE, TRAINED_ON, trained_on_of_run
from flan_jax.checkpoints.store import CheckpointMeta, Checkpoints, explain_full_disk
from flan_jax.core.errors import CacheError, CheckpointError, ConfigError
from flan_jax.core.manifest import cache_root, read_mixture_manifest, write_json_atomically
from flan_jax.core.vocabulary import Vocabulary
from flan_jax.core.vocabulary_file import load_vocabulary
from flan_jax.data import BatchReader, CacheReader, PackingPlan, empty_batch, example_ids_at, make_plan, prefetch
from flan_jax.evaluate import EvalConfig
from flan_jax.evaluate.evaluator import Evaluator
from flan_jax.evaluate.in_training import SuiteEvaluator
from flan_jax.models import ModelConfig
from flan_jax.models.tuning import (
    FULL,
    TuningConfig,
    base_model,
    join,
    make_whole,
    tuned_model,
)
from flan_jax.optim import OptimizerConfig, for_run
from flan_jax.report.suite_markdown import write_results
from flan_jax.train import mesh as mesh_lib
from flan_jax.train.compile import trace_step
from flan_jax.train.config import TrainConfig
from flan_jax.train.guard import FiniteGuard
from flan_jax.train.judge import Judge, hand_over
from flan_jax.train.layout import plan_spec, split_sizes
from flan_jax.train.logs import RunLog
from flan_jax.train.state import (
    abstract_base,
    abstract_state,
    describe_params,
    fresh_state,
    init_state,
    make_tx,
    resumed_state,
    state_shardings,
)
from flan_jax.train.step import TrainState
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
    evaluation: EvalConfig,
    tuning: TuningConfig = FULL,
    *,
    ensure_cache: Callable[[], None] = lambda: None,
    operative_config: str = "",
    stream: TextIO | None = None,
) -> RunResult:
    """Trains, judges, picks the checkpoint and hands it over; continues a run that it finds in `model_dir`.

    Args:
      config, model, optimizer, evaluation, tuning: what to do.
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
    evaluator = None
    if evaluation.selection or evaluation.report:
        evaluator = Evaluator(root, vocabulary, model, evaluation, mesh)
    lineage = trained_on_of_run(model_dir, config.mixture, plan.tasks, config.initial_checkpoint_path)
    suite = None
    if evaluation.has_suite:
        names = evaluator.task_names() if evaluator is not None else {}
        suite = SuiteEvaluator(
            evaluation,
            model,
            vocabulary,
            model_dir,
            lineage,
            config.train_steps,
            mesh=mesh,
            tasks=names,
            write=write_results,
        )
    judge = Judge(evaluation, evaluator, model_dir, suite)

    # State: the newest checkpoint of this run, or given weights, or random ones.
    tx = make_tx(model, optimizer, tuning)
    shardings = state_shardings(mesh, config.axis_rules, model, optimizer, tuning)
    abstract = abstract_state(model, tx, shardings, tuning)
    base = abstract_base(mesh, config.axis_rules, model, optimizer, tuning)
    with contextlib.ExitStack() as stack:
        with explain_full_disk(model_dir):
            model_dir.mkdir(parents=True, exist_ok=True)
        checkpoints = Checkpoints(model_dir, config.checkpoint, lambda: judge.best_steps(config.checkpoint.keep_best))
        stack.callback(checkpoints.close)
        start_step = checkpoints.latest_step() or 0
        if start_step:
            state = _restore(checkpoints, start_step, abstract, config, model, vocabulary, plan, tuning)
            if tuning.method != "full":
                source = find_weights(config.initial_checkpoint_path or "")
                state = resumed_state(state, source.load(base), shardings, tuning, config.seed)
            origin = f"continuing from step {start_step:,} of {model_dir}"
        elif config.initial_checkpoint_path:
            state, origin = _start_from_weights(config, model, vocabulary, tx, shardings, abstract, base, tuning)
        else:
            state, origin = init_state(model, tx, config.seed, shardings), f"random weights, seed {config.seed}"

        # Logs: what was written after the checkpoint happens again.
        judge.resume(start_step)
        log = stack.enter_context(RunLog(model_dir, start_step, config.train_steps, is_writer, stream))
        if is_writer and operative_config:
            (model_dir / CONFIG_FILE).write_text(operative_config)
        if is_writer:
            facts = {**_data_facts(plan), TRAINED_ON: lineage.to_json(), "suite_notes": suite.notes if suite else ()}
            write_json_atomically(model_dir / DATA_FILE, facts)
        log.say(_headline(config, model, mesh, origin))
        log.say("\n".join([*describe_params(abstract), *plan.explain(), *(suite.notes if suite else ())]))

        # The step, compiled before the clock starts.
        def meta(step: int) -> CheckpointMeta:
            fields = tuning_fields(config, tuning)
            return CheckpointMeta(step, dataclasses.asdict(model), vocabulary.fingerprint, plan.fingerprint, **fields)

        begin = time.monotonic()
        row = empty_batch(1, plan.inputs_length, plan.targets_length, plan.layout)
        step_fn = trace_step(config, model, tx, optimizer, mesh, abstract, row).lower().compile()
        log.say(f"step compiled in {time.monotonic() - begin:.1f} s, {_memory(step_fn)}")

        stop = stack.enter_context(StopSignal())
        guard = FiniteGuard(functools.partial(example_ids_at, plan), checkpoints.latest_step)
        meter = Meter(config, model, mesh)
        rows = mesh_lib.local_rows(mesh, config.batch_size)
        feed = prefetch(
            BatchReader(plan, reader, rows),
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
                judge(join(state.params, state.frozen), step, log, stop)
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
                    checkpoints.save(state, meta(step))
                    if must_stop:
                        raise Stopped
                    if is_eval_step:
                        judge(join(state.params, state.frozen), step, log, stop)
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
        selected_step, selection = judge.select(config.train_steps)
        folder = hand_over(
            checkpoints, selected_step, selection, abstract.params, config, model, vocabulary, whole, lineage
        )
        why = f"normalised average {selection.score:.4f}" if selection else "the last one, as no task selects"
        log.say(f"selected step {selected_step:,} ({why}); its weights are in {folder}")
        return RunResult(model_dir, step, is_finished=True, selected_step=selected_step)


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


def _restore(
    checkpoints: Checkpoints,
    step: int,
    abstract: TrainState,
    config: TrainConfig,
    model: ModelConfig,
    vocabulary: Vocabulary,
    plan: PackingPlan,
    tuning: TuningConfig,
) -> TrainState:
    """The state of `step`, if it is this run's: same model, tuning, tokenizer and data."""
    path = checkpoints.folder / str(step)
    meta = checkpoints.meta(step)
    check_same_model(path, model, meta.model)
    check_same_tuning(path, config, tuning, meta)
    another = "give the same, or start in another MODEL_DIR with INITIAL_CHECKPOINT_PATH set to this one"
    if meta.vocab_fingerprint != vocabulary.fingerprint:
        raise CheckpointError(
            f"{path} was trained with vocabulary {meta.vocab_fingerprint[:12]}, this run uses "
            f"{vocabulary.fingerprint[:12]}: {another}"
        )
    if meta.plan != plan.fingerprint:
        raise CheckpointError(
            f"{path} was trained on data plan {meta.plan[:12]}, this run's is {plan.fingerprint[:12]}, so it would not "
            f"be one run: the mixture, its tasks' text, row lengths, batch size or seed differ; {another}"
        )
    if step > config.train_steps:
        raise CheckpointError(f"{path} is past TRAIN_STEPS {config.train_steps}: raise it to at least {step}")
    return checkpoints.restore(step, abstract)


def _start_from_weights(
    config: TrainConfig,
    model: ModelConfig,
    vocabulary: Vocabulary,
    tx: Any,
    shardings: TrainState,
    abstract: TrainState,
    base: Any,
    tuning: TuningConfig,
) -> tuple[TrainState, str]:
    source = find_weights(config.initial_checkpoint_path or "")
    check_same_model(source.path, base_model(model, tuning), source.model)
    if source.vocab_fingerprint not in (None, vocabulary.fingerprint):
        raise CheckpointError(
            f"{source.path} was trained with vocabulary {str(source.vocab_fingerprint)[:12]}, this run uses "
            f"{vocabulary.fingerprint[:12]}: set VOCAB_PATH to the one it was trained with"
        )
    at = "" if source.step is None else f" (step {source.step:,})"
    origin = f"weights of {source.path}{at}"
    state = fresh_state(source.load(base), tx, shardings, tuning, config.seed)
    if config.restore_optimizer_state:
        state = state._replace(opt_state=source.load_opt_state(abstract.opt_state))
        origin += f" with its optimizer's state after {int(state.opt_state.count):,} updates"
    return state, origin


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
