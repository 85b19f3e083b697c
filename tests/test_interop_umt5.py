"""UMT5, whose layers have a position bias each: against transformers' own numbers, there and back, and in decoding."""

import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict
from safetensors.numpy import load_file

from flan_jax.checkpoints.find import find_weights
from flan_jax.checkpoints.weights import load_weights
from flan_jax.cli.main import main
from flan_jax.core.errors import CheckpointError
from flan_jax.interop.exporting import export_weights
from flan_jax.interop.hugging_face import hugging_face_pieces
from flan_jax.models import decode_teacher_forced, encode, forward
from flan_jax.models.incremental import decode_step, init_decode_cache, unstack_decoder_layers
from flan_jax.train.loss import loss_parts

FOLDER = pathlib.Path(__file__).parent / "data" / "families" / "umt5"


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """(folder, config, params, transformers' numbers)."""
    out = tmp_path_factory.mktemp("umt5") / "ours"
    assert main(["import", f"hf:{FOLDER}", "--out", str(out), "--skip_certificate"]) == 0
    return out, find_weights(out).model_config(), load_weights(out)[0], np.load(FOLDER / "reference.npz")


def test_logits_loss_and_gradients_are_transformers(imported):
    _, config, params, reference = imported
    labels = jnp.asarray(reference["labels"], jnp.int32)
    batch = {
        "encoder_input_tokens": jnp.asarray(reference["input_ids"], jnp.int32),
        "decoder_input_tokens": jnp.pad(labels, ((0, 0), (1, 0)))[:, :-1],
    }

    def loss(params):
        logits = forward(config, params, batch)
        parts = loss_parts(logits, labels, jnp.ones(labels.shape))
        return parts.loss_sum / parts.weight_sum, logits

    with jax.default_matmul_precision("highest"):
        (value, logits), grads = jax.jit(jax.value_and_grad(loss, has_aux=True))(params)
    scale = np.abs(reference["logits"]).max()
    np.testing.assert_allclose(logits / scale, reference["logits"] / scale, atol=1e-5)
    np.testing.assert_allclose(value, reference["loss"], rtol=1e-5)
    flat = flatten_dict(grads, sep="/")
    pieces = hugging_face_pieces(config)
    assert sum("relative_attention_bias" in piece.theirs for piece in pieces) == 4
    for piece in pieces:
        found = flat[piece.ours] if piece.layer is None else flat[piece.ours][piece.layer]
        expected = reference[f"grad_norm/{piece.theirs}"]
        np.testing.assert_allclose(np.linalg.norm(found), expected, rtol=2e-4, err_msg=piece.theirs)


def test_greedy_decoding_with_a_cache_is_transformers(imported):
    _, config, params, reference = imported
    inputs, mask, expected = (jnp.asarray(reference[n]) for n in ("input_ids", "attention_mask", "greedy_ids"))
    encoded = encode(config, params, inputs)
    whole = decode_teacher_forced(config, params, encoded, mask, expected[:, :-1])
    cache = init_decode_cache(config, params, encoded, mask, expected.shape[1])
    params = unstack_decoder_layers(params)
    step = jax.jit(decode_step, static_argnums=0)
    for t in range(expected.shape[1] - 1):
        logits, cache = step(config, params, cache, expected[:, t])
        # The likeliest tokens are the same with one layer's bias in all.
        np.testing.assert_allclose(logits, whole[:, t], atol=1e-5 * float(jnp.abs(whole).max()))
        logits = logits.at[:, 1].set(-jnp.inf)  # the reference was kept from ending
        np.testing.assert_array_equal(jnp.argmax(logits, axis=-1), expected[:, t + 1])


def test_there_and_back_is_bit_equal_and_no_t5x(imported, tmp_path):
    ours = imported[0]
    export_weights(ours, "hf", tmp_path / "theirs")
    there, back = (load_file(folder / "model.safetensors") for folder in (FOLDER, tmp_path / "theirs"))
    assert back.keys() == there.keys() - {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}
    assert all(np.array_equal(back[name], there[name].astype(np.float32)) for name in back)
    assert json.loads((tmp_path / "theirs/config.json").read_text())["model_type"] == "umt5"
    assert main(["import", f"hf:{tmp_path / 'theirs'}", "--out", str(tmp_path / "again"), "--skip_certificate"]) == 0
    assert (tmp_path / "again/weights.safetensors").read_bytes() == (ours / "weights.safetensors").read_bytes()
    with pytest.raises(CheckpointError, match="position bias in every layer"):
        export_weights(ours, "t5x", tmp_path / "t5x")
