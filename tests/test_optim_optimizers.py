"""Adam, schedules, and the one interface behind which optimizers stand."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from flan_jax.core.errors import ConfigError
from flan_jax.models import T5Config, param_logical_axes, param_shapes
from flan_jax.optim import (
    AdafactorConfig,
    AdamWConfig,
    ConstantSchedule,
    CosineSchedule,
    RsqrtSchedule,
    make_optimizer,
    opt_state_logical_axes,
)
from flan_jax.optim.identity import optimizer_code, settings_text

SMALLEST = T5Config(
    vocab_size=64, emb_dim=16, num_heads=2, num_encoder_layers=2, num_decoder_layers=2, head_dim=6, mlp_dim=24
)


def at(schedule, *counts):
    return [float(schedule(jnp.asarray(count))) for count in counts]


def halving(count):
    return 0.5**count


OTHER_HALVING = """
def halving(count):
    return 0.25**count
"""


def test_an_optimizer_is_told_by_its_settings_and_by_the_code_of_a_users_own():
    ours = AdafactorConfig(learning_rate=CosineSchedule(1.0, 0.1, 9))
    assert optimizer_code(ours) == "" and settings_text(ours) == repr(ours)
    own = AdafactorConfig(learning_rate=halving)
    assert f"learning_rate={__name__}.halving, " in settings_text(own) and " at 0x" not in settings_text(own)
    scope = {"__name__": __name__}
    exec(OTHER_HALVING, scope)
    other = AdafactorConfig(learning_rate=scope["halving"])
    assert "" != optimizer_code(own) != optimizer_code(other)
    assert settings_text(own) != settings_text(other)


def test_adam_is_its_formula_with_decay_and_clipping():
    """Kingma and Ba 2015, algorithm 1; the decay of Loshchilov and Hutter 2019; written out in NumPy."""
    config = AdamWConfig(learning_rate=0.01, b2=0.95, weight_decay=0.1, max_grad_norm=2.0)
    rng = np.random.default_rng(0)
    params = {"a": rng.standard_normal((3, 4)).astype(np.float32), "b": np.ones(5, np.float32)}
    tx = make_optimizer(config, {"a": ("embed", "mlp"), "b": ("embed",)})
    state = tx.init(params)
    m = {name: np.zeros_like(p) for name, p in params.items()}
    v = {name: np.zeros_like(p) for name, p in params.items()}
    for t in range(1, 4):
        grads = {name: (3 * rng.standard_normal(p.shape)).astype(np.float32) for name, p in params.items()}
        updates, state = tx.update(grads, state, params)
        norm = np.sqrt(sum((g**2).sum() for g in grads.values()))
        assert norm > 2.0
        for name, grad in grads.items():
            grad = grad * 2.0 / norm
            m[name] = 0.9 * m[name] + 0.1 * grad
            v[name] = 0.95 * v[name] + 0.05 * grad**2
            step = m[name] / (1 - 0.9**t) / (np.sqrt(v[name] / (1 - 0.95**t)) + 1e-8)
            np.testing.assert_allclose(updates[name], -0.01 * (step + 0.1 * params[name]), rtol=1e-4, atol=1e-7)
        params = optax.apply_updates(params, updates)
    assert int(state.count) == 3


def test_adams_schedule_is_followed():
    schedule = CosineSchedule(peak=1.0, final=0.1, total_steps=2)
    tx = make_optimizer(AdamWConfig(learning_rate=schedule), {"a": ("embed",)})
    params, grads = {"a": np.zeros(2, np.float32)}, {"a": np.ones(2, np.float32)}
    state, rates = tx.init(params), []
    for _ in range(4):
        updates, state = tx.update(grads, state, params)
        rates.append(-float(updates["a"][0]))
    np.testing.assert_allclose(rates, [1.0, 0.55, 0.1, 0.1], rtol=1e-4)


@pytest.mark.parametrize(
    "config",
    [AdafactorConfig(min_dim_size_to_factor=16), AdafactorConfig(momentum=0.9), AdamWConfig()],
    ids=["adafactor", "momentum", "adamw"],
)
def test_every_state_array_has_an_axis_a_dimension(config):
    shapes, axes = param_shapes(SMALLEST), param_logical_axes(SMALLEST)
    state = jax.eval_shape(make_optimizer(config, axes).init, shapes)
    sizes = {"vocab": 64, "embed": 16, "mlp": 24, "joined_kv": 12, "heads": 2, "relpos_buckets": 32, "layers": 2}

    def check(names, leaf):
        assert leaf.shape == tuple(1 if name is None else sizes[name] for name in names)

    def is_axes(leaf):
        return isinstance(leaf, tuple) and not hasattr(leaf, "_fields")

    jax.tree.map(check, opt_state_logical_axes(config, shapes, axes), state, is_leaf=is_axes)


def test_constant_warms_up_linearly():
    np.testing.assert_allclose(at(ConstantSchedule(0.1, 4), 0, 1, 3, 100), [0.025, 0.05, 0.1, 0.1], rtol=1e-6)
    np.testing.assert_allclose(at(ConstantSchedule(0.1), 0, 9), [0.1, 0.1], rtol=1e-6)


def test_rsqrt_is_t5s_pretraining_rate():
    rates = at(RsqrtSchedule(), 0, 9_999, 10_000, 40_000, 1_000_000)
    np.testing.assert_allclose(rates, [1e-2, 1e-2, 1e-2, 5e-3, 1e-3], rtol=1e-6)


def test_cosine_goes_from_peak_to_final_after_its_warmup():
    """InstructGPT's: to a tenth, no warm-up. U-PaLM's: 1e-4 to 1e-6."""
    sft = CosineSchedule(peak=9.65e-6, final=9.65e-7, total_steps=1000)
    np.testing.assert_allclose(
        at(sft, 0, 500, 1000, 2000), [9.65e-6, (9.65e-6 + 9.65e-7) / 2, 9.65e-7, 9.65e-7], rtol=1e-5
    )
    u_palm = CosineSchedule(1e-4, 1e-6, 20_000)
    np.testing.assert_allclose(at(u_palm, 0, 20_000), [1e-4, 1e-6], rtol=1e-5)
    warm = CosineSchedule(1.0, 0.0, 10, warmup_steps=4)
    np.testing.assert_allclose(at(warm, 0, 3, 4, 7, 10), [0.25, 1.0, 1.0, 0.5, 0.0], atol=1e-6)


def test_a_cosine_that_is_at_zero_before_the_run_ends_is_refused():
    for schedule in (CosineSchedule(1.0, 0.0, 10), CosineSchedule(1.0, 0.1, 2)):
        assert AdafactorConfig(learning_rate=schedule).for_run(10).learning_rate == schedule
    with pytest.raises(ConfigError, match=r"total_steps is 9 in a run of 10 steps, which would train nothing after it"):
        AdafactorConfig(learning_rate=CosineSchedule(1.0, 0.0, 9)).for_run(10)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AdamWConfig(learning_rate=0), "learning_rate is 0: give a number above 0"),
        (lambda: AdamWConfig(b2=1.0), "b2 is 1.0"),
        (lambda: AdamWConfig(weight_decay=-1), "weight_decay is -1"),
        (lambda: AdamWConfig(max_grad_norm=0), "max_grad_norm is 0"),
        (lambda: AdafactorConfig(momentum=1.0), "momentum is 1.0"),
        (lambda: AdafactorConfig(max_grad_norm=-1), "max_grad_norm is -1"),
        (lambda: CosineSchedule(1.0, 2.0, 10), r"final is 2.0: give a number in \[0, peak = 1.0\]"),
        (lambda: CosineSchedule(1.0, 0.1, 10, 10), "total_steps is 10, of which 10 warm up"),
        (lambda: RsqrtSchedule(warmup_steps=0), "warmup_steps is 0"),
        (lambda: ConstantSchedule(-1.0), "rate is -1.0"),
    ],
)
def test_settings_are_refused_with_value_limit_remedy(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
