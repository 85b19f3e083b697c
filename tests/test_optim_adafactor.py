"""Adafactor against T5X's parameters, and layer by layer in stacked arrays."""

import dataclasses
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from shared import shared_path
from test_models_t5 import T5X_TINY

from flan_jax.core.errors import ConfigError
from flan_jax.interop.t5x_names import from_t5x, to_t5x
from flan_jax.models import T5Config, param_logical_axes, param_shapes
from flan_jax.optim import AdafactorConfig, make_adafactor, opt_state_logical_axes


def is_axes(leaf):
    return isinstance(leaf, tuple) and not hasattr(leaf, "_fields")


@pytest.mark.parametrize("layout", ["scanned", "unscanned"])
def test_parameters_after_1_10_and_100_steps_are_t5x(layout):
    """With each stack's layers in one array, and with an array a layer as T5X keeps them."""
    path = shared_path("peers/t5x_tiny")
    flat = dict(np.load(path / "params.npz"))
    if layout == "scanned":
        own, theirs_of, axes = from_t5x, to_t5x, param_logical_axes(T5X_TINY)
    else:

        def own(arrays, config):
            return dict(arrays)

        theirs_of = own
        axes = {name: ("axis",) * array.ndim for name, array in flat.items()}
    params = own(flat, T5X_TINY)
    tx = make_adafactor(AdafactorConfig(), axes)
    state = tx.init(params)

    @jax.jit
    def step(params, state, grads):
        updates, state = tx.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    scales = {name: 10.0 ** -(zlib.crc32(name.encode()) % 4) for name in flat}
    for t in range(100):
        grads = {
            name: (np.random.default_rng([t, zlib.crc32(name.encode())]).standard_normal(a.shape) * scales[name])
            for name, a in flat.items()
        }
        params, state = step(params, state, own(grads, T5X_TINY))
        if t + 1 in (1, 10, 100):
            ours, theirs = theirs_of(params, T5X_TINY), np.load(path / f"adafactor_params_after_{t + 1}.npz")
            for name in theirs:
                np.testing.assert_allclose(ours[name], theirs[name], atol=1e-6, err_msg=f"{name} after {t + 1}")
    assert int(state.count) == 100


def test_a_stack_is_updated_as_its_layers_would_be_alone():
    rng = np.random.default_rng(0)
    # Layers of very different sizes: a scale, clip or factor taken over the stack would mix them.
    sizes = np.array([1e-4, 1.0, 30.0], np.float32)[:, None, None]
    stacked = {"w": (rng.standard_normal((3, 130, 140)) * sizes).astype(np.float32)}
    grads = {"w": (rng.standard_normal((3, 130, 140)) * sizes[::-1]).astype(np.float32)}
    together = make_adafactor(AdafactorConfig(), {"w": ("layers", "embed", "mlp")})
    alone = make_adafactor(AdafactorConfig(), {"w": ("embed", "mlp")})
    state, states = together.init(stacked), [alone.init({"w": w}) for w in stacked["w"]]
    for _ in range(2):
        updates, state = together.update(grads, state, stacked)
        for i in range(3):
            expected, states[i] = alone.update({"w": grads["w"][i]}, states[i], {"w": stacked["w"][i]})
            np.testing.assert_allclose(updates["w"][i], expected["w"], rtol=1e-5)
            np.testing.assert_allclose(state.v_row["w"][i], states[i].v_row["w"], rtol=1e-5)


def test_factored_state_has_t5xs_shapes_and_follows_its_parameters_axes():
    config, adafactor = T5Config(), AdafactorConfig()
    shapes, axes = param_shapes(config), param_logical_axes(config)
    state = jax.eval_shape(make_adafactor(adafactor, axes).init, shapes)
    # T5X's small model: embedding v_row [512], v_col [32128]; mlp/wo v_row [512], v_col [1024].
    assert state.v_row["token_embedder"]["embedding"].shape == (512,)
    assert state.v_col["token_embedder"]["embedding"].shape == (32128,)
    assert state.v_row["decoder"]["layers"]["mlp"]["wo"]["kernel"].shape == (8, 512)
    assert state.v_col["decoder"]["layers"]["mlp"]["wo"]["kernel"].shape == (8, 1024)
    assert state.v["decoder"]["layers"]["mlp"]["wo"]["kernel"].shape == (8, 1)

    state_axes = opt_state_logical_axes(adafactor, shapes, axes)
    sizes = {"layers": 8, "embed": 512, "mlp": 1024, "vocab": 32128, "joined_kv": 384, "heads": 6, "relpos_buckets": 32}

    def check(names, leaf):
        assert leaf.shape == tuple(1 if name is None else sizes[name] for name in names)

    jax.tree.map(check, state_axes, state, is_leaf=is_axes)


def test_learning_rate_warms_up_linearly_then_stays():
    schedule = AdafactorConfig(learning_rate=0.1, warmup_steps=4).schedule()
    np.testing.assert_allclose([schedule(jnp.asarray(i)) for i in (0, 1, 3, 4, 100)], [0.025, 0.05, 0.1, 0.1, 0.1])
    custom = optax.linear_schedule(1.0, 0.0, 10)
    assert AdafactorConfig(learning_rate=custom).schedule() is custom


def test_updates_scale_with_the_learning_rate_and_the_parameter():
    params = {"w": np.full((4, 4), 2.0, np.float32)}
    grads = {"w": np.ones((4, 4), np.float32)}
    config = AdafactorConfig(learning_rate=0.1)
    for changes, expected in (({}, -0.2), ({"multiply_by_parameter_scale": False}, -0.1)):
        tx = make_adafactor(dataclasses.replace(config, **changes), {"w": ("embed", "mlp")})
        np.testing.assert_allclose(tx.update(grads, tx.init(params), params)[0]["w"], expected, rtol=1e-5)


def test_a_low_rank_adapter_leaves_zero_at_the_learning_rate():
    params = {"lora_b": np.zeros((4, 4), np.float32), "kernel": np.zeros((4, 4), np.float32)}
    axes = {"lora_b": ("lora_rank", "mlp"), "kernel": ("embed", "mlp")}
    tx = make_adafactor(AdafactorConfig(learning_rate=0.1), axes)
    grads = jax.tree.map(np.ones_like, params)
    updates, _ = tx.update(grads, tx.init(params), params)
    np.testing.assert_allclose(updates["lora_b"], -0.1, rtol=1e-5)
    np.testing.assert_allclose(updates["kernel"], -0.1 * 1e-3, rtol=1e-5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate is 0.0: give a number above 0"),
        ({"learning_rate": optax.constant_schedule(1.0), "warmup_steps": 5}, "warmup_steps is 5 beside a learning"),
        ({"warmup_steps": -1}, "warmup_steps is -1"),
        ({"decay_rate": 0.0}, "decay_rate is 0.0"),
        ({"clipping_threshold": 0.0}, "clipping_threshold is 0.0"),
    ],
)
def test_config_refuses_with_value_limit_remedy(changes, message):
    with pytest.raises(ConfigError, match=message):
        AdafactorConfig(**changes)


def test_palms_variant_is_its_formula():
    """No factoring, momentum 0.9, decay of the squared rate (Chowdhery et al. 2022, section 5), written out."""
    config = AdafactorConfig(
        learning_rate=0.1,
        min_dim_size_to_factor=None,
        clipping_threshold=None,
        momentum=0.9,
        squared_rate_decay=1.0,
        max_grad_norm=1.0,
    )
    rng = np.random.default_rng(0)
    param = rng.standard_normal((130, 140)).astype(np.float32)
    tx = make_adafactor(config, {"w": ("embed", "mlp")})
    state = tx.init({"w": param})
    assert state.v["w"].shape == (130, 140) and state.v_row["w"].shape == (1,)
    ours, v, m = param.copy(), np.zeros_like(param), np.zeros_like(param)
    for t in range(1, 4):
        grad = rng.standard_normal(param.shape).astype(np.float32)
        updates, state = tx.update({"w": grad}, state, {"w": jnp.asarray(ours)})
        clipped = grad / max(1.0, np.linalg.norm(grad))
        beta2 = 1.0 - t**-0.8
        v = beta2 * v + (1 - beta2) * (clipped**2 + 1e-30)
        step = -0.1 * max(np.sqrt(np.mean(ours**2)), 1e-3) * clipped / np.sqrt(v)
        m = 0.9 * m + 0.1 * step
        np.testing.assert_allclose(updates["w"], m - 0.1**2 * ours, rtol=2e-4, atol=1e-7)
        ours = ours + np.asarray(updates["w"])
    axes = opt_state_logical_axes(config, {"w": param}, {"w": ("embed", "mlp")})
    assert axes.m == axes.v == {"w": ("embed", "mlp")} and axes.v_row == {"w": (None,)}


def test_without_momentum_no_array_is_kept_for_it():
    assert "m" not in make_adafactor(AdafactorConfig(), {"w": ("embed",)}).init({"w": np.ones(3, np.float32)})._fields


def test_a_warmup_that_a_run_does_not_get_through_is_refused():
    warm = AdafactorConfig(warmup_steps=10)
    assert warm.for_run(11) == warm
    with pytest.raises(ConfigError, match=r"warmup_steps is 10 in a run of 10 steps, which never reaches its rate"):
        warm.for_run(10)
