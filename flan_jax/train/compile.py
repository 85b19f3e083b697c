"""The train step, traced for the shapes and shardings of a run: what the trainer runs and `flan-jax plan` studies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
import optax
from jax.sharding import Mesh

from flan_jax.checkpoints.train_state import TrainState
from flan_jax.models import ModelConfig, forward
from flan_jax.optim import OptimizerConfig
from flan_jax.train import mesh as mesh_lib
from flan_jax.train.config import TrainConfig
from flan_jax.train.step import StepOptions, make_train_step

__all__ = ["trace_step"]


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
