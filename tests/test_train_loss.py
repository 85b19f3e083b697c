"""The loss is T5X's, in value and gradient, and survives large logits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from shared import shared_path

from flan_jax.train.loss import loss_parts


def plain_loss_sum(logits, targets, weights, smoothing, z_loss):
    """The formula of the module's docstring, spelled out with one-hot targets."""
    num_classes = logits.shape[-1]
    off = smoothing / (num_classes - 1)
    target = (
        jnp.full(logits.shape, off)
        .at[np.indices(targets.shape)[0], np.indices(targets.shape)[1], targets]
        .set(1 - smoothing)
    )
    entropy = -jnp.sum(jnp.where(target > 0, target * jnp.log(jnp.maximum(target, 1e-30)), 0.0), -1)
    log_z = jax.scipy.special.logsumexp(logits, axis=-1)
    loss = -jnp.sum(target * (logits - log_z[..., None]), -1) - entropy + z_loss * log_z**2
    return jnp.sum(loss * weights)


def test_equals_t5x():
    folder = shared_path("peers/t5x_tiny")
    batch, forward = np.load(folder / "batch.npz"), np.load(folder / "forward.npz")
    arguments = (forward["logits"], batch["decoder_target_tokens"], batch["decoder_loss_weights"])
    plain = loss_parts(*arguments, label_smoothing=0.0, z_loss=1e-4)
    smoothed = loss_parts(*arguments, label_smoothing=0.1, z_loss=1e-4)
    np.testing.assert_allclose(plain.loss_sum, forward["loss_sum"], rtol=2e-7)
    np.testing.assert_allclose(smoothed.loss_sum, forward["loss_sum_label_smoothing_0_1"], rtol=5e-7)
    np.testing.assert_allclose(smoothed.z_loss_sum, forward["z_loss_part"], rtol=5e-7)
    assert plain.weight_sum == forward["weight_sum"]


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("z_loss", [0.0, 1e-2])
def test_gradient_equals_the_plain_formulas(smoothing, z_loss):
    rng = np.random.default_rng(0)
    logits = jnp.asarray(rng.normal(size=(2, 5, 11)) * 3, jnp.float32)
    targets = rng.integers(0, 11, (2, 5))
    weights = jnp.asarray(rng.integers(0, 3, (2, 5)), jnp.float32)
    value, grad = jax.value_and_grad(lambda x: loss_parts(x, targets, weights, smoothing, z_loss).loss_sum)(logits)
    expected, expected_grad = jax.value_and_grad(plain_loss_sum)(logits, targets, weights, smoothing, z_loss)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    np.testing.assert_allclose(grad, expected_grad, atol=2e-6)


def test_large_logits_stay_finite():
    logits = jnp.array([[[1e4, -1e4, 0.0]]], jnp.float32)
    parts, grad = jax.value_and_grad(lambda x: loss_parts(x, jnp.array([[1]]), jnp.ones((1, 1)), 0.1, 0.0).loss_sum)(
        logits
    )
    assert np.isfinite(parts) and np.isfinite(grad).all()


def test_padding_never_counts_even_when_its_logits_are_not_finite():
    logits = jnp.zeros((1, 2, 4), jnp.float32).at[0, 1].set(jnp.inf)
    parts = loss_parts(logits, jnp.array([[2, 0]]), jnp.array([[1.0, 0.0]]))
    np.testing.assert_allclose(parts.loss_sum, np.log(4), rtol=1e-6)
    assert parts.weight_sum == 1


def test_bfloat16_logits_lose_nothing_but_their_own_rounding():
    rng = np.random.default_rng(1)
    logits = jnp.asarray(rng.normal(size=(2, 3, 17)), jnp.bfloat16)
    targets, weights = rng.integers(0, 17, (2, 3)), jnp.ones((2, 3))
    low = loss_parts(logits, targets, weights, 0.1, 1e-4)
    high = loss_parts(logits.astype(jnp.float32), targets, weights, 0.1, 1e-4)
    np.testing.assert_array_equal(low.loss_sum, high.loss_sum)


def test_accuracy_counts_weight():
    logits = jnp.array([[[0.0, 2.0], [3.0, 1.0], [0.0, 1.0]]])
    parts = loss_parts(logits, jnp.array([[1, 1, 1]]), jnp.array([[2.0, 1.0, 1.0]]))
    assert parts.correct_sum == 3 and parts.weight_sum == 4
