"""The model against T5X's and transformers' numbers, and the properties that packing promises."""

import csv
import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from shared import shared_path

from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.interop.t5x_names import from_t5x, t5x_names, to_t5x
from flan_jax.models import (
    PARAMETER_AXES,
    T5Config,
    count_params,
    decode_step,
    decode_teacher_forced,
    encode,
    forward,
    init_decode_cache,
    init_params,
    param_logical_axes,
    param_shapes,
)
from flan_jax.train.loss import loss_parts

T5X_TINY = T5Config(
    vocab_size=512,
    emb_dim=128,
    num_heads=4,
    num_encoder_layers=2,
    num_decoder_layers=3,
    head_dim=32,
    mlp_dim=256,
    dtype="float32",
)
SMALLEST = T5Config(
    vocab_size=64, emb_dim=16, num_heads=2, num_encoder_layers=2, num_decoder_layers=2, head_dim=6, mlp_dim=24
)


run = jax.jit(forward, static_argnums=0)
run_encode = jax.jit(encode, static_argnums=0)
run_decode = jax.jit(decode_teacher_forced, static_argnums=0)


@functools.cache
def _smallest_params():
    return jax.jit(init_params, static_argnums=0)(SMALLEST, jax.random.key(1))


def smallest(dtype: str = "float32", **changes):
    """A model of 12,000 parameters: (config, params)."""
    return dataclasses.replace(SMALLEST, dtype=dtype, **changes), _smallest_params()


def packed_batch(seed: int = 0) -> dict[str, np.ndarray]:
    """Two rows of 24 / 12 positions: segments of (7, 4), (9, 5) and padding, the second row in the other order."""
    rng = np.random.default_rng(seed)
    batch = {}
    for side, length, sizes in (("encoder", 24, (7, 9)), ("decoder", 12, (4, 5))):
        segments = np.zeros((2, length), np.int32)
        for row, order in enumerate((sizes, sizes[::-1])):
            segments[row, : order[0]] = 1
            segments[row, order[0] : sum(order)] = 2
        tokens = np.where(segments > 0, rng.integers(3, 64, segments.shape), 0).astype(np.int32)
        batch[f"{side}_segment_ids"] = segments
        batch[f"{side}_input_tokens"] = tokens
    batch["row_ids"] = np.arange(2, dtype=np.int32)
    return batch


@pytest.fixture(scope="module")
def t5x():
    path = shared_path("peers/t5x_tiny")
    params = from_t5x(np.load(path / "params.npz"), T5X_TINY)
    return params, dict(np.load(path / "batch.npz")), path


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ("small", (512, 6, 64, 1024, 8)),
        ("base", (768, 12, 64, 2048, 12)),
        ("large", (1024, 16, 64, 2816, 24)),
        ("XL", (2048, 32, 64, 5120, 24)),
        ("XXL", (4096, 64, 64, 10240, 24)),
    ],
)
def test_parameter_counts_are_the_published_ones(size, shape):
    with open(shared_path("facts/architectures.csv")) as file:
        counts = {row["model"]: row["parameters"] for row in csv.DictReader(file)}
    emb_dim, num_heads, head_dim, mlp_dim, depth = shape
    config = T5Config(
        emb_dim=emb_dim,
        num_heads=num_heads,
        head_dim=head_dim,
        mlp_dim=mlp_dim,
        num_encoder_layers=depth,
        num_decoder_layers=depth,
    )
    assert count_params(config) == int(counts[f"T5 1.1 {size}"])


def test_logits_and_loss_are_t5x(t5x):
    params, batch, path = t5x
    reference = np.load(path / "forward.npz")
    logits = run(T5X_TINY, params, batch)
    real = batch["decoder_segment_ids"] > 0
    np.testing.assert_allclose(logits[real], reference["logits"][real], atol=2e-5)
    for smoothing, name in ((0.0, "loss_sum"), (0.1, "loss_sum_label_smoothing_0_1")):
        parts = loss_parts(logits, batch["decoder_target_tokens"], batch["decoder_loss_weights"], smoothing, 1e-4)
        np.testing.assert_allclose(parts.loss_sum, reference[name], rtol=1e-5)


@pytest.mark.parametrize("remat", ["none", "minimal", "full"])
def test_gradients_are_t5x(t5x, remat):
    params, batch, path = t5x
    config = dataclasses.replace(T5X_TINY, remat=remat)

    def loss_sum(params):
        logits = forward(config, params, batch)
        return loss_parts(logits, batch["decoder_target_tokens"], batch["decoder_loss_weights"], z_loss=1e-4).loss_sum

    grads = to_t5x(jax.jit(jax.grad(loss_sum))(params), config)
    reference = np.load(path / "grads.npz")
    for name in reference:
        np.testing.assert_allclose(
            grads[name], reference[name], atol=2e-5 * np.abs(reference[name]).max(), err_msg=name
        )


def _from_hugging_face(tensors, config):
    """The T5 1.1 tensors of a transformers checkpoint, under T5X's names."""
    parts = {"query": "q", "key": "k", "value": "v", "out": "o"}
    flat = {
        "token_embedder/embedding": tensors["shared.weight"],
        "decoder/logits_dense/kernel": tensors["lm_head.weight"].T,
    }
    stacks = (
        ("encoder", config.num_encoder_layers, (("attention", "SelfAttention"),)),
        (
            "decoder",
            config.num_decoder_layers,
            (("self_attention", "SelfAttention"), ("encoder_decoder_attention", "EncDecAttention")),
        ),
    )
    norms = {
        "encoder": ("pre_attention_layer_norm", "pre_mlp_layer_norm"),
        "decoder": ("pre_self_attention_layer_norm", "pre_cross_attention_layer_norm", "pre_mlp_layer_norm"),
    }
    for stack, depth, attentions in stacks:
        flat[f"{stack}/{stack}_norm/scale"] = tensors[f"{stack}.final_layer_norm.weight"]
        bias = tensors[f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
        flat[f"{stack}/relpos_bias/rel_embedding"] = bias.T
        for i in range(depth):
            ours, theirs = f"{stack}/layers_{i}", f"{stack}.block.{i}.layer"
            for j, norm in enumerate(norms[stack]):
                flat[f"{ours}/{norm}/scale"] = tensors[f"{theirs}.{j}.layer_norm.weight"]
            for j, (name, hf_name) in enumerate(attentions):
                for part, letter in parts.items():
                    flat[f"{ours}/{name}/{part}/kernel"] = tensors[f"{theirs}.{j}.{hf_name}.{letter}.weight"].T
            for part in ("wi_0", "wi_1", "wo"):
                flat[f"{ours}/mlp/{part}/kernel"] = tensors[
                    f"{theirs}.{len(attentions)}.DenseReluDense.{part}.weight"
                ].T
    return from_t5x(flat, config)


def test_logits_are_hugging_faces():
    safetensors = pytest.importorskip("safetensors.numpy", reason="safetensors reads the reference weights")
    path = shared_path("peers/hf/t5_v1_1")
    config = T5Config(
        vocab_size=512,
        emb_dim=64,
        num_heads=4,
        num_encoder_layers=2,
        num_decoder_layers=3,
        head_dim=12,
        mlp_dim=96,
        dtype="float32",
    )
    params = _from_hugging_face(safetensors.load_file(path / "model.safetensors"), config)
    reference = np.load(path / "reference.npz")
    mask = reference["attention_mask"]
    encoded = run_encode(config, params, reference["input_ids"], mask)
    np.testing.assert_allclose(
        np.asarray(encoded)[mask > 0], reference["encoder_last_hidden_state"][mask > 0], atol=3e-5
    )
    logits = run_decode(config, params, encoded, mask, reference["decoder_input_ids"])
    np.testing.assert_allclose(logits, reference["logits"], atol=5e-5)
    batch = {
        "encoder_input_tokens": reference["input_ids"],
        "encoder_segment_ids": mask,
        "decoder_input_tokens": reference["decoder_input_ids"],
    }
    bf16 = run(dataclasses.replace(config, dtype="bfloat16"), params, batch)
    assert np.abs(bf16 - reference["logits"]).max() < 0.25  # transformers' own bfloat16 is 0.115 off


def test_packed_equals_unpacked():
    config, params = smallest()
    batch = packed_batch()
    logits = np.asarray(run(config, params, batch))
    for row in range(2):
        for segment in (1, 2):
            alone = {}
            for side in ("encoder", "decoder"):
                here = batch[f"{side}_segment_ids"][row] == segment
                alone[f"{side}_input_tokens"] = batch[f"{side}_input_tokens"][row, here][None]
            expected = run(config, params, alone)[0]
            np.testing.assert_allclose(logits[row, batch["decoder_segment_ids"][row] == segment], expected, atol=2e-5)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("side", ["encoder", "decoder"])
def test_perturbing_a_segment_leaves_the_others_bit_for_bit(dtype, side):
    config, params = smallest(dtype)
    batch = packed_batch()
    before = np.asarray(run(config, params, batch))
    changed = {**batch}
    tokens, mine = batch[f"{side}_input_tokens"], batch[f"{side}_segment_ids"] == 2
    changed[f"{side}_input_tokens"] = np.where(mine, (tokens + 7) % 61 + 3, tokens)
    after = np.asarray(run(config, params, changed))
    moved = batch["decoder_segment_ids"] == 2
    assert (before[~moved] == after[~moved]).all()
    assert (before[moved] != after[moved]).any(axis=-1).mean() > 0.8
    assert np.isfinite(after).all()


def test_decoder_is_causal():
    config, params = smallest()
    batch = packed_batch()
    before = np.asarray(run(config, params, batch))
    changed = {**batch, "decoder_input_tokens": batch["decoder_input_tokens"].copy()}
    changed["decoder_input_tokens"][0, 2] = 9
    after = np.asarray(run(config, params, changed))
    assert (before[0, :2] == after[0, :2]).all() and (before[0, 2] != after[0, 2]).any()


def test_a_row_of_padding_has_no_gradient():
    config, params = smallest()
    batch = packed_batch()
    weights = (batch["decoder_segment_ids"] > 0).astype(np.float32) * np.array([[1], [0]], np.float32)
    padded = {name: array * (np.arange(2).reshape(2, *[1] * (array.ndim - 1)) == 0) for name, array in batch.items()}

    @jax.jit
    @jax.grad
    def grads(params, batch):
        return loss_parts(forward(config, params, batch), batch["decoder_input_tokens"], weights).loss_sum

    # The second row has no weight: whether it holds text or padding changes nothing, and nothing is NaN.
    jax.tree.map(np.testing.assert_array_equal, grads(params, batch), grads(params, padded))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(grads(params, padded)))


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-5), ("bfloat16", 0.15)])
def test_incremental_decoding_equals_teacher_forcing(dtype, tolerance):
    config, params = smallest(dtype)
    rng = np.random.default_rng(3)
    inputs = rng.integers(3, 64, (3, 10)).astype(np.int32)
    inputs[1, 6:] = 0
    targets = rng.integers(3, 64, (3, 7)).astype(np.int32)
    targets[:, 0] = 0
    encoded = run_encode(config, params, inputs)
    expected = run_decode(config, params, encoded, inputs != 0, targets)
    cache = init_decode_cache(config, params, encoded, inputs != 0, max_decode_len=9)
    step = jax.jit(functools.partial(decode_step, config))
    for position in range(targets.shape[1]):
        logits, cache = step(params, cache, targets[:, position])
        np.testing.assert_allclose(logits, expected[:, position], atol=tolerance)


def test_activations_follow_dtype_and_everything_else_is_float32():
    config, params = smallest("bfloat16")
    batch = packed_batch()
    assert {leaf.dtype for leaf in jax.tree.leaves(params)} == {np.dtype("float32")}
    assert run_encode(config, params, batch["encoder_input_tokens"]).dtype == jnp.bfloat16
    logits, float32 = run(config, params, batch), run(*smallest(), batch)
    assert logits.dtype == jnp.float32
    np.testing.assert_allclose(logits, float32, atol=0.3)


def test_every_parameter_has_a_named_axis_a_dimension():
    axes, shapes = param_logical_axes(SMALLEST), param_shapes(SMALLEST)

    def check(names, leaf):
        assert len(names) == leaf.ndim and set(names) <= set(PARAMETER_AXES)

    jax.tree.map(check, axes, shapes, is_leaf=lambda leaf: isinstance(leaf, tuple))


def test_initial_distributions_are_t5xs():
    config = dataclasses.replace(SMALLEST, emb_dim=128, num_heads=8, head_dim=16, mlp_dim=256, num_encoder_layers=3)
    params = jax.jit(init_params, static_argnums=0)(config, jax.random.key(0))
    layers = params["encoder"]["layers"]
    expected = {
        "embedding": (params["token_embedder"]["embedding"], 1.0),
        "query": (layers["attention"]["query"]["kernel"], (128 * 16) ** -0.5),
        "key": (layers["attention"]["key"]["kernel"], 128**-0.5),
        "out": (layers["attention"]["out"]["kernel"], 128**-0.5),
        "wo": (layers["mlp"]["wo"]["kernel"], 256**-0.5),
        "logits": (params["decoder"]["logits_dense"]["kernel"], 128**-0.5),
        "bias": (params["encoder"]["relpos_bias"]["rel_embedding"], (2 / (8 + 32)) ** 0.5),
    }
    for name, (array, std) in expected.items():
        assert abs(np.std(array) / std - 1) < 0.1, name
    assert not np.array_equal(layers["mlp"]["wo"]["kernel"][0], layers["mlp"]["wo"]["kernel"][1])
    assert (layers["pre_mlp_layer_norm"]["scale"] == 1).all()


def test_t5x_names_round_trip_and_refuse_other_models():
    config, params = smallest()
    flat = to_t5x(params, config)
    assert {name: array.shape for name, array in flat.items()} == t5x_names(config)
    jax.tree.map(np.testing.assert_array_equal, from_t5x(flat, config), params)
    dotted = {"target." + name.replace("/", "."): array for name, array in flat.items()}
    jax.tree.map(np.testing.assert_array_equal, from_t5x(dotted, config), params)
    with pytest.raises(CheckpointError, match=r"1 are missing \(the first is decoder/decoder_norm/scale\)"):
        from_t5x({name: array for name, array in flat.items() if "decoder_norm" not in name}, config)
    with pytest.raises(CheckpointError, match="mlp/wi_0/kernel has shape"):
        from_t5x(flat, dataclasses.replace(config, mlp_dim=32))


def test_checkpoint_names_have_not_moved():
    # What Orbax and T5X checkpoints call our arrays: renaming one breaks every checkpoint ever written.
    config = dataclasses.replace(SMALLEST, num_encoder_layers=1, num_decoder_layers=1)
    attention = ("key", "out", "query", "value")
    golden = [
        "decoder/decoder_norm/scale",
        *(f"decoder/layers_0/encoder_decoder_attention/{part}/kernel" for part in attention),
        *(f"decoder/layers_0/mlp/{part}/kernel" for part in ("wi_0", "wi_1", "wo")),
        *(f"decoder/layers_0/pre_{part}_layer_norm/scale" for part in ("cross_attention", "mlp", "self_attention")),
        *(f"decoder/layers_0/self_attention/{part}/kernel" for part in attention),
        "decoder/logits_dense/kernel",
        "decoder/relpos_bias/rel_embedding",
        "encoder/encoder_norm/scale",
        *(f"encoder/layers_0/attention/{part}/kernel" for part in attention),
        *(f"encoder/layers_0/mlp/{part}/kernel" for part in ("wi_0", "wi_1", "wo")),
        *(f"encoder/layers_0/pre_{part}_layer_norm/scale" for part in ("attention", "mlp")),
        "encoder/relpos_bias/rel_embedding",
        "token_embedder/embedding",
    ]
    assert list(t5x_names(config)) == golden
    paths = {
        jax.tree_util.keystr(path, simple=True, separator="/")
        for path, _ in jax.tree.leaves_with_path(param_shapes(config))
    }
    assert paths == {name.replace("layers_0", "layers") for name in golden}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vocab_size": 0}, "vocab_size is 0: give a whole number of at least 1"),
        ({"dropout_rate": 1.0}, r"dropout_rate is 1.0: give a number in \[0, 1\)"),
        ({"dtype": "bfloat61"}, "dtype is 'bfloat61'; did you mean bfloat16"),
        ({"remat": True}, "remat is True: give one of none, minimal, full"),
        ({"relative_attention_num_buckets": 30}, "not divisible by 4"),
        ({"relative_attention_max_distance": 8}, "must exceed half of the 32 buckets"),
    ],
)
def test_config_refuses_with_value_limit_remedy(changes, message):
    with pytest.raises(ConfigError, match=message):
        T5Config(**changes)


def test_dropout_without_row_ids_is_refused():
    config, params = smallest(dropout_rate=0.1)
    batch = packed_batch()
    del batch["row_ids"]
    with pytest.raises(ConfigError, match="row_ids"):
        forward(config, params, batch, jax.random.key(0))
