"""The training loss as sums, so that it can be divided once: after microbatches, devices and hosts.

Cross entropy with label smoothing and z-loss as T5X computes it (Roberts et al. 2022; the z-loss is Mesh
TensorFlow's, Shazeer et al. 2018): with `p` the smoothed target distribution and `log_z = logsumexp(logits)`,

    loss = -sum_v p_v (logits_v - log_z) - entropy(p) + z_loss * log_z ** 2

The entropy of `p` is subtracted so that a perfect model's loss is 0 at any smoothing.
"""

from __future__ import annotations

import functools
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

__all__ = ["LossParts", "loss_parts", "token_losses"]


class LossParts(NamedTuple):
    """Sums over tokens, float32 scalars; add them up over microbatches, then divide by `weight_sum` once.

    loss_sum: weighted loss, z-loss included. z_loss_sum: the z-loss part of it. correct_sum: weight of the tokens
    whose target has the largest logit. weight_sum: sum of the loss weights.
    """

    loss_sum: jax.Array
    z_loss_sum: jax.Array
    correct_sum: jax.Array
    weight_sum: jax.Array


def loss_parts(
    logits_BTV: jax.Array,
    targets_BT: jax.Array,
    weights_BT: jax.Array,
    label_smoothing: float = 0.0,
    z_loss: float = 0.0,
) -> LossParts:
    """Weighted sums of the loss over all tokens.

    Args:
      logits_BTV: of any float type; all arithmetic is float32.
      targets_BT: int32 ids in [0, V).
      weights_BT: weight of each token, 0 on padding.
      label_smoothing: probability mass spread evenly over the other V - 1 ids.
      z_loss: factor of `log_z ** 2`, which keeps the logits from drifting.
    """
    weights_BT = weights_BT.astype(jnp.float32)
    loss_BT, z_BT, correct_BT = token_losses(logits_BTV, targets_BT, label_smoothing, z_loss)

    # `where` rather than a bare product: 0 * inf at a padding position would poison the sum.
    def weighted_sum(values_BT: jax.Array) -> jax.Array:
        return jnp.sum(jnp.where(weights_BT > 0, values_BT * weights_BT, 0.0))

    return LossParts(weighted_sum(loss_BT), weighted_sum(z_BT), weighted_sum(correct_BT), jnp.sum(weights_BT))


@functools.partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def token_losses(
    logits_BTV: jax.Array, targets_BT: jax.Array, label_smoothing: float, z_loss: float
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Loss with z-loss, its z-loss part, and whether the target has the largest logit; each float32 [B, T].

    Only the loss has a gradient. The backward pass keeps the logits as they came and one float a token, and
    recomputes the softmax in a single pass: no float32 [B, T, V] array is stored between the passes.

    Args:
      logits_BTV: logits in the compute dtype.
      targets_BT: int32 ids.
      label_smoothing: share of the target's probability that goes to the other ids, in [0, 1).
      z_loss: weight of the square of log Z; 0 for none.
    """
    return _token_losses_forward(logits_BTV, targets_BT, label_smoothing, z_loss)[0]


def _smoothed(label_smoothing: float, num_classes: int) -> tuple[float, float, float]:
    """Probability of the target, probability of every other id, and the entropy of that distribution in nats."""
    on = 1.0 - label_smoothing
    off = label_smoothing / (num_classes - 1)
    # 1e-20, T5X's: without smoothing `off` is 0, and 0 * log(0) is not a number.
    entropy = -(on * math.log(on) + (num_classes - 1) * off * math.log(off + 1e-20))
    return on, off, entropy


def _token_losses_forward(
    logits_BTV: jax.Array, targets_BT: jax.Array, label_smoothing: float, z_loss: float
) -> tuple[tuple[jax.Array, jax.Array, jax.Array], tuple[jax.Array, jax.Array, jax.Array]]:
    on, off, entropy = _smoothed(label_smoothing, logits_BTV.shape[-1])
    float_logits_BTV = logits_BTV.astype(jnp.float32)
    max_BT = jnp.max(float_logits_BTV, axis=-1)
    shifted_BTV = float_logits_BTV - max_BT[..., None]
    log_sum_BT = jnp.log(jnp.sum(jnp.exp(shifted_BTV), axis=-1))
    target_BT = jnp.take_along_axis(logits_BTV, targets_BT[..., None], axis=-1)[..., 0].astype(jnp.float32)
    # Everything is relative to the largest logit, so that large logits do not cancel.
    loss_BT = log_sum_BT - (on - off) * (target_BT - max_BT)
    if label_smoothing:
        loss_BT = loss_BT - off * jnp.sum(shifted_BTV, axis=-1) - entropy
    log_z_BT = log_sum_BT + max_BT
    z_BT = z_loss * jnp.square(log_z_BT)
    # The maximum is there already, which spares an argmax over V; a target that ties with it counts as right.
    correct_BT = (target_BT >= max_BT).astype(jnp.float32)
    return (loss_BT + z_BT, z_BT, correct_BT), (logits_BTV, targets_BT, log_z_BT)


def _token_losses_backward(
    label_smoothing: float,
    z_loss: float,
    residuals: tuple[jax.Array, jax.Array, jax.Array],
    cotangents: tuple[jax.Array, jax.Array, jax.Array],
) -> tuple[jax.Array, None]:
    logits_BTV, targets_BT, log_z_BT = residuals
    on, off, _ = _smoothed(label_smoothing, logits_BTV.shape[-1])
    cotangent_BT = cotangents[0]
    # d log_z / d logits is the softmax, so z-loss only scales it.
    scale_BT = cotangent_BT * (1.0 + 2.0 * z_loss * log_z_BT)
    softmax_BTV = jnp.exp(logits_BTV.astype(jnp.float32) - log_z_BT[..., None])
    # A comparison and not a scatter or one-hot array: it fuses into the pass over V, also where V is split over
    # devices.
    ids_V = jnp.arange(logits_BTV.shape[-1], dtype=targets_BT.dtype)
    is_target_BTV = targets_BT[..., None] == ids_V[None, None]
    smoothed_BTV = jnp.where(is_target_BTV, on, off)
    grad_BTV = softmax_BTV * scale_BT[..., None] - smoothed_BTV * cotangent_BT[..., None]
    return grad_BTV.astype(logits_BTV.dtype), None


token_losses.defvjp(_token_losses_forward, _token_losses_backward)
