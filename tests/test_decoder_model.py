"""Decoder-only models: what a position may see, packing, dropout, the cache, and any mesh equal to one device."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from flan_jax.core.errors import ConfigError
from flan_jax.models import DecoderConfig, forward, param_logical_axes, param_shapes
from flan_jax.models.decoder_incremental import extend, prefill, step, take_rows, unstack_layers
from flan_jax.optim import AdafactorConfig, make_adafactor
from flan_jax.train import mesh as mesh_lib
from flan_jax.train.config import DEFAULT_RULES, MeshConfig
from flan_jax.train.state import init_state, state_shardings
from flan_jax.train.step import StepOptions, make_train_step

SIZES = {"vocab_size": 48, "emb_dim": 32, "num_layers": 2, "num_heads": 4, "head_dim": 8, "mlp_dim": 40}
PALM = {
    "num_kv_heads": 1,
    "block": "parallel",
    "norm": "layernorm",
    "logits_scale": "inverse_sqrt_emb_dim",
    "embedding_init_std": 1.0,
}
LAMDA = {"num_kv_heads": 4, "mlp": "geglu", "position": "relative", "embedding_init_std": 1.0}
GPT3 = {
    "num_kv_heads": 4,
    "norm": "layernorm",
    "mlp": "gelu",
    "position": "learned",
    "max_positions": 32,
    "biases": "all",
    "dropout_sites": "residual",
    "embedding_init_std": 0.5,
}
LLAMA = {"num_kv_heads": 2, "embeddings": "untied", "embedding_init_std": 1.0}
GEMMA = {
    "num_kv_heads": 1,
    "mlp": "geglu",
    "norm_scale": "above_one",
    "norm_sides": "around",
    "query_key_norm": "each_head",
    "query_scalar": 11.0,
    "attention_softcap": 3.0,
    "logits_softcap": 9.0,
    "embeddings_scale": "sqrt_emb_dim",
    "embedding_init_std": 0.3,
    "window": 4,
    "global_every": 2,
    "local_rope_theta": 100.0,
    "rope_scaling": "linear",
    "rope_factor": 2.0,
}
FAMILIES = {"palm": PALM, "lamda": LAMDA, "gpt3": GPT3, "llama": LLAMA, "gemma": GEMMA}
each_family = pytest.mark.parametrize("family", FAMILIES)
LENGTH, PREFIX = 12, 5
run = jax.jit(forward, static_argnums=0)
prefill_jit = jax.jit(prefill, static_argnums=(0, 4))
extend_jit = jax.jit(extend, static_argnums=0)
step_jit = jax.jit(step, static_argnums=0)


def config_of(family: str, **changes) -> DecoderConfig:
    return DecoderConfig(**{**SIZES, **FAMILIES[family], "dtype": "float32", **changes})


def params_of(config: DecoderConfig):
    """Random weights, biases included: zero ones would hide their mistakes."""
    rng = np.random.default_rng(0)

    def draw(path, leaf):
        values = rng.standard_normal(leaf.shape).astype(np.float32)
        kind = path[-1].key
        if kind == "kernel":
            return values / np.sqrt(leaf.shape[-2])
        centre = 1 if config.norm_scale == "whole" else 0
        return {"scale": centre + 0.1 * values, "bias": 0.2 * values}.get(kind, values)

    return jax.tree_util.tree_map_with_path(draw, param_shapes(config))


def row(tokens, prefix=0):
    tokens = np.asarray(tokens, np.int32)[None]
    return {
        "decoder_input_tokens": tokens,
        "decoder_segment_ids": np.ones_like(tokens),
        "decoder_positions": np.arange(tokens.shape[1], dtype=np.int32)[None],
        "decoder_causal_attention": (np.arange(tokens.shape[1]) < prefix).astype(np.int32)[None],
    }


@pytest.fixture(scope="module")
def tokens():
    return np.random.default_rng(0).integers(1, 48, LENGTH).astype(np.int32)


@each_family
def test_a_position_sees_the_prefix_and_what_is_before_it(family, tokens):
    """Changing token j changes the logits of exactly those positions that may see it."""
    for attention in ("prefix_lm", "causal"):
        config = config_of(family, attention=attention)
        params = params_of(config)
        batches = [row(tokens, PREFIX)]
        for j in range(LENGTH):
            changed = tokens.copy()
            changed[j] = changed[j] % 47 + 1
            batches.append(row(changed, PREFIX))
        batch = {name: np.concatenate([b[name] for b in batches]) for name in batches[0]}
        logits = np.asarray(run(config, params, batch))
        is_changed = np.abs(logits[1:] - logits[:1]).max(axis=-1) > 1e-6  # [j, position]
        j, i = np.mgrid[:LENGTH, :LENGTH]
        sees = (j <= i) | ((attention == "prefix_lm") & (j < PREFIX) & (i < PREFIX))
        np.testing.assert_array_equal(is_changed, sees)


@each_family
def test_packed_equals_unpacked(family, tokens):
    config = config_of(family)
    params = params_of(config)
    alone = [row(tokens[:7], 3), row(tokens[7:], 2)]
    packed = {name: np.concatenate([b[name] for b in alone], axis=1) for name in alone[0]}
    packed["decoder_segment_ids"][0, 7:] = 2
    rows = [{name: np.pad(v, ((0, 0), (0, 15 - v.shape[1]))) for name, v in b.items()} for b in [packed, *alone]]
    logits = run(config, params, {name: np.concatenate([b[name] for b in rows]) for name in rows[0]})
    np.testing.assert_allclose(logits[0, :7], logits[1, :7], atol=2e-5)
    np.testing.assert_allclose(logits[0, 7:12], logits[2, :5], atol=2e-5)


@pytest.mark.parametrize(
    ("family", "attention"),
    [
        ("palm", "prefix_lm"),
        ("lamda", "causal"),
        ("gpt3", "prefix_lm"),
        ("llama", "causal"),
        ("gemma", "causal"),
        ("gemma", "prefix_lm"),
    ],
)
def test_the_cache_gives_the_logits_of_the_whole_forward(family, attention, tokens):
    """Ragged prompts, aligned on either side, then steps, then several answers' tokens at once."""
    config = config_of(family, attention=attention)
    params = params_of(config)
    lengths = np.array([6, 4])
    rows = [row(tokens, 6), row(tokens[::-1], 4)]
    fed = np.concatenate([tokens[None], tokens[None, ::-1]])
    expected = np.asarray(run(config, params, {n: np.concatenate([b[n] for b in rows]) for n in rows[0]}))
    left, right = np.zeros((2, 2, 7), np.int32)
    for r, n in enumerate(lengths):
        left[r, :n] = right[r, 7 - n :] = fed[r, :n]
    for prompts, is_real in ((left, left > 0), (right, right > 0)):
        logits, cache = prefill_jit(config, params, prompts, is_real, 20)
        np.testing.assert_allclose(logits, expected[[0, 1], lengths - 1], atol=2e-5)
        for t in range(2):
            logits, cache = step_jit(config, params, cache, fed[[0, 1], lengths + t])
            np.testing.assert_allclose(logits, expected[[0, 1], lengths + t], atol=2e-5)
        answers = np.stack([fed[r, n + 2 : n + 6] for r, n in enumerate(lengths)])[[1, 0, 1]]
        rows_R = np.array([1, 0, 1])
        logits, _ = extend_jit(config, params, take_rows(cache, rows_R), answers, np.full(3, 4))
        for r, of in enumerate(rows_R):
            np.testing.assert_allclose(logits[r], expected[of, lengths[of] + 2 : lengths[of] + 6], atol=2e-5)


@pytest.mark.parametrize("family", ["lamda", "llama", "gemma"])
def test_prompts_of_a_causal_model_share_the_cache_of_their_prefix(family, tokens):
    config = config_of(family, attention="causal")
    params = params_of(config)
    _, shared = prefill_jit(config, params, tokens[None, :5], np.array([5]), 16)
    rest = np.stack([tokens[5:11], tokens[11:5:-1]])
    logits, _ = extend_jit(config, params, take_rows(shared, np.zeros(2, int)), rest, np.array([4, 6]))
    whole = {"decoder_input_tokens": np.concatenate([np.stack([tokens[:5]] * 2), rest], axis=1)}
    expected = run(config, params, whole)[:, 5:]
    np.testing.assert_allclose(logits[0, :4], expected[0, :4], atol=2e-5)
    np.testing.assert_allclose(logits[1], expected[1], atol=2e-5)


@pytest.mark.parametrize("family", ["llama", "gemma"])
def test_layers_unstacked_for_a_decoding_loop_are_the_same_layers(family, tokens):
    config = config_of(family)
    params = params_of(config)
    _, cache = prefill_jit(config, params, tokens[None], np.array([LENGTH]), 16)
    unstacked = jax.jit(unstack_layers, static_argnums=0)(config, params)
    for a, b in zip(
        step_jit(config, params, cache, tokens[:1]), step_jit(config, unstacked, cache, tokens[:1]), strict=True
    ):
        jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=1e-5), a, b)


@pytest.mark.parametrize(("family", "remat"), [("palm", "minimal"), ("gpt3", "full"), ("gemma", "minimal")])
def test_remat_changes_no_gradient(family, remat, tokens):
    config = config_of(family, dropout_rate=0.2)
    params = params_of(config)
    batch = {**row(tokens, PREFIX), "row_ids": np.array([3], np.int32)}

    def loss(params, config):
        return jnp.sum(jnp.square(forward(config, params, batch, jax.random.key(0))))

    grad = jax.jit(jax.grad(loss), static_argnums=1)
    plain, saved = grad(params, config), grad(params, dataclasses.replace(config, remat=remat))
    largest = max(float(jnp.abs(leaf).max()) for leaf in jax.tree.leaves(plain))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5 * largest), plain, saved)


@pytest.mark.parametrize("family", ["gpt3", "llama"])
def test_dropout_belongs_to_the_row_and_bfloat16_is_near(family, tokens):
    config = config_of(family, dropout_rate=0.3)
    params = params_of(config)
    two = {name: np.concatenate([values, values]) for name, values in row(tokens, PREFIX).items()}
    dropped = run(config, params, {**two, "row_ids": np.array([4, 9])}, jax.random.key(0))
    turned = run(config, params, {**two, "row_ids": np.array([9, 4])}, jax.random.key(0))
    np.testing.assert_array_equal(dropped, turned[::-1])
    assert np.abs(dropped[0] - dropped[1]).max() > 1e-2
    kept = run(config, params, two)
    assert np.abs(kept - dropped).max() > 1e-2
    low = run(dataclasses.replace(config, dtype="bfloat16"), params, two)
    assert low.dtype == jnp.float32 and np.abs(low - kept).max() < 0.1 * np.abs(kept).max()


@pytest.mark.parametrize("family", ["palm", "gemma"])
def test_any_mesh_trains_as_one_device(family, tokens):
    """A model axis that splits what it can, and not the one head of keys; runs have grouped heads on other meshes."""
    config = config_of(family, dropout_rate=0.1)
    rng = np.random.default_rng(3)
    batch = {name: np.repeat(values, 8, axis=0) for name, values in row(tokens, PREFIX).items()}
    batch["decoder_input_tokens"] = rng.integers(1, 48, (8, LENGTH)).astype(np.int32)
    batch["decoder_target_tokens"] = np.roll(batch["decoder_input_tokens"], -1, axis=1)
    batch["decoder_loss_weights"] = np.repeat((np.arange(LENGTH) >= PREFIX)[None], 8, axis=0).astype(np.float32)
    batch["row_ids"] = np.arange(8, dtype=np.int32)

    def losses(mesh):
        adafactor = AdafactorConfig(learning_rate=1e-2)
        tx = make_adafactor(adafactor, param_logical_axes(config))
        shardings = state_shardings(mesh, DEFAULT_RULES, config, adafactor)
        state = init_state(config, tx, 0, shardings)

        def apply(params, batch, key):
            with mesh_lib.on_mesh(mesh, DEFAULT_RULES):
                return forward(config, params, batch, key)

        fn = make_train_step(apply, tx, StepOptions(microbatches=1), adafactor.schedule(), shardings)
        placed = mesh_lib.to_global(mesh, 8, batch)
        values = []
        for _ in range(3):
            state, metrics = fn(state, placed)
            values.append(float(metrics["loss"]))
        return values

    one = losses(mesh_lib.make_mesh(MeshConfig(1, 1, 1), jax.devices()[:1]))
    # A Gemma of this size, its scores capped low and dropout on, does not learn random targets in three steps.
    assert one[2] < one[0] if family != "gemma" else abs(one[2] - one[0]) > 1e-3
    np.testing.assert_allclose(losses(mesh_lib.make_mesh(MeshConfig(2, 1, 4))), one, rtol=2e-4)


def test_more_positions_than_learned_are_refused(tokens):
    config = config_of("gpt3", max_positions=8)
    params = params_of(config)
    with pytest.raises(ConfigError, match=r"rows of 12 tokens, the model has 8 learned positions"):
        forward(config, params, row(tokens))
    with pytest.raises(ConfigError, match=r"12 positions, the model has 8"):
        prefill(config, params, tokens[None], np.array([12]), 12)
    with pytest.raises(ConfigError, match=r"prompts of 12 tokens in a cache of 4"):
        prefill(config, params, tokens[None], np.array([12]), 4)
