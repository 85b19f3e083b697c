"""Encoder-decoders of a decoder's layers: packing, masks, windows, decoding with a cache, dropout, meshes, settings."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict
from test_decoder_model import params_of

from flan_jax.core.errors import ConfigError
from flan_jax.decode import BeamSearch, Greedy, Stop, generate, score_targets
from flan_jax.models import (
    EncoderDecoderConfig,
    count_params,
    decode_teacher_forced,
    encode,
    forward,
    model_from_json,
    param_logical_axes,
    param_shapes,
)
from flan_jax.models.axes import PARAMETER_AXES
from flan_jax.models.encoder_decoder import positions_in_segments
from flan_jax.models.tuning import TuningConfig, adapt, join, tuned_model
from flan_jax.optim import AdafactorConfig, make_adafactor
from flan_jax.train import mesh as mesh_lib
from flan_jax.train.config import DEFAULT_RULES, MeshConfig
from flan_jax.train.state import init_state, state_shardings
from flan_jax.train.step import StepOptions, make_train_step

SIZES = dict(
    vocab_size=48, emb_dim=32, num_layers=3, num_encoder_layers=2, num_heads=4, num_kv_heads=2, head_dim=8, mlp_dim=40,
    dtype="float32",
)  # fmt: skip
# Each has what the others have not.
KINDS = {
    "llama": dict(embeddings="untied", embedding_init_std=1.0, start_id=7),
    "qwen": dict(biases="qkv", query_key_norm="each_head", num_kv_heads=1, mlp="gelu"),
    "gemma": dict(
        norm_scale="above_one", norm_sides="around", mlp="geglu", query_scalar=11.0, attention_softcap=3.0,
        logits_softcap=9.0, embeddings_scale="sqrt_emb_dim", window=4, global_every=2, local_rope_theta=100.0,
        rope_scaling="linear", rope_factor=2.0, token_tables="each_stack", start_id=2, num_kv_heads=4,
    ),
}  # fmt: skip
each_kind = pytest.mark.parametrize("kind", KINDS)
run, run_encode, run_decode = (jax.jit(f, static_argnums=0) for f in (forward, encode, decode_teacher_forced))
T = 6


@functools.cache
def model(kind):
    config = EncoderDecoderConfig(**{**SIZES, **KINDS[kind]})
    return config, params_of(config)


def packed(inputs, targets, length=16, width=10):
    """One row of examples, as the feed packs them."""
    row = {}
    for side, sequences, size in (("encoder", inputs, length), ("decoder", targets, width)):
        tokens, segments, positions = np.zeros((3, 1, size), np.int32)
        at = 0
        for number, sequence in enumerate(sequences):
            shifted = sequence if side == "encoder" else [0, *sequence[:-1]]
            tokens[0, at : at + len(sequence)] = shifted
            segments[0, at : at + len(sequence)] = number + 1
            positions[0, at : at + len(sequence)] = np.arange(len(sequence))
            at += len(sequence)
        row |= {f"{side}_input_tokens": tokens, f"{side}_segment_ids": segments, f"{side}_positions": positions}
    return row


def examples(seed=0):
    rng = np.random.default_rng(seed)
    inputs = [rng.integers(1, 48, size).astype(np.int32) for size in (9, 6)]
    return inputs, [rng.integers(1, 48, size).astype(np.int32) for size in (4, 5)]


@each_kind
def test_a_packed_example_is_as_if_alone_and_touches_no_other(kind):
    config, params = model(kind)
    inputs, targets = examples()
    whole = np.asarray(run(config, params, packed(inputs, targets)))[0]
    alone = [run(config, params, packed(inputs[i : i + 1], targets[i : i + 1]))[0] for i in range(2)]
    np.testing.assert_allclose(whole[:4], alone[0][:4], atol=2e-5)
    np.testing.assert_allclose(whole[4:9], alone[1][:5], atol=2e-5)
    # By the masks alone, bit for bit: an example's inputs and targets reach nothing of the other's.
    for changed, kept in ((0, slice(4, 9)), (1, slice(0, 4))):
        other_inputs, other_targets = list(inputs), list(targets)
        other_inputs[changed], other_targets[changed] = inputs[changed] % 47 + 1, targets[changed] % 47 + 1
        for case in ((other_inputs, targets), (inputs, other_targets)):
            moved = np.asarray(run(config, params, packed(*case)))[0]
            np.testing.assert_array_equal(moved[kept], whole[kept])
            assert np.abs(moved - whole).max() > 1e-3
    # Positions follow from segments where a batch has none, as the start id follows from positions.
    bare = {name: value for name, value in packed(inputs, targets).items() if not name.endswith("positions")}
    np.testing.assert_array_equal(np.asarray(run(config, params, bare))[0, :9], whole[:9])


def test_positions_begin_anew_in_each_segment():
    segments = np.array([[1, 1, 1, 2, 2, 0, 0], [0, 1, 1, 2, 3, 3, 3]])
    expected = [[0, 1, 2, 0, 1, 0, 1], [0, 0, 1, 0, 0, 1, 2]]
    np.testing.assert_array_equal(positions_in_segments(segments), expected)


@each_kind
def test_a_target_sees_all_inputs_and_the_targets_before_it(kind):
    config, params = model(kind)
    inputs, targets = ([tokens[1]] for tokens in examples())
    base = np.asarray(run(config, params, packed(inputs, targets)))[0, :5]
    for j in range(6):
        moved = [np.where(np.arange(6) == j, inputs[0] % 47 + 1, inputs[0])]
        assert (np.abs(run(config, params, packed(moved, targets))[0, :5] - base).max(-1) > 1e-6).all()
    for j in range(4):  # target j is fed at j + 1
        moved = [np.where(np.arange(5) == j, targets[0] % 47 + 1, targets[0])]
        is_changed = np.abs(run(config, params, packed(inputs, moved))[0, :5] - base).max(-1) > 1e-6
        np.testing.assert_array_equal(is_changed, np.arange(5) > j)


def test_windows_hold_in_both_stacks_and_not_in_cross_attention():
    """With one layer each and a window of 3, the encoder's output reaches 2 to either side."""
    config = EncoderDecoderConfig(
        **{**SIZES, "num_layers": 1, "num_encoder_layers": 1, "window": 3, "embedding_init_std": 1.0}
    )
    params = params_of(config)
    inputs = np.random.default_rng(1).integers(1, 48, (1, 9)).astype(np.int32)
    changed = np.where(np.arange(9) == 4, inputs % 47 + 1, inputs)
    encoded, moved = (run_encode(config, params, tokens) for tokens in (inputs, changed))
    is_changed = np.abs(encoded - moved)[0].max(-1) > 1e-6
    np.testing.assert_array_equal(is_changed, np.abs(np.arange(9) - 4) < 3)
    fed = np.random.default_rng(2).integers(1, 48, (1, 8)).astype(np.int32)
    mask = np.ones_like(inputs)
    base = run_decode(config, params, encoded, mask, fed)
    others = run_decode(config, params, encoded, mask, np.where(np.arange(8) == 2, fed % 47 + 1, fed))
    np.testing.assert_array_equal(np.abs(others - base)[0].max(-1) > 1e-6, (np.arange(8) >= 2) & (np.arange(8) < 5))
    # The last target is more than a window away from the first input, counted as if both were one text.
    far = run_decode(config, params, encoded.at[:, 0].add(1.0), mask, fed)
    assert (np.abs(far - base)[0].max(-1) > 1e-6).all()


@each_kind
def test_greedy_with_a_cache_is_the_whole_models_likeliest(kind):
    config, params = model(kind)
    rng = np.random.default_rng(3)
    lengths = np.array([8, 3, 5], np.int32)
    inputs = np.where(np.arange(8) < lengths[:, None], rng.integers(1, 47, (3, 8)), 0).astype(np.int32)
    stop = Stop(eos_ids=(47,))
    made = generate(config, params, inputs, lengths, np.full(3, T), T, Greedy(), stop=stop)
    for row, length in enumerate(lengths):
        tokens = np.asarray(made.tokens_BMT[row, 0])
        tokens = tokens[: int(made.num_tokens_BM[row, 0])]
        # All at once and teacher-forced, in a row without padding.
        logits = run(config, params, packed([inputs[row, :length]], [tokens], length, len(tokens)))[0]
        np.testing.assert_array_equal(logits.argmax(-1), tokens)
        total = jax.nn.log_softmax(logits)[np.arange(len(tokens)), tokens].sum()
        np.testing.assert_allclose(made.log_probs_BM[row, 0], total, rtol=1e-4, atol=1e-4)
        # The same number by the way that ranks options.
        scored = score_targets(
            config, params, inputs, np.array([row]), tokens[None], np.array([len(tokens)]), input_lengths_B=lengths
        )
        np.testing.assert_allclose(scored[0], total, rtol=1e-4, atol=1e-4)
    beams = generate(config, params, inputs, lengths, np.full(3, T), T, BeamSearch(3), stop=stop)
    is_there_BM = np.isfinite(beams.log_probs_BM)
    assert is_there_BM.sum() >= 6
    for row, beam in zip(*np.nonzero(is_there_BM), strict=True):  # copies of one prompt read its encoding once
        tokens, number = beams.tokens_BMT[row, beam], int(beams.num_tokens_BM[row, beam])
        found = score_targets(
            config, params, inputs, np.array([row]), tokens[None], np.array([number]), input_lengths_B=lengths
        )
        np.testing.assert_allclose(beams.log_probs_BM[row, beam], found[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("kind", "remat"), [("llama", "minimal"), ("qwen", "full"), ("gemma", "minimal")])
def test_every_parameter_has_a_gradient_that_remat_keeps(kind, remat):
    config, params = model(kind)
    batch = packed(*examples())

    def loss(params, config):
        return jnp.sum(jnp.square(forward(config, params, batch))[:, :9])

    grad = jax.jit(jax.grad(loss), static_argnums=1)
    plain, saved = (flatten_dict(grad(params, config.replace(remat=r)), sep="/") for r in ("none", remat))
    largest = max(float(jnp.abs(leaf).max()) for leaf in plain.values())
    for name, leaf in plain.items():
        # A bias of keys moves all scores of a query alike, which no softmax shows: zero but for the norm of the keys.
        is_used = np.abs(leaf).reshape(-1, leaf.shape[-1]).max() > 1e-7 * largest
        assert is_used, name
        np.testing.assert_allclose(leaf, saved[name], atol=1e-5 * largest, err_msg=name)


def test_dropout_is_a_function_of_key_and_row():
    config, params = model("llama")
    config = config.replace(dropout_rate=0.3)
    one = packed(*examples())
    two = {name: np.concatenate([value, value]) for name, value in one.items()}
    key = jax.random.key(0)
    dropped = np.asarray(run(config, params, {**two, "row_ids": np.array([4, 9])}, key))
    again = np.asarray(run(config, params, {**two, "row_ids": np.array([9, 4])}, key))
    np.testing.assert_array_equal(dropped, again[::-1])
    assert np.abs(dropped[0] - dropped[1]).max() > 1e-2
    assert np.abs(run(config, params, two) - dropped).max() > 1e-2
    low = run(config.replace(dtype="bfloat16", dropout_rate=0.0), params, two)
    kept = run(config, params, two)
    assert low.dtype == jnp.float32 and np.abs(low - kept).max() < 0.1 * np.abs(kept).max()


@each_kind
def test_parameters_have_axes_and_the_number_that_their_sizes_say(kind):
    config, _ = model(kind)
    shapes, axes = (flatten_dict(tree, sep="/") for tree in (param_shapes(config), param_logical_axes(config)))
    assert shapes.keys() == axes.keys()
    for name, names in axes.items():
        assert len(names) == len(shapes[name].shape) and set(names) <= set(PARAMETER_AXES), name
        assert (names[0] == "layers") == ("/layers/" in name)
    d, j, g = 32, 32, config.num_kv_heads * 8
    attention = 2 * d * j + 2 * d * g + {"qkv": j + 2 * g}.get(config.biases, 0)
    attention += 2 * 8 * (config.query_key_norm == "each_head")
    mlp = (2 if config.mlp == "gelu" else 3) * d * 40
    norms = d * (2 if config.norm_sides == "around" else 1)
    tables = 48 * d * (1 + (config.token_tables == "each_stack") + (config.embeddings == "untied"))
    encoder, decoder = attention + mlp + 2 * norms, 2 * attention + mlp + 3 * norms
    assert count_params(config) == 2 * encoder + 3 * decoder + 2 * d + tables
    assert model_from_json(config.to_json()) == config and config.to_json()["family"] == "encoder_decoder"


def test_any_mesh_trains_as_one_device():
    config, _ = model("gemma")
    config = config.replace(dropout_rate=0.1, embedding_init_std=0.3)
    rows = [packed(*examples(seed)) for seed in range(8)]
    batch = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    batch["decoder_target_tokens"] = np.roll(batch["decoder_input_tokens"], -1, axis=1)
    batch["decoder_loss_weights"] = (batch["decoder_segment_ids"] > 0).astype(np.float32)
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
    assert one[2] < one[0]
    np.testing.assert_allclose(losses(mesh_lib.make_mesh(MeshConfig(2, 1, 4))), one, rtol=2e-4)


@pytest.mark.parametrize("method", ["prompt", "lora"])
def test_soft_prompts_and_low_rank_adapters_train_a_part(method):
    base = EncoderDecoderConfig(**SIZES, embedding_init_std=1.0)
    tuning = TuningConfig(method, prompt_tokens=3) if method == "prompt" else TuningConfig(method, lora_rank=2)
    config = tuned_model(base, tuning)
    trained, frozen = adapt(tuning, params_of(base), jax.random.key(0))
    inputs, targets = examples()
    fed = [np.concatenate([[-1, -2, -3], tokens]) for tokens in inputs] if method == "prompt" else inputs
    batch = packed(fed, targets, 22)

    def loss(trained):
        return jnp.sum(jnp.square(forward(config, join(trained, frozen), batch)))

    grads = flatten_dict(jax.jit(jax.grad(loss))(trained), sep="/")
    assert all(np.abs(leaf).max() > 0 for name, leaf in grads.items() if not name.endswith("lora_a"))
    if method == "lora":
        assert {name.split("/layers/")[-1].split("/")[0] for name in grads} == {
            *("attention", "self_attention", "encoder_decoder_attention")
        }
        return
    assert list(grads) == ["token_embedder/soft_prompt"]
    whole = run(config, join(trained, frozen), batch)[0]
    at = 0
    for tokens, target in zip(inputs, targets, strict=True):
        encoded = run_encode(config, join(trained, frozen), tokens[None])  # which puts the prompt there itself
        shifted = np.append(0, target[:-1])[None]
        alone = run_decode(config, join(trained, frozen), encoded, np.ones((1, len(tokens))), shifted)[0]
        np.testing.assert_allclose(whole[at : at + len(target)], alone, atol=2e-5)
        at += len(target)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"position": "learned"}, "EncoderDecoderConfig.position is learned, and an encoder-decoder has rope alone"),
        ({"position": "relative"}, "position is relative"),
        ({"block": "parallel"}, "block is parallel, and an encoder-decoder has sequential alone"),
        ({"attention": "prefix_lm"}, "attention is prefix_lm"),
        ({"prompt_end": "nothing"}, "inputs are read apart, and end in EOS"),
        ({"start_id": None}, "EncoderDecoderConfig.start_id is None"),
        ({"token_tables": "each_stack", "prompt_tokens": 2}, "prompt_tokens is 2, and a soft prompt stands in the one"),
        ({"num_kv_heads": 3}, "EncoderDecoderConfig.num_kv_heads 3 does not divide num_heads 4"),
        ({"num_encoder_layers": 0}, "EncoderDecoderConfig.num_encoder_layers"),
    ],
)
def test_what_makes_no_sense_is_refused(changes, words):
    with pytest.raises(ConfigError, match=words):
        EncoderDecoderConfig(**{**SIZES, **changes})


def test_a_forward_pass_multiplies_its_matrices():
    """Parameters of products, by the tokens that meet them, and attention's scores and values."""
    config = EncoderDecoderConfig(**SIZES)
    shapes = flatten_dict(param_shapes(config), sep="/")
    inputs, targets = 16, 10
    expected = targets * 32 * 48
    for name, leaf in shapes.items():
        if name.endswith("kernel"):
            is_of_inputs = "encoder/" in name.replace("decoder/", "") or "attention/key" in name.replace("self_", "x")
            is_of_inputs |= "encoder_decoder_attention/value" in name
            tokens = inputs if name.startswith("encoder/") or (is_of_inputs and "encoder_decoder" in name) else targets
            expected += tokens * int(np.prod(leaf.shape))
    expected += 2 * 32 * (2 * inputs**2 + 3 * targets**2 + 3 * inputs * targets)
    assert config.multiply_adds(inputs, targets) == expected


def test_it_is_frozen_and_hashable():
    config, _ = model("llama")
    assert hash(config) == hash(dataclasses.replace(config)) and config.row_layout() is None
