"""What a study will take, said before anything runs: arithmetic by the models' shapes, time by a measured step."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import multiprocessing
import os
import pathlib
import statistics
import time
from collections.abc import Mapping, Sequence

from flan_jax.core.errors import ConfigError, counted
from flan_jax.models import count_params
from flan_jax.study.cells import Cell
from flan_jax.study.runner import is_done, secs_of
from flan_jax.train.throughput import step_flops
from flan_jax.workflows.config import RunConfig

NUM_STEPS = 3
# Parameters, gradients, optimizer and activations, roughly, as a multiple of float32 parameters.
_MEMORY_FACTOR = 6
_MOST_SECS = 600.0

__all__ = ["Cost", "cost_of", "measured_steps"]


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a study's runs take.

    num_runs, num_done: how many there are, and how many are done. flops: of all their training steps; left_flops: of
    those that are not done. left_secs: their time on this machine, one after another, without evaluations, which come
    on top; None where no step was measured. unmeasured: runs of which no step can be measured here. done_secs: what
    the finished ones took, evaluations included. num_by_epochs: runs whose steps follow from their data, which none of
    this counts.
    """

    num_runs: int
    num_done: int
    flops: float
    left_flops: float
    left_secs: float | None
    unmeasured: tuple[str, ...]
    done_secs: float
    num_by_epochs: int = 0

    def lines(self) -> list[str]:
        """For people."""
        left = self.num_runs - self.num_done
        lines = [
            f"{counted(self.num_runs, 'run')}, {self.num_done} done; {self.flops:.2g} floating-point operations of "
            f"training in all, {self.left_flops:.2g} left"
        ]
        if self.num_by_epochs:
            lines.append(
                f"{counted(self.num_by_epochs, 'run')} by TRAIN_EPOCHS not among that: their steps are known when the "
                f"data are"
            )
        if self.done_secs:
            lines.append(f"the {self.num_done} took {_span(self.done_secs)} of run time, evaluations included")
        if left and self.left_secs is not None:
            lines.append(
                f"the {left} left: {_span(self.left_secs)} of training steps here, one run at a time (a step measured "
                f"just now); evaluations come on top"
            )
        if self.unmeasured:
            lines.append(
                f"no step can be measured on this machine (memory, or the mesh) of {', '.join(self.unmeasured[:3])}"
                f"{', …' * (len(self.unmeasured) > 3)}; `flan-jax plan --gin_file CELL --topology v4:8x8x8` compiles "
                f"each of them for a slice that is not here"
            )
        return lines


def cost_of(folder: pathlib.Path, cells: Sequence[Cell], step_secs: Mapping[str, float]) -> Cost:
    """Adds up what `cells` take.

    Args:
      folder: of all studies.
      cells: of it.
      step_secs: seconds a step by key, of the cells whose step was measured; none for arithmetic alone.
    """
    left = [cell for cell in cells if not is_done(folder, cell)]
    unmeasured = tuple(cell.name for cell in left if cell.key not in step_secs) if step_secs else ()
    secs = [step_secs[cell.key] * _steps(cell) for cell in left if cell.key in step_secs]
    return Cost(
        num_runs=len(cells),
        num_done=len(cells) - len(left),
        flops=sum(map(_flops, cells)),
        left_flops=sum(map(_flops, left)),
        left_secs=sum(secs) if secs else None,
        unmeasured=unmeasured,
        num_by_epochs=sum(not _steps(cell) for cell in cells),
        done_secs=sum(secs_of(folder, cell) or 0.0 for cell in cells),
    )


def measured_steps(cells: Sequence[Cell]) -> dict[str, float]:
    """Key -> median seconds of a training step on this machine's devices, of the cells that fit its memory and
    whose mesh it has. Cells of one model, batch, mesh and optimizer are measured once, in a process of their own.
    """
    found: dict[str, float] = {}
    by_shape: dict[str, float | None] = {}
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for cell in cells:
            config = cell.config
            shape = repr(
                (
                    config.model,
                    config.train.batch_size,
                    config.train.feature_lengths,
                    config.train.mesh,
                    config.optimizer,
                )
            )
            if shape not in by_shape:
                fits = _MEMORY_FACTOR * 4 * count_params(config.model) < _memory_bytes()
                by_shape[shape] = pool.submit(_measure, config).result(_MOST_SECS) if fits else None
            if (secs := by_shape[shape]) is not None:
                found[cell.key] = secs
    return found


def _measure(config: RunConfig) -> float | None:
    try:
        return _step_secs(config)
    except ConfigError:  # a mesh of other devices than these
        return None


def _step_secs(config: RunConfig) -> float:
    import jax

    from flan_jax.data import empty_batch
    from flan_jax.optim import for_run
    from flan_jax.train import mesh as mesh_lib
    from flan_jax.train.state import abstract_state, init_state, make_tx, state_shardings
    from flan_jax.train.step import trace_step

    train, model = config.train, config.model
    mesh = mesh_lib.make_mesh(train.mesh, jax.devices())
    optimizer = for_run(config.optimizer, train.train_steps or 1)
    tx = make_tx(model, optimizer)
    shardings = state_shardings(mesh, train.axis_rules, model, optimizer)
    row = empty_batch(1, train.inputs_length, train.targets_length, model.row_layout())
    step = trace_step(train, model, tx, optimizer, mesh, abstract_state(model, tx, shardings), row).lower().compile()
    state = init_state(model, tx, 0, shardings)
    rows = empty_batch(train.batch_size, train.inputs_length, train.targets_length, model.row_layout())
    batch = mesh_lib.to_global(mesh, train.batch_size, rows)
    secs = []
    for _ in range(NUM_STEPS + 1):  # the first one warms up
        begin = time.perf_counter()
        state, metrics = step(state, batch)
        jax.block_until_ready(metrics)
        secs.append(time.perf_counter() - begin)
    return statistics.median(secs[1:])


def _steps(cell: Cell) -> int:
    return cell.config.train.train_steps


def _flops(cell: Cell) -> float:
    train = cell.config.train
    return _steps(cell) * step_flops(cell.config.model, train.batch_size, train.inputs_length, train.targets_length)


def _memory_bytes() -> float:
    return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))


def _span(secs: float) -> str:
    if secs < 60:
        return f"{secs:.0f} s"
    return f"{secs / 60:.1f} min" if secs < 5400 else f"{secs / 3600:.1f} h"
