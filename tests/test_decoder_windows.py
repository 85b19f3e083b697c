"""Windows, rotations and soft caps of single layers: how far a token is seen, and what the settings' numbers say."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_decoder_model import GEMMA, LENGTH, SIZES, params_of, row, run

from flan_jax.models import DecoderConfig, forward
from flan_jax.models.attention import attend
from flan_jax.models.decoder_incremental import after_prefix, extend, prefill
from flan_jax.models.decoder_layers import rotation, stretches

WINDOW = 3


def windowed(**changes) -> DecoderConfig:
    settings = {**SIZES, **GEMMA, "dtype": "float32", "window": WINDOW, "global_every": None, **changes}
    return DecoderConfig(**settings)


@pytest.mark.parametrize("attention", ["causal", "prefix_lm"])
def test_a_token_reaches_a_window_a_layer_in_its_own_example(attention):
    """Two examples in a row, the second one at positions from 0; changing a token changes what it reaches alone."""
    config = windowed(attention=attention)
    params, half = params_of(config), LENGTH // 2
    tokens = np.random.default_rng(0).integers(1, 48, LENGTH).astype(np.int32)
    batches = []
    for j in [None, *range(LENGTH)]:
        changed = tokens.copy()
        if j is not None:
            changed[j] = changed[j] % 47 + 1
        batch = row(changed)
        batch["decoder_segment_ids"] = np.repeat([1, 2], half)[None].astype(np.int32)
        batch["decoder_positions"] = np.tile(np.arange(half), 2)[None].astype(np.int32)
        batch["decoder_causal_attention"] = (np.arange(LENGTH) % half < 4).astype(np.int32)[None]
        batches.append(batch)
    logits = np.asarray(run(config, params, {n: np.concatenate([b[n] for b in batches]) for n in batches[0]}))
    is_changed = np.abs(logits[1:] - logits[:1]).max(axis=-1) > 1e-6  # [j, position]
    j, i = np.mgrid[:LENGTH, :LENGTH]
    is_near, is_prefix = np.abs(i - j) < WINDOW, (i % half < 4) & (j % half < 4) & (attention == "prefix_lm")
    one_layer = (i // half == j // half) & is_near & ((j <= i) | is_prefix)
    np.testing.assert_array_equal(is_changed, one_layer.astype(int) @ one_layer.astype(int) > 0)
    assert not is_changed[0, 5]  # two layers reach 4 on


def test_only_every_third_layer_sees_past_the_window():
    tokens = np.random.default_rng(1).integers(1, 48, LENGTH).astype(np.int32)
    changed = tokens.copy()
    changed[0] = changed[0] % 47 + 1
    for num_layers, reach in ((2, 2 * (WINDOW - 1)), (3, LENGTH)):
        config = windowed(num_layers=num_layers, global_every=3)
        params = params_of(config)
        difference = np.abs(run(config, params, row(tokens)) - run(config, params, row(changed)))[0].max(axis=-1)
        assert (difference > 1e-6).sum() == min(reach + 1, LENGTH)


def test_questions_behind_a_shared_prefix_see_its_end_through_the_window():
    config = windowed(attention="causal", num_layers=3, global_every=2)
    params = params_of(config)
    tokens = np.random.default_rng(2).integers(1, 48, (2, LENGTH)).astype(np.int32)
    tokens[1, :6] = tokens[0, :6]
    _, shared = jax.jit(prefill, static_argnums=(0, 4))(config, params, tokens[:1, :6], np.array([6]), 6)
    cache = after_prefix(config, shared, 2, 8)
    logits, _ = jax.jit(extend, static_argnums=0)(config, params, cache, tokens[:, 6:], np.array([6, 6]))
    expected = run(config, params, {"decoder_input_tokens": tokens})
    np.testing.assert_allclose(logits, expected[:, 6:], atol=2e-5)


def test_a_soft_caps_gradient_is_that_of_its_formula():
    rng = np.random.default_rng(3)
    q, k, v = (jnp.asarray(4 * rng.standard_normal((2, 2, 5, 4)), jnp.float32) for _ in range(3))
    mask = jnp.tril(jnp.ones((5, 5), bool))[None, None]

    def plain(q, k, v):
        scores = 2.0 * jnp.tanh(jnp.einsum("bhlk,bhsk->bhls", q, k) / 2.0)
        weights = jax.nn.softmax(jnp.where(mask, scores, -1e10), axis=-1)
        return jnp.einsum("bhls,bhsk->bhlk", weights, v)

    def loss(of):
        return lambda *arrays: jnp.sum(jnp.sin(of(*arrays)))

    ours = loss(lambda q, k, v: attend(q, k, v, None, mask, 0.0, None, 2.0))
    found, expected = (jax.jit(jax.grad(f, argnums=(0, 1, 2)))(q, k, v) for f in (ours, loss(plain)))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_the_scaled_rotations_are_those_of_their_formulas():
    config = DecoderConfig(head_dim=64, rope_theta=5e5, rope_scaling="llama3", rope_factor=32.0)
    factors = stretches(config)
    wavelengths = 2 * np.pi * 5e5 ** (np.arange(0, 64, 2) / 64)
    np.testing.assert_array_equal(factors[wavelengths < 8192 / 4], 1.0)
    np.testing.assert_array_equal(factors[wavelengths > 8192], 32.0)
    between = (wavelengths > 8192 / 4) & (wavelengths < 8192)
    assert between.sum() >= 2 and (np.diff(factors) >= 0).all() and (factors[between] > 1).all()
    linear = stretches(config.replace(rope_scaling="linear", rope_factor=4.0))
    positions = np.arange(0, 40, 4)[None]
    for a, b in zip(rotation(positions, 64, 5e5, linear), rotation(positions // 4, 64, 5e5), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_embeddings_are_scaled_by_the_root_as_the_compute_dtype_has_it():
    config = windowed(num_layers=1, logits_softcap=None, embeddings_scale="one")
    params = params_of(config)
    scaled = config.replace(embeddings_scale="sqrt_emb_dim")
    table = params["token_embedder"]["embedding"]
    larger = {**params, "token_embedder": {"embedding": table * np.float32(np.sqrt(32))}}
    batch = row(np.arange(1, 9))
    expected = forward(config, larger, batch) / np.float32(np.sqrt(32))  # the tied table gives the logits, too
    np.testing.assert_allclose(forward(scaled, params, batch), expected, atol=1e-4)
