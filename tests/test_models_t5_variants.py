"""T5 1.0, mT5 and T5 1.1 against transformers' logits, loss, gradients and decodes; the sizes of all of them; UL2."""

import csv
import dataclasses
import functools
import pathlib
import tempfile

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from shared import ROOT, shared_path

from flan_jax.checkpoints.weights import load_weights
from flan_jax.cli import gin_config
from flan_jax.core.errors import ConfigError
from flan_jax.decode.greedy import greedy_decode
from flan_jax.interop.hugging_face import open_hugging_face
from flan_jax.models import T5Config, count_params, decode_teacher_forced, encode, forward, init_params, param_shapes
from flan_jax.models.incremental import decode_step, init_decode_cache
from flan_jax.models.layers import Mlp
from flan_jax.train.loss import loss_parts

FAMILIES = ("t5_v1_0", "t5_v1_1", "mt5")


@functools.cache
def family(name):
    """(config, parameters, reference, pieces) of one of transformers' small models."""
    path = shared_path(f"peers/hf/{name}")
    model = open_hugging_face(path)
    with tempfile.TemporaryDirectory() as folder:
        model.write(pathlib.Path(folder) / "weights.safetensors", "float32")
        (pathlib.Path(folder) / "model.json").write_text('{"format_version": 1, "model": {}}')
        params, _ = load_weights(folder)
    return model.config, params, dict(np.load(path / "reference.npz")), model.pieces


def batch_of(reference):
    """The reference's arrays as ours, the padding of the labels weighing nothing."""
    labels = reference["labels"]
    return {
        "encoder_input_tokens": reference["input_ids"],
        "encoder_segment_ids": reference["attention_mask"],
        "decoder_input_tokens": reference["decoder_input_ids"],
        "decoder_target_tokens": np.maximum(labels, 0),
        "decoder_loss_weights": (labels != -100).astype(np.float32),
    }


def mean_loss(config, params, batch):
    logits = forward(config, params, batch)
    parts = loss_parts(logits, batch["decoder_target_tokens"], batch["decoder_loss_weights"])
    return parts.loss_sum / parts.weight_sum, logits


loss_and_grads = jax.jit(jax.value_and_grad(mean_loss, argnums=1, has_aux=True), static_argnums=0)


def test_the_families_are_what_they_are_called():
    v1_0, v1_1, mt5 = (family(name)[0] for name in FAMILIES)
    assert v1_0.mlp_activations == ("relu",) and v1_0.logits_via_embedding
    for config in (v1_1, mt5):
        assert config.mlp_activations == ("gelu", "linear") and not config.logits_via_embedding


@pytest.mark.parametrize("name", FAMILIES)
def test_logits_loss_and_every_gradient_are_transformers(name):
    config, params, reference, pieces = family(name)
    (loss, logits), grads = loss_and_grads(config, params, batch_of(reference))
    np.testing.assert_allclose(logits, reference["logits"], atol=5e-5)
    np.testing.assert_allclose(loss, reference["loss"], rtol=1e-5)
    num_compared = 0
    for piece in pieces:
        grad = grads
        for part in piece.ours.split("/"):
            grad = grad[part]
        grad = np.asarray(grad if piece.layer is None else grad[piece.layer])
        norm = reference[f"grad_norm/{piece.theirs}"]
        np.testing.assert_allclose(np.linalg.norm(grad), norm, rtol=2e-4, err_msg=piece.theirs)
        if f"grad/{piece.theirs}" in reference:
            theirs = piece.turn(reference[f"grad/{piece.theirs}"])
            np.testing.assert_allclose(grad, theirs, atol=1e-4 * np.abs(theirs).max(), err_msg=piece.theirs)
            num_compared += 1
    assert num_compared > 5


@pytest.mark.parametrize("name", FAMILIES)
def test_two_examples_packed_into_one_row_have_the_logits_of_each_alone(name):
    config, params, reference, _ = family(name)
    batch = batch_of(reference)
    sizes = reference["attention_mask"].sum(1)
    targets_length = batch["decoder_input_tokens"].shape[1]
    packed = {
        "encoder_input_tokens": [batch["encoder_input_tokens"][i, : sizes[i]] for i in range(2)],
        "encoder_segment_ids": [np.full(sizes[i], i + 1) for i in range(2)],
        "decoder_input_tokens": list(batch["decoder_input_tokens"]),
        "decoder_segment_ids": [np.full(targets_length, i + 1) for i in range(2)],
    }
    packed = {key: np.concatenate(parts)[None].astype(np.int32) for key, parts in packed.items()}
    logits = jax.jit(forward, static_argnums=0)(config, params, packed)[0]
    for i in range(2):
        ours = logits[i * targets_length : (i + 1) * targets_length]
        np.testing.assert_allclose(ours, reference["logits"][i], atol=5e-5)


@pytest.mark.parametrize("name", FAMILIES)
def test_greedy_decoding_is_transformers(name):
    config, params, reference, _ = family(name)
    expected = reference["greedy_ids"][:, 1:]  # without the start id
    limits = np.full(len(expected), expected.shape[1], np.int32)
    tokens = np.asarray(greedy_decode(config, params, reference["input_ids"], limits, expected.shape[1]).tokens_BT)
    assert tokens.shape == expected.shape
    for ours, theirs in zip(tokens, expected, strict=True):
        end = int(np.argmax(theirs == 1)) + 1 if (theirs == 1).any() else len(theirs)
        np.testing.assert_array_equal(ours[:end], theirs[:end])


def test_incremental_decoding_with_tied_outputs_equals_teacher_forcing():
    config, params, reference, _ = family("t5_v1_0")
    inputs, mask = reference["input_ids"], reference["attention_mask"]
    targets = reference["decoder_input_ids"][:, :6]
    encoded = jax.jit(encode, static_argnums=0)(config, params, inputs, mask)
    expected = jax.jit(decode_teacher_forced, static_argnums=0)(config, params, encoded, mask, targets)
    cache = init_decode_cache(config, params, encoded, mask, max_decode_len=6)
    step = jax.jit(functools.partial(decode_step, config))
    for position in range(6):
        logits, cache = step(params, cache, targets[:, position])
        np.testing.assert_allclose(logits, expected[:, position], atol=5e-5)


def _gin_model(name):
    return gin_config.load(
        ["gin/runs/pretrain.gin", f"gin/models/{name}.gin"],
        [
            "MODEL_DIR = 'x'",
            "MIXTURE_OR_TASK_NAME = 'x'",
            "TASK_FEATURE_LENGTHS = {'inputs': 8, 'targets': 8}",
            "TRAIN_STEPS = 1",
            "EVAL_INPUTS_LENGTH = 8",
            "EVAL_TARGETS_LENGTH = 8",
        ],
    ).model


SIZES = {"small": "small", "base": "base", "large": "large", "xl": "XL", "xxl": "XXL"}


@pytest.mark.parametrize(
    ("file", "published"),
    [
        *(
            (f"{ours}_{size}", f"{theirs} {SIZES[size]}")
            for ours, theirs in (("t5_1_1", "T5 1.1"), ("mt5", "mT5"))
            for size in SIZES
        ),
        ("ul2_20b", "UL2 20B"),
    ],
)  # fmt: skip
def test_gin_files_have_the_published_sizes_and_parameter_counts(file, published, monkeypatch):
    monkeypatch.chdir(ROOT)
    with open(shared_path("facts/architectures.csv")) as rows:
        facts = {row["model"]: row for row in csv.DictReader(rows)}[published]
    config = _gin_model(file)
    assert config.num_encoder_layers + config.num_decoder_layers == sum(map(int, facts["layers"].split("+")))
    for name, fact in (("emb_dim", "d_model"), ("num_heads", "heads"), ("head_dim", "head_dim"), ("mlp_dim", "d_ff")):
        assert getattr(config, name) == int(facts[fact]), name
    assert config.vocab_size == int(facts["vocab"])
    exact = facts["parameter_count_kind"] == "exact"
    assert count_params(config) == pytest.approx(int(facts["parameters"]), rel=0 if exact else 1e-3)
    assert f"{count_params(config):,} parameters" in (ROOT / f"gin/models/{file}.gin").read_text()


# T5 1.0: (d_model, d_ff, heads, head size, layers a stack) of Raffel et al. 2020, section 3.7 and table 3; the counts
# are those of transformers' t5-small to t5-11b, which share one table between inputs and outputs.
T5_1_0 = {
    "small": ((512, 2048, 8, 64, 6), 60_506_624),
    "base": ((768, 3072, 12, 64, 12), 222_903_552),
    "large": ((1024, 4096, 16, 64, 24), 737_668_096),
    "3b": ((1024, 16384, 32, 128, 24), 2_851_598_336),
    "11b": ((1024, 65536, 128, 128, 24), 11_307_321_344),
}


@pytest.mark.parametrize("size", T5_1_0)
def test_t5_1_0_files_have_the_published_sizes(size, monkeypatch):
    monkeypatch.chdir(ROOT)
    config = _gin_model(f"t5_1_0_{size}")
    sizes, parameters = T5_1_0[size]
    ours = (config.emb_dim, config.mlp_dim, config.num_heads, config.head_dim, config.num_encoder_layers)
    assert ours == sizes and config.num_decoder_layers == config.num_encoder_layers
    assert config.mlp_activations == ("relu",) and config.logits_via_embedding
    assert count_params(config) == parameters
    assert f"{parameters:,} parameters" in (ROOT / f"gin/models/t5_1_0_{size}.gin").read_text()


def test_ul2_has_a_swiglu_mlp():
    config = T5Config(16, 8, 2, 1, 1, 4, 12, dtype="float32", mlp_activations=("swish", "linear"))
    assert config.mlp_activations == ("silu", "linear")
    params = jax.jit(init_params, static_argnums=0)(config, jax.random.key(0))
    mlp = jax.tree.map(lambda leaf: leaf[0], params["encoder"]["layers"]["mlp"])
    x = jax.random.normal(jax.random.key(1), (1, 3, 8))
    gate, linear = x @ mlp["wi_0"]["kernel"], x @ mlp["wi_1"]["kernel"]
    expected = (gate / (1 + jnp.exp(-gate)) * linear) @ mlp["wo"]["kernel"]
    np.testing.assert_allclose(Mlp(config).apply({"params": mlp}, x, None), expected, atol=1e-6)


def test_one_activation_makes_one_matrix_called_wi():
    config = T5Config(16, 8, 2, 1, 1, 4, 12, mlp_activations=("relu",), logits_via_embedding=True)
    shapes = param_shapes(config)
    assert set(shapes["encoder"]["layers"]["mlp"]) == {"wi", "wo"}
    assert "logits_dense" not in shapes["decoder"]
    with_matrix = dataclasses.replace(config, logits_via_embedding=False)
    assert count_params(with_matrix) - count_params(config) == 16 * 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mlp_activations": "relu"}, "give a list, each one of"),
        ({"mlp_activations": ()}, "give one name or two"),
        ({"mlp_activations": ("gleu", "linear")}, "'gleu'; did you mean gelu"),
        ({"logits_via_embedding": 1}, "logits_via_embedding is 1"),
    ],
)
def test_config_refuses_what_is_no_variant(changes, message):
    with pytest.raises(ConfigError, match=message):
        T5Config(**changes)
