"""How much arithmetic a step needs, and what the devices could do: the two sides of MFU."""

from __future__ import annotations

import jax

from flan_jax.models import T5Config

# Dense bfloat16 peak, floating-point operations a second a device, from the makers' data sheets.
_PEAK_FLOPS = {
    "TPU v2": 45e12 / 2,
    "TPU v3": 123e12 / 2,
    "TPU v4": 275e12,
    "TPU v5 lite": 197e12,
    "TPU v5e": 197e12,
    "TPU v5": 459e12,
    "TPU v5p": 459e12,
    "TPU v6 lite": 918e12,
    "TPU v6e": 918e12,
    "NVIDIA A100": 312e12,
    "NVIDIA H100": 989e12,
    "NVIDIA H200": 989e12,
}

__all__ = ["peak_flops", "step_flops"]


def step_flops(model: T5Config, batch_size: int, inputs_length: int, targets_length: int) -> float:
    """Floating-point operations of one training step: forward and twice as many backward (Kaplan et al. 2020).

    Counts matrix products at all positions, padding included, and full (not causal) attention; not what remat
    computes again, nor elementwise work, nor the look-up of embeddings.
    """
    d, j, f = model.emb_dim, model.joined_kv, model.mlp_dim
    attention_weights, mlp_weights = 4 * d * j, 3 * d * f
    encoder_layer = inputs_length * (attention_weights + mlp_weights) + 2 * inputs_length**2 * j
    decoder_layer = (
        targets_length * (attention_weights + mlp_weights)
        + 2 * targets_length**2 * j
        + targets_length * 2 * d * j  # cross-attention's queries and output
        + inputs_length * 2 * d * j  # its keys and values
        + 2 * inputs_length * targets_length * j
    )
    multiply_adds = (
        model.num_encoder_layers * encoder_layer
        + model.num_decoder_layers * decoder_layer
        + targets_length * d * model.vocab_size
    )
    return 3 * 2.0 * batch_size * multiply_adds


def peak_flops(device: jax.Device, override: float | None = None) -> float | None:
    """A device's peak, `override` if given, None where it is not known (as for a CPU)."""
    if override is not None:
        return override
    kinds = [kind for kind in _PEAK_FLOPS if device.device_kind.startswith(kind)]
    return _PEAK_FLOPS[max(kinds, key=len)] if kinds else None
