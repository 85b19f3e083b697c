"""Any mesh, with and without accumulation, is one device to float32 rounding, dropout on; weights count, not rows."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from train_helpers import MODEL, packed_batch, train

from flan_jax.models import forward, init_params
from flan_jax.train.config import MeshConfig
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


@pytest.mark.parametrize("name", MESHES)
@pytest.mark.parametrize("microbatches", [1, 2])
def test_any_mesh_equals_one_device(name, microbatches):
    assert_same_run(train(MESHES[name], options=StepOptions(microbatches=microbatches)), one_device())


@pytest.mark.parametrize("microbatches", [2, 16])
def test_accumulation_on_one_device_equals_the_whole_batch(microbatches):
    options = StepOptions(microbatches=microbatches)
    assert_same_run(train(MeshConfig(1, 1, 1), options=options, devices=jax.devices()[:1]), one_device())


def test_dropout_is_on_and_differs_by_step_and_seed():
    losses = [m["loss"] for m in one_device()[0]]
    other_seed = train(MeshConfig(1, 1, 1), 1, StepOptions(seed=1), devices=jax.devices()[:1])[0][0]["loss"]
    assert abs(other_seed - losses[0]) > 1e-3


def test_a_run_repeats_bit_for_bit():
    again = train(MeshConfig(1, 1, 1), devices=jax.devices()[:1])
    assert again[0] == one_device()[0]
    jax.tree.map(np.testing.assert_array_equal, again[1], one_device()[1])


def test_the_loss_is_weighted_by_token_not_by_microbatch():
    params = init_params(MODEL, jax.random.key(0))
    batch = {name: jnp.asarray(values[:4]) for name, values in packed_batch(0).items()}
    batch["decoder_loss_weights"] = batch["decoder_loss_weights"].at[1:].multiply(0.01)
    apply = functools.partial(forward, MODEL)
    whole, grads = make_loss_and_grad(apply, StepOptions())(params, batch, jax.random.key(1))
    split, split_grads = make_loss_and_grad(apply, StepOptions(microbatches=4))(params, batch, jax.random.key(1))
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
