"""Low-rank adapters: what they compute, what they train, and that the rest takes no memory of a run."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import train_helpers
from flax.traverse_util import flatten_dict
from train_helpers import FAST_COMPILE, MODEL, packed_batch

from flan_jax.core.errors import ConfigError
from flan_jax.models import (
    DecoderConfig,
    decode_step,
    decode_teacher_forced,
    encode,
    forward,
    init_decode_cache,
    param_shapes,
    unstack_decoder_layers,
)
from flan_jax.models.tuning import (
    TuningConfig,
    adapt,
    join,
    merged,
    part_axes,
    part_shapes,
    tuned_model,
)
from flan_jax.optim import AdafactorConfig, AdamWConfig
from flan_jax.train.config import DEFAULT_RULES, MeshConfig
from flan_jax.train.mesh import make_mesh, on_mesh, to_global
from flan_jax.train.state import abstract_state, describe_params, fresh_state, make_tx, state_shardings
from flan_jax.train.step import StepOptions, make_train_step

LORA = TuningConfig("lora", lora_rank=3, lora_alpha=6.0)
DECODER = DecoderConfig(
    vocab_size=64, emb_dim=16, num_layers=2, num_heads=4, num_kv_heads=2, head_dim=4, mlp_dim=24, dtype="float32"
)
run = jax.jit(forward, static_argnums=0)


@functools.cache
def params_of(config):
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda leaf: rng.normal(size=leaf.shape).astype(np.float32) * 0.3, param_shapes(config))


def adapted(config, tuning=LORA, seed=1):
    """(trained, frozen) with adapters that do something."""
    trained, frozen = adapt(tuning, params_of(config), jax.random.key(0))
    rng = np.random.default_rng(seed)
    return jax.tree.map(lambda leaf: rng.normal(size=leaf.shape).astype(np.float32) * 0.3, trained), frozen


def batch_of(config):
    batch = packed_batch(0, batch_size=2)
    if isinstance(config, DecoderConfig):
        batch = {name: value for name, value in batch.items() if not name.startswith("encoder")}
    return batch


@pytest.mark.parametrize("config", [MODEL, DECODER], ids=["t5", "decoder"])
def test_fresh_adapters_change_no_bit(config):
    batch = batch_of(config)
    fresh = join(*adapt(LORA, params_of(config), jax.random.key(0)))
    np.testing.assert_array_equal(run(config, fresh, batch), run(config, params_of(config), batch))


@pytest.mark.parametrize("config", [MODEL, DECODER], ids=["t5", "decoder"])
def test_merged_weights_compute_what_adapters_do(config):
    batch = batch_of(config)
    whole = join(*adapted(config))
    plain = merged(whole, LORA)
    assert flatten_dict(plain).keys() == flatten_dict(params_of(config)).keys()
    logits = run(config, whole, batch)
    np.testing.assert_allclose(logits, run(config, plain, batch), atol=3e-5)
    assert np.abs(logits - run(config, params_of(config), batch)).max() > 0.01


def test_an_adapter_is_its_formula():
    """W + alpha / rank * A B, layer by layer (Hu et al. 2021, section 4.1)."""
    trained, frozen = adapted(MODEL)
    plain = merged(join(trained, frozen), LORA)
    query = trained["encoder"]["layers"]["attention"]["query"]
    for layer in range(2):
        kernel = params_of(MODEL)["encoder"]["layers"]["attention"]["query"]["kernel"][layer]
        expected = kernel + 6.0 / 3 * query["lora_a"][layer] @ query["lora_b"][layer]
        ours = plain["encoder"]["layers"]["attention"]["query"]["kernel"][layer]
        np.testing.assert_allclose(ours, expected, atol=1e-5)
    key = plain["encoder"]["layers"]["attention"]["key"]["kernel"]
    np.testing.assert_array_equal(key, params_of(MODEL)["encoder"]["layers"]["attention"]["key"]["kernel"])


def test_incremental_decoding_has_the_adapters():
    config = dataclasses.replace(MODEL, dropout_rate=0.0)
    params = join(*adapted(MODEL))
    rng = np.random.default_rng(3)
    inputs = rng.integers(3, 64, (2, 7)).astype(np.int32)
    targets = np.concatenate([np.zeros((2, 1), np.int32), rng.integers(3, 64, (2, 3)).astype(np.int32)], axis=1)
    encoded = jax.jit(encode, static_argnums=0)(config, params, inputs)
    expected = jax.jit(decode_teacher_forced, static_argnums=0)(config, params, encoded, inputs != 0, targets)
    params = unstack_decoder_layers(params)
    cache = init_decode_cache(config, params, encoded, inputs != 0, 4)
    step = jax.jit(functools.partial(decode_step, config))
    for position in range(4):
        logits, cache = step(params, cache, targets[:, position])
        np.testing.assert_allclose(logits, expected[:, position], atol=5e-5)


@pytest.mark.parametrize("optimizer", [AdafactorConfig(min_dim_size_to_factor=16), AdamWConfig()], ids=["ada", "adam"])
@pytest.mark.parametrize("tuning", [LORA, TuningConfig("prompt", prompt_tokens=5)], ids=lambda tuning: tuning.method)
@pytest.mark.parametrize("config", [MODEL, DECODER], ids=["t5", "decoder"])
def test_frozen_parameters_have_no_optimizer_state(config, tuning, optimizer):
    config = tuned_model(config, tuning)
    parts = part_shapes(config, tuning)
    names = {name for name, _ in flatten_dict(parts.trained, sep="/").items()}
    parameter = ("lora_a", "lora_b") if tuning.method == "lora" else ("soft_prompt",)
    assert names and all(name.endswith(parameter) for name in names)
    state = jax.eval_shape(make_tx(config, optimizer, tuning).init, parts.trained)
    for moments in state[1:]:
        assert set(flatten_dict(moments, sep="/")) == names
    # What is frozen is the model, the adapters' scales aside; every array has its axes.
    frozen = {name for name in flatten_dict(parts.frozen, sep="/") if not name.endswith("lora_scale")}
    assert frozen == set(flatten_dict(param_shapes(dataclasses.replace(config, prompt_tokens=0)), sep="/"))
    axes = part_axes(config, tuning)
    for shapes, own in ((parts.trained, axes.trained), (parts.frozen, axes.frozen)):
        shapes, own = flatten_dict(shapes), flatten_dict(own)
        assert shapes.keys() == own.keys()
        assert all(len(own[name]) == len(shape.shape) for name, shape in shapes.items())


def train(mesh_config, tuning, num_steps=3, microbatches=1, devices=None):
    """As `train_helpers.train`, of a part: (losses, trained, frozen, compiled step)."""
    mesh = make_mesh(mesh_config, devices)
    optimizer = AdamWConfig(learning_rate=0.05)
    tx = make_tx(MODEL, optimizer, tuning)
    shardings = state_shardings(mesh, DEFAULT_RULES, MODEL, optimizer, tuning)
    full = state_shardings(mesh, DEFAULT_RULES, MODEL, optimizer)
    base = jax.device_put(train_helpers.initial_state().params, full.params)
    state = fresh_state(base, tx, shardings, tuning, seed=5)

    def apply(params, batch, key):
        with on_mesh(mesh, DEFAULT_RULES):
            return forward(MODEL, params, batch, key)

    step = make_train_step(apply, tx, StepOptions(microbatches=microbatches), optimizer.schedule(), shardings)
    compiled = step.lower(state, to_global(mesh, 16, packed_batch(0))).compile(FAST_COMPILE)
    losses = []
    for _ in range(num_steps):
        state, metrics = compiled(state, to_global(mesh, 16, packed_batch(0)))
        losses.append(float(metrics["loss"]))
    return losses, *jax.device_get((state.params, state.frozen)), compiled


def test_steps_change_the_adapters_alone_on_any_mesh_and_accumulation():
    losses, trained, frozen, _ = train(MeshConfig(1, 1, 1), LORA, devices=jax.devices()[:1])
    assert losses[2] < losses[0]
    before = train_helpers.initial_state().params
    for name, leaf in flatten_dict(before).items():
        np.testing.assert_array_equal(flatten_dict(frozen)[name], leaf)
    assert max(np.abs(leaf).max() for name, leaf in flatten_dict(trained).items() if name[-1] == "lora_b") > 0.01
    again, spread, _, _ = train(MeshConfig(2, 2, 2), LORA, microbatches=2)
    np.testing.assert_allclose(again, losses, rtol=2e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-3), spread, trained)


def test_no_gradient_is_taken_of_what_is_frozen():
    """The step with adapters needs less temporary memory than the same step that trains everything."""
    wide = dataclasses.replace(MODEL, emb_dim=128, mlp_dim=256, dropout_rate=0.0)

    def temporaries(tuning):
        mesh = make_mesh(MeshConfig(1, 1, 1), jax.devices()[:1])
        optimizer = AdamWConfig()
        tx = make_tx(wide, optimizer, tuning)
        shardings = state_shardings(mesh, DEFAULT_RULES, wide, optimizer, tuning)
        abstract = abstract_state(wide, tx, shardings, tuning)
        assert ("frozen" in describe_params(abstract)[-1]) == (tuning.method == "lora")
        step = make_train_step(functools.partial(forward, wide), tx, StepOptions(), optimizer.schedule(), shardings)
        batch = {name: jax.ShapeDtypeStruct(a.shape, a.dtype) for name, a in packed_batch(0, batch_size=1).items()}
        analysis = step.lower(abstract, batch).compile(FAST_COMPILE).memory_analysis()
        return analysis.temp_size_in_bytes

    weights = sum(leaf.size for leaf in jax.tree.leaves(param_shapes(wide))) * 4
    assert temporaries(TuningConfig()) > weights > 2 * temporaries(LORA)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"method": "lorra"}, "method is 'lorra'; did you mean lora"),
        ({"method": "lora", "lora_rank": 0}, "lora_rank is 0: give a whole number of at least 1"),
        ({"method": "lora", "lora_alpha": 0}, "lora_alpha is 0"),
        ({"method": "lora", "lora_targets": ()}, "lora_targets is empty"),
        ({"method": "prompt", "prompt_tokens": 0}, "prompt_tokens is 0"),
        ({"lora_rank": 4}, r"lora_rank is 4, which nothing uses, as .*method is 'full': set that to 'lora'"),
        ({"method": "lora", "prompt_tokens": 3}, r"prompt_tokens is 3, which nothing uses.*set that to 'prompt'"),
    ],
)
def test_settings_are_refused_with_value_and_remedy(fields, message):
    with pytest.raises(ConfigError, match=message):
        TuningConfig(**fields)


def test_a_target_the_model_has_not_is_named():
    with pytest.raises(ConfigError, match=r"names qery, which this model has not; did you mean query.*wi_0"):
        part_shapes(MODEL, TuningConfig("lora", lora_targets=("qery",)))
    shapes = part_shapes(MODEL, TuningConfig("lora", lora_targets=("wi_0", "wo", "out"))).trained
    assert "wo" in shapes["decoder"]["layers"]["mlp"] and jnp.float32 == jax.tree.leaves(shapes)[0].dtype
