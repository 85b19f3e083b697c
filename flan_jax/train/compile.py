"""The train step, traced for the shapes and shardings of a run: what the trainer runs and `flan-jax plan` studies."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jax.sharding import Mesh

from flan_jax.checkpoints.train_state import TrainState
from flan_jax.data import empty_batch
from flan_jax.models.family import ModelConfig
from flan_jax.models.model import forward
from flan_jax.optim.optimizer import OptimizerConfig
from flan_jax.train import mesh as mesh_lib
from flan_jax.train.config import TrainConfig
from flan_jax.train.run import Run
from flan_jax.train.state import StateLayout
from flan_jax.train.step import StepOptions, make_train_step

if TYPE_CHECKING:
    import optax

__all__ = ["compile_step", "trace_step"]


def trace_step(
    config: TrainConfig,
    model: ModelConfig,
    tx: optax.GradientTransformation,
    optimizer: OptimizerConfig,
    mesh: Mesh,
    abstract: TrainState,
    example_row: Mapping[str, np.ndarray],
) -> jax.stages.Traced:
    """`make_train_step`'s function for `config`, ready to be lowered and compiled. Allocates nothing on the mesh's
    devices, which need not exist.

    Args:
      model: the model's configuration.
      tx: the optimizer.
      optimizer: the optimizer's configuration.
      abstract: shapes, dtypes and shardings of the state (`flan_jax.train.state.abstract_state`).
      example_row: a batch of one row; the step's batch has the same arrays with `config.batch_size` rows.
    """

    def apply(params: Any, batch: Any, key: jax.Array) -> jax.Array:
        with mesh_lib.on_mesh(mesh, config.axis_rules):
            return forward(model, params, batch, key)

    options = StepOptions(config.seed, config.microbatches, config.label_smoothing, config.z_loss)
    shardings = jax.tree.map(lambda leaf: leaf.sharding, abstract)
    step_fn = make_train_step(apply, tx, options, optimizer.schedule(), shardings)
    rows = mesh_lib.batch_sharding(mesh)
    batch = {
        name: jax.ShapeDtypeStruct((config.batch_size, *values.shape[1:]), values.dtype, sharding=rows)
        for name, values in example_row.items()
    }
    return step_fn.trace(abstract, batch)


def compile_step(run: Run, layout: StateLayout) -> tuple[jax.stages.Compiled, str]:
    """The step of a run, (state, batch) -> (state, metrics), and a line for the log on the time and memory it took."""
    begin = time.monotonic()
    row = empty_batch(1, run.plan.inputs_length, run.plan.targets_length, run.plan.layout)
    traced = trace_step(run.config, run.model, layout.tx, run.optimizer, run.mesh, layout.abstract, row)
    step_fn = traced.lower().compile()
    return step_fn, f"step compiled in {time.monotonic() - begin:.1f} s, {_memory(step_fn)}"


def _memory(step_fn: jax.stages.Compiled) -> str:
    """What the compiler says of the step's memory a device."""
    analysis = step_fn.memory_analysis()
    if analysis is None:
        return "memory unknown"
    total = analysis.argument_size_in_bytes + analysis.temp_size_in_bytes
    total += analysis.output_size_in_bytes - analysis.alias_size_in_bytes
    return f"{total / 2**20:,.0f} MiB a device"
