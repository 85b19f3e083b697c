"""Any mesh, with and without accumulation, is one device to float32 rounding, dropout on; weights count, not rows."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P
from train_helpers import MODEL, OPTIMIZER, initial_state, on, packed_batch, train

from flan_jax.core.errors import ConfigError
from flan_jax.models import forward, param_logical_axes
from flan_jax.optim import make_adafactor
from flan_jax.train.config import DEFAULT_RULES, MeshConfig, TrainConfig
from flan_jax.train.mesh import make_mesh
from flan_jax.train.state import init_state, state_shardings
from flan_jax.train.step import StepOptions, make_loss_and_grad

MESHES = {"8x1x1": MeshConfig(8, 1, 1), "2x2x2": MeshConfig(2, 2, 2), "1x1x8": MeshConfig(1, 1, 8)}


@functools.cache
def one_device():
    return train(MeshConfig(1, 1, 1), devices=jax.devices()[:1])


def assert_same_run(found, expected):
    for ours, theirs in zip(found[0], expected[0], strict=True):
        for name in theirs:
            np.testing.assert_allclose(ours[name], theirs[name], rtol=2e-5, err_msg=name)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5, rtol=1e-4), found[1], expected[1])


@pytest.mark.parametrize(("name", "microbatches"), [("2x2x2", 1), ("1x1x8", 1), ("8x1x1", 2), ("2x2x2", 4)])
def test_any_mesh_equals_one_device(name, microbatches):
    assert_same_run(train(MESHES[name], options=StepOptions(microbatches=microbatches)), one_device())


def test_splitting_activations_over_the_model_axis_too_changes_nothing():
    settings = {"model_dir": "m", "mixture": "m", "cache_dir": "c", "feature_lengths": {"inputs": 8, "targets": 8}}
    config = TrainConfig(**settings, batch_size=1, train_steps=1, activation_partitioning_dims=2)
    assert dict(config.axis_rules)["activation_embed"] == "model" and len(config.axis_rules) == len(DEFAULT_RULES)
    (metrics,), _ = train(MESHES["2x2x2"], num_steps=1, rules=config.axis_rules)
    for name, value in one_device()[0][0].items():
        np.testing.assert_allclose(metrics[name], value, rtol=2e-5, err_msg=name)
    with pytest.raises(ConfigError, match=r"give one of 1, 2, for the batch"):
        dataclasses.replace(config, activation_partitioning_dims=3)


def test_accumulation_on_one_device_equals_the_whole_batch():
    options = StepOptions(microbatches=4)
    assert_same_run(train(MeshConfig(1, 1, 1), options=options, devices=jax.devices()[:1]), one_device())


def test_random_parameters_are_the_same_on_any_mesh():
    mesh = make_mesh(MESHES["2x2x2"])
    tx = make_adafactor(OPTIMIZER, param_logical_axes(MODEL))
    state = init_state(MODEL, tx, 0, state_shardings(mesh, DEFAULT_RULES, MODEL, OPTIMIZER))
    jax.tree.map(np.testing.assert_array_equal, jax.device_get(state), initial_state())
    assert state.params["encoder"]["layers"]["mlp"]["wo"]["kernel"].sharding.spec == P(None, "model", "fsdp")
    embedding = (
        state.opt_state.v_row["token_embedder"]["embedding"],
        state.opt_state.v_col["token_embedder"]["embedding"],
    )
    assert sorted(str(moment.sharding.spec) for moment in embedding) == [str(P("fsdp")), str(P("model"))]


def test_activations_are_laid_out_over_the_mesh():
    shapes = jax.eval_shape(lambda: jax.tree.map(jnp.asarray, (initial_state().params, packed_batch(0))))
    text = str(jax.make_jaxpr(on(make_mesh(MESHES["2x2x2"])))(*shapes, jax.random.key(0)))
    assert "P(('data', 'fsdp'), None, 'model')" in text and "P(('data', 'fsdp'), 'model', None, None)" in text


def test_dropout_is_on_and_differs_by_step_and_seed():
    params, batch = initial_state().params, packed_batch(0)
    sums = jax.jit(
        lambda key: make_loss_and_grad(functools.partial(forward, MODEL), StepOptions())(params, batch, key)[0]
    )
    keys = [jax.random.fold_in(jax.random.key(seed), step) for seed, step in [(0, 0), (0, 1), (1, 0)]]
    found = [float(sums(key).loss_sum) for key in keys]
    assert len({round(value, 2) for value in found}) == 3
    np.testing.assert_allclose(found[0], one_device()[0][0]["loss"] * one_device()[0][0]["weight_sum"], rtol=1e-5)


def test_the_loss_is_weighted_by_token_not_by_microbatch():
    params = initial_state().params
    batch = {name: jnp.asarray(values[:4]) for name, values in packed_batch(0).items()}
    batch["decoder_loss_weights"] = batch["decoder_loss_weights"].at[1:].multiply(0.01)
    apply = functools.partial(forward, MODEL)
    whole, grads = jax.jit(make_loss_and_grad(apply, StepOptions()))(params, batch, jax.random.key(1))
    split, split_grads = jax.jit(make_loss_and_grad(apply, StepOptions(microbatches=4)))(
        params, batch, jax.random.key(1)
    )
    np.testing.assert_allclose(split, whole, rtol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-5), split_grads, grads)


def test_metrics_report_what_happened():
    metrics = one_device()[0][0]
    batch = packed_batch(0)
    assert metrics["weight_sum"] == batch["decoder_loss_weights"].sum()
    assert metrics["encoder_tokens"] == (batch["encoder_segment_ids"] > 0).sum()
    assert metrics["decoder_tokens"] == (batch["decoder_segment_ids"] > 0).sum()
    assert metrics["examples"] == batch["decoder_segment_ids"].max(1).sum()
    assert metrics["learning_rate"] == pytest.approx(1e-2)
    assert 0 <= metrics["accuracy"] <= 1 and 0 < metrics["z_loss"] < metrics["loss"]
    assert metrics["grad_norm"] > 0 and metrics["update_norm"] > 0 and metrics["param_norm"] > 0
