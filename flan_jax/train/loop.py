"""The run, from its configuration to the checkpoint it hands over. Read `run_training` from top to bottom."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import pathlib
from collections.abc import Callable
from typing import Any, TextIO

import jax

from flan_jax.checkpoints.lineage import DATA_FILE
from flan_jax.core.disk import write_sealed
from flan_jax.data import BatchReader, example_ids_at, prefetch
from flan_jax.models.family import ModelConfig
from flan_jax.models.tuning import FULL, TuningConfig, join, make_whole
from flan_jax.optim.optimizer import OptimizerConfig
from flan_jax.train import mesh as mesh_lib
from flan_jax.train.changes import changed_settings, read_config, refuse_other_evaluations, save_config
from flan_jax.train.config import TrainConfig
from flan_jax.train.guard import FiniteGuard, Stopped, StopSignal
from flan_jax.train.hand_over import hand_over
from flan_jax.train.judging import Judge, MakeJudge, Unjudged
from flan_jax.train.lock import sole_run
from flan_jax.train.logs import RunLog
from flan_jax.train.run import Run, prepare_run
from flan_jax.train.start import check_tuning, first_state, meta_of, open_checkpoints, sweep
from flan_jax.train.state import describe_params, layout_of
from flan_jax.train.step import compile_step
from flan_jax.train.throughput import Meter, Profiler

__all__ = ["RunResult", "run_training"]


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
    # Devices and whether they can hold this run; the token cache; which example is in which row of which step.
    check_tuning(config, tuning)
    run = prepare_run(config, model, optimizer, tuning, ensure_cache)
    config, model_dir = run.config, run.model_dir
    judge = make_judge(run)

    # State: the newest checkpoint of this run, or given weights, or random ones.
    layout = layout_of(run)
    with contextlib.ExitStack() as stack:
        stack.enter_context(sole_run(run))
        checkpoints = open_checkpoints(run, judge)
        stack.callback(checkpoints.close)
        is_writer = jax.process_index() == 0
        swept = sweep(run) if is_writer else ""
        start = first_state(run, layout, checkpoints)
        state, step, start_step = start.state, start.step, start.step
        changes = _changes(model_dir, operative_config, start_step, run.last_step, judge) if start_step else ""

        # Logs: what was written after the checkpoint happens again.
        recovered = judge.resume(start_step, start.judged)
        log = stack.enter_context(RunLog(model_dir, start_step, run.last_step, is_writer, stream))
        if is_writer:
            _write_facts(run, judge, operative_config, start_step)
        log.say("\n".join(filter(None, [run.headline(), swept, start.origin, changes, *recovered])))
        log.say(
            "\n".join([*describe_params(layout.abstract), *run.plan.explain(), *run.vocabulary_notes(), *judge.notes])
        )

        # The step, compiled before the clock starts, and what it is fed.
        step_fn, said = compile_step(run, layout)
        log.say(said)
        # Only from here on: a SIGTERM before this has nothing to save, and ends the process at once.
        stop = stack.enter_context(StopSignal())
        guard = FiniteGuard(functools.partial(example_ids_at, run.plan), checkpoints.latest_step)
        meter = Meter(config, run.model, run.mesh)
        rows = mesh_lib.local_rows(run.mesh, config.batch_size)
        feed = prefetch(
            BatchReader(run.plan, run.reader, rows),
            start_step,
            run.last_step,
            functools.partial(mesh_lib.to_global, run.mesh, config.batch_size),
            config.prefetch_batches,
        )
        stack.enter_context(contextlib.closing(feed))
        profiler = stack.enter_context(Profiler(config, model_dir, start_step, log.say))

        try:
            # Step 0, or a step that was saved and killed before it was judged; one that was judged is not judged again.
            if config.is_eval_step(step):
                _judge(judge, join(state.params, state.frozen), step, log, stop)
                meter.restart()
            for fed in feed:
                profiler.begin(fed.step + 1)
                state, metrics = step_fn(state, fed.batch)
                step = fed.step + 1
                meter.waited(fed.wait_secs)
                # The guard gives back the step before: asking for this one's numbers would wait for the devices.
                _record(guard.push(step, metrics), meter, log)
                must_stop = stop.is_due(step)
                if must_stop or config.is_eval_step(step) or config.is_save_step(step):
                    _record(guard.flush(), meter, log)  # nothing is saved that is not finite
                    profiler.end(step)
                    # Saved before it is judged: a kill in the evaluation repeats the evaluation, not the steps.
                    checkpoints.save(state, meta_of(run, step), judge.found())
                    if must_stop:
                        raise Stopped
                    if config.is_eval_step(step):
                        _judge(judge, join(state.params, state.frozen), step, log, stop)
                    meter.restart()
                elif fed.step % config.log_period == 0:
                    # A failed save in the background (a full disk) is told now, not when the next one is due.
                    checkpoints.check()
        except Stopped:
            checkpoints.wait()
            saved = f"step {step:,}, which is saved" if step else "step 0, before there was anything to save"
            log.say(f"stopped by SIGTERM after {saved}: the same command continues from there")
            return RunResult(model_dir, step, is_finished=False)

        # The end: the rule picks a step, whose weights are handed over.
        checkpoints.wait()
        whole = make_whole(state.frozen, tuning)
        del state, start  # the selected parameters need its memory
        picked = judge.select()
        selected_step = run.last_step if picked is None else picked.step
        folder = hand_over(run, checkpoints, picked, layout.abstract.params, whole)
        why = f"normalised average {picked.score:.4f}" if picked else "the last one, as no task selects"
        log.say(f"selected step {selected_step:,} ({why}); its weights are in {folder}")
        return RunResult(model_dir, step, is_finished=True, selected_step=selected_step)


def _changes(model_dir: pathlib.Path, operative_config: str, start_step: int, last_step: int, judge: Judge) -> str:
    """A line on the settings that are others than those the run began with."""
    before = read_config(model_dir)
    if not before or not operative_config:
        return ""
    if judge.found():
        refuse_other_evaluations(before, operative_config, start_step)
    changed = changed_settings(before, operative_config)
    if not changed:
        return ""
    if start_step == last_step:
        return (
            f"this run has done its {last_step:,} steps and is judged no more, and other settings leave its model as "
            f"it is: {'; '.join(changed)}; `flan-jax eval` asks its weights more"
        )
    return f"from step {start_step:,} on with other settings: {'; '.join(changed)}"


def _write_facts(run: Run, judge: Judge, operative_config: str, start_step: int) -> None:
    """What the run is told and what it trains on, for those who find its folder."""
    if operative_config and start_step < run.last_step:  # a finished run was not told this
        save_config(run.model_dir, operative_config, start_step)
    write_sealed(run.model_dir / DATA_FILE, {**run.data_facts(), "suite_notes": judge.notes})


def _record(finished: tuple[int, dict[str, float]] | None, meter: Meter, log: RunLog) -> None:
    """Moves the bar to a finished step, and writes a line where one is due."""
    if finished is None:
        return
    step, metrics = finished
    log.advance(step)
    values = meter.add(step, metrics)
    if values is not None:
        log.metrics(step, values)


def _judge(judge: Judge, params: Any, step: int, log: RunLog, stop: StopSignal) -> None:
    """Judges `params`; raises `Stopped` between batches when asked to stop."""
    results = judge.run(params, step, lambda done, total: stop.raise_if_set())
    if results is not None:
        log.scalars(step, results.scalars())
        log.say(f"step {step:>7,}  {results.summary()}")
