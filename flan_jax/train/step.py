"""The train step: its arithmetic, and the same traced and compiled for the shapes and shardings of a run, which is what
the trainer runs and `flan-jax plan` studies.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from flan_jax.checkpoints.checkpoint import TrainState
from flan_jax.data import empty_batch
from flan_jax.models.family import ModelConfig
from flan_jax.models.model import forward
from flan_jax.models.tuning import join
from flan_jax.optim.optimizer import OptimizerConfig
from flan_jax.train import mesh as mesh_lib
from flan_jax.train.config import TrainConfig
from flan_jax.train.loss import LossParts, loss_parts
from flan_jax.train.mesh import BATCH_AXES
from flan_jax.train.run import Run
from flan_jax.train.state import StateLayout

if TYPE_CHECKING:
    import optax

Batch = Mapping[str, jax.Array]
Metrics = dict[str, jax.Array]
Forward = Callable[..., jax.Array]  # (params, batch, dropout_key) -> logits [B, T, V]

__all__ = ["Batch", "Metrics", "StepOptions", "compile_step", "make_loss_and_grad", "make_train_step", "trace_step"]


class StepOptions(NamedTuple):
    """Numbers that are compiled into the step; see `TrainConfig` for their meaning."""

    seed: int = 0
    microbatches: int = 1
    label_smoothing: float = 0.0
    z_loss: float = 1e-4


def make_train_step(
    forward: Forward,
    tx: optax.GradientTransformation,
    options: StepOptions,
    learning_rate: optax.Schedule,
    state_shardings: TrainState | None = None,
) -> jax.stages.Wrapped:
    """The jitted step, (state, batch) -> (state, metrics).

    It consumes its state: the caller keeps only what comes back.

    Args:
      forward: (params, batch, dropout_key) -> logits; dropout must depend on the batch's `row_ids` and the key alone,
        so that neither the mesh nor accumulation changes the masks.
      tx: the optimizer; its updates are added to the parameters.
      options: see `StepOptions`.
      learning_rate: updates made so far -> learning rate, to be reported.
      state_shardings: `TrainState` of `NamedSharding`; None leaves everything on one device.

    Metrics are float32 scalars: `loss` (z-loss included), `z_loss`, `accuracy`, all per unit of weight;
    `weight_sum`; `grad_norm` (of the divided gradient, before clipping), `update_norm`, `param_norm` (after the
    update), of what is trained; `learning_rate`; `encoder_tokens`, `decoder_tokens` (not padding), `examples`.
    """
    import optax  # `tx` is made of it

    mesh = None if state_shardings is None else state_shardings.step.mesh

    def train_step(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        def forward_joined(params: Any, batch: Batch, key: jax.Array) -> jax.Array:
            return forward(join(params, state.frozen), batch, key)

        # Made here, in the trace, as it closes over `frozen`: gradients are of the trained part alone.
        loss_and_grad = make_loss_and_grad(forward_joined, options, mesh)
        # A function of (seed, step): resuming needs no key in the checkpoint.
        key = jax.random.fold_in(jax.random.key(options.seed), state.step)
        parts, grad_sum = loss_and_grad(state.params, batch, key)
        # The one division: sums are complete over microbatches, devices and hosts here.
        # A batch without a weighted token gives gradients of 0, not 0 / 0.
        weight = jnp.where(parts.weight_sum > 0, parts.weight_sum, 1.0)
        grads = jax.tree.map(lambda g: g / weight, grad_sum)
        updates, opt_state = tx.update(grads, state.opt_state, state.params)
        params = optax.apply_updates(state.params, updates)
        metrics = {
            "loss": parts.loss_sum / weight,
            "z_loss": parts.z_loss_sum / weight,
            "accuracy": parts.correct_sum / weight,
            "weight_sum": parts.weight_sum,
            "grad_norm": optax.tree.norm(grads),
            "update_norm": optax.tree.norm(updates),
            # Of the new parameters, which are what a checkpoint would hold.
            "param_norm": optax.tree.norm(params),
            # By the optimizer's own count, which is not the run's step where its state was imported.
            "learning_rate": jnp.asarray(learning_rate(getattr(state.opt_state, "count", state.step)), jnp.float32),
            "encoder_tokens": _num_tokens(batch.get("encoder_segment_ids")),
            "decoder_tokens": _num_tokens(batch["decoder_segment_ids"]),
            # Segments are numbered 1..n within a row, so the largest number is how many it holds.
            "examples": jnp.sum(jnp.max(batch["decoder_segment_ids"], axis=1), dtype=jnp.float32),
        }
        return TrainState(state.step + 1, params, opt_state, state.frozen), metrics

    if mesh is None:
        return jax.jit(train_step, donate_argnums=0)
    rows = NamedSharding(mesh, PartitionSpec(BATCH_AXES))
    scalar = NamedSharding(mesh, PartitionSpec())
    # The state comes out laid out as it goes in: donation reuses its buffers, and the compiled step takes it again.
    return jax.jit(
        train_step, donate_argnums=0, in_shardings=(state_shardings, rows), out_shardings=(state_shardings, scalar)
    )


def _num_tokens(segment_ids: jax.Array | None) -> jax.Array:
    """Tokens that are not padding; none without an encoder."""
    return jnp.float32(0.0) if segment_ids is None else jnp.sum(segment_ids > 0, dtype=jnp.float32)


def make_loss_and_grad(
    forward: Forward, options: StepOptions, mesh: jax.sharding.Mesh | None = None
) -> Callable[[Any, Batch, jax.Array], tuple[LossParts, Any]]:
    """(params, batch, dropout_key) -> (sums over the batch, gradient of `loss_sum`).

    With several microbatches both are added up one microbatch after the other in float32: the activations of one
    microbatch are alive at a time.
    """

    def loss_sum(params: Any, batch: Batch, key: jax.Array) -> tuple[jax.Array, LossParts]:
        logits_BTV = forward(params, batch, key)
        parts = loss_parts(
            logits_BTV,
            batch["decoder_target_tokens"],
            batch["decoder_loss_weights"],
            options.label_smoothing,
            options.z_loss,
        )
        return parts.loss_sum, parts

    grad_fn = jax.grad(loss_sum, has_aux=True)

    def whole(params: Any, batch: Batch, key: jax.Array) -> tuple[LossParts, Any]:
        grads, parts = grad_fn(params, batch, key)
        return parts, grads

    def accumulated(params: Any, batch: Batch, key: jax.Array) -> tuple[LossParts, Any]:
        # The same key for all microbatches: masks hash `row_ids`, so no two rows share one, and the sum is the whole
        # batch's.
        def add(sums: tuple[LossParts, Any], microbatch: Batch) -> tuple[tuple[LossParts, Any], None]:
            return jax.tree.map(jnp.add, sums, whole(params, microbatch, key)), None

        zero = jnp.zeros((), jnp.float32)
        zeros = (LossParts(zero, zero, zero, zero), jax.tree.map(lambda p: jnp.zeros_like(p, jnp.float32), params))
        return jax.lax.scan(add, zeros, _split(batch, options.microbatches, mesh))[0]

    return whole if options.microbatches == 1 else accumulated


def _split(batch: Batch, microbatches: int, mesh: jax.sharding.Mesh | None) -> Batch:
    """[B, …] -> [M, B/M, …], microbatch m being rows m, m + M, …

    Rows lie on devices in contiguous blocks of a multiple of M, so a stride of M takes the same number from each
    device and moves none.
    """

    def split(x: jax.Array) -> jax.Array:
        parts = x.reshape(x.shape[0] // microbatches, microbatches, *x.shape[1:]).swapaxes(0, 1)
        if mesh is None:
            return parts
        split_up: jax.Array = jax.lax.with_sharding_constraint(
            parts, NamedSharding(mesh, PartitionSpec(None, BATCH_AXES))
        )
        return split_up

    parts: Batch = jax.tree.map(split, dict(batch))
    return parts


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
    # The state is donated: its outputs lie in its arguments' memory (the alias), and count once.
    total += analysis.output_size_in_bytes - analysis.alias_size_in_bytes
    return f"{total / 2**20:,.0f} MiB a device"
