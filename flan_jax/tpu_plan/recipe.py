"""From a run's configuration to its traced step on devices that are not there."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import jax

from flan_jax.data import empty_batch
from flan_jax.models import ModelConfig
from flan_jax.models.model import count_params
from flan_jax.optim import OptimizerConfig, for_run
from flan_jax.tpu_plan.search import Layout
from flan_jax.tpu_plan.step_plan import StepPlan, plan_step
from flan_jax.train import mesh as mesh_lib
from flan_jax.train.config import TrainConfig
from flan_jax.train.state import abstract_state, bytes_per_device, describe_params, make_tx, state_shardings
from flan_jax.train.step import trace_step
from flan_jax.train.throughput import step_flops

__all__ = ["plan_recipe", "with_layout"]


def plan_recipe(
    config: TrainConfig, model: ModelConfig, optimizer: OptimizerConfig, devices: Sequence[jax.Device]
) -> tuple[StepPlan, list[str]]:
    """Compiles the step that `flan_jax.train.loop.run_training` would run on `devices`; (plan, table of parameters).

    Raises `ConfigError`, as the trainer would, for a mesh that is not the number of devices, a batch that does not
    divide, and heads, vocabulary or mlp that the model axis does not divide.

    Args:
      config: the run's settings.
      model: the model's configuration.
      optimizer: the optimizer's configuration.
      devices: the slice's, in the mesh's order.
    """
    mesh = mesh_lib.make_mesh(config.mesh, devices)
    mesh_lib.check_rows(config.batch_size, config.microbatches, mesh)
    mesh_lib.check_model(mesh, **model.split_sizes())
    optimizer = for_run(optimizer, config.train_steps or 1)  # of epochs the steps are not known before the data is
    tx = make_tx(model, optimizer)
    abstract = abstract_state(model, tx, state_shardings(mesh, config.axis_rules, model, optimizer))
    row = empty_batch(1, config.inputs_length, config.targets_length, model.row_layout())
    batch_bytes = (
        sum(values.nbytes for values in row.values())
        * config.batch_size
        // math.prod(mesh.shape[axis] for axis in mesh_lib.BATCH_AXES)
    )
    plan = plan_step(
        trace_step(config, model, tx, optimizer, mesh, abstract, row),
        mesh,
        argument_bytes=bytes_per_device(abstract) + batch_bytes,
        model_flops=step_flops(model, config.batch_size, config.inputs_length, config.targets_length),
        num_params=count_params(model),
        batch_size=config.batch_size,
        microbatches=config.microbatches,
        remat=model.remat,
    )
    return plan, describe_params(abstract)


def with_layout(config: TrainConfig, model: ModelConfig, layout: Layout) -> tuple[TrainConfig, ModelConfig]:
    """The same run laid out another way."""
    mesh = dataclasses.replace(config.mesh, **dict(zip(mesh_lib.MESH_AXES, layout.mesh, strict=True)))
    train = dataclasses.replace(
        config,
        mesh=mesh,
        microbatches=layout.microbatches,
        activation_partitioning_dims=layout.activation_dims,
    )
    return train, model.replace(remat=layout.remat)
