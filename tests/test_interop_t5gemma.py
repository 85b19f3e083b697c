"""T5Gemma's folders: against transformers' own numbers, in decoding, there and back, and what ours cannot be."""

import json
import pathlib
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict
from safetensors.numpy import load_file, save_file

from flan_jax.checkpoints.find import find_weights
from flan_jax.checkpoints.weights import load_weights, save_weights
from flan_jax.cli.main import main
from flan_jax.core.errors import CheckpointError
from flan_jax.decode import Greedy, Stop, generate
from flan_jax.interop.certificate import compare_with_transformers, why_no_reference
from flan_jax.interop.exporting import export_weights
from flan_jax.interop.hugging_face import hugging_face_pieces, open_hugging_face
from flan_jax.models import EncoderDecoderConfig, decode_teacher_forced, encode, forward, init_params
from flan_jax.train.loss import loss_parts

FOLDER = pathlib.Path(__file__).parent / "data" / "families" / "t5gemma"
HEAD, TABLE = "lm_head.out_proj.weight", "model.decoder.embed_tokens.weight"


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """(folder, config, params, transformers' numbers)."""
    out = tmp_path_factory.mktemp("t5gemma") / "ours"
    assert main(["import", f"hf:{FOLDER}", "--out", str(out), "--skip_certificate"]) == 0
    return out, find_weights(out).model_config(), load_weights(out)[0], np.load(FOLDER / "reference.npz")


@pytest.fixture
def editable(tmp_path):
    """(a copy of the folder, a function that edits its config: of one stack, of both or of neither)."""
    folder = tmp_path / "theirs"
    shutil.copytree(FOLDER, folder)

    def edit(stacks=(), **changes):
        settings = json.loads((folder / "config.json").read_text())
        for part in [settings[name] for name in stacks] or [settings]:
            part |= changes
            for name in [name for name, value in changes.items() if value is ...]:
                del part[name]
        (folder / "config.json").write_text(json.dumps(settings))

    return folder, edit


def batch_of(reference):
    """All as one batch, without positions; padding in inputs and in targets."""
    labels = np.asarray(reference["labels"])
    return {
        "encoder_input_tokens": jnp.asarray(reference["input_ids"], jnp.int32),
        "decoder_input_tokens": jnp.pad(jnp.asarray(np.maximum(labels, 0), jnp.int32), ((0, 0), (1, 0)))[:, :-1],
    }, labels


def test_logits_loss_and_gradients_are_transformers(imported):
    _, config, params, reference = imported
    batch, labels = batch_of(reference)
    is_real = labels >= 0

    def loss(params):
        logits = forward(config, params, batch)
        parts = loss_parts(logits, jnp.maximum(labels, 0).astype(jnp.int32), jnp.asarray(is_real, jnp.float32))
        return parts.loss_sum / parts.weight_sum, logits

    with jax.default_matmul_precision("highest"):
        (value, logits), grads = jax.jit(jax.value_and_grad(loss, has_aux=True))(params)
    scale = np.abs(reference["logits"]).max()
    np.testing.assert_allclose(logits[is_real] / scale, reference["logits"][is_real] / scale, atol=1e-5)
    np.testing.assert_allclose(value, reference["loss"], rtol=1e-5)
    flat = flatten_dict(grads, sep="/")
    pieces = hugging_face_pieces(config)
    assert sum("cross_attn" in piece.theirs for piece in pieces) == 2 * (4 + 2)
    for piece in pieces:
        found = flat[piece.ours] if piece.layer is None else flat[piece.ours][piece.layer]
        expected = reference[f"grad_norm/{piece.theirs}"]
        np.testing.assert_allclose(np.linalg.norm(found), expected, rtol=2e-4, err_msg=piece.theirs)


def test_greedy_decoding_with_a_cache_is_transformers(imported):
    _, config, params, reference = imported
    inputs, mask, expected = (np.asarray(reference[n], np.int32) for n in ("input_ids", "attention_mask", "greedy_ids"))
    assert (expected[:, 0] == config.start_id).all()
    length = expected.shape[1] - 1
    made = generate(
        config, params, inputs, mask.sum(axis=1), np.full(2, length), length, Greedy(), stop=Stop(eos_ids=())
    )
    np.testing.assert_array_equal(made.tokens_BMT[:, 0], expected[:, 1:])
    encoded = encode(config, params, inputs, mask)
    whole = decode_teacher_forced(config, params, encoded, mask, expected[:, :-1])
    total = jnp.take_along_axis(jax.nn.log_softmax(whole), expected[:, 1:, None], axis=-1).sum(axis=(1, 2))
    np.testing.assert_allclose(made.log_probs_BM[:, 0], total, rtol=1e-4)


def test_there_and_back_is_bit_equal_and_no_t5x(imported, tmp_path):
    ours = imported[0]
    made = export_weights(ours, "hf", tmp_path / "theirs")
    assert made.notes[-1].startswith(
        "of prompts longer than its window of 5, version 5 of transformers has the encoder"
    )
    there, back = (load_file(folder / "model.safetensors") for folder in (FOLDER, tmp_path / "theirs"))
    assert back.keys() == there.keys()
    assert all(np.array_equal(back[name], there[name].astype(np.float32)) for name in back)
    theirs, written = (json.loads((f / "config.json").read_text()) for f in (FOLDER, tmp_path / "theirs"))
    for stack in ("encoder", "decoder"):
        both = written[stack].keys() & theirs[stack].keys()
        assert len(both) > 15 and {n: written[stack][n] for n in both} == {n: theirs[stack][n] for n in both}
    assert written["decoder_start_token_id"] == 2
    assert main(["import", f"hf:{tmp_path / 'theirs'}", "--out", str(tmp_path / "again"), "--skip_certificate"]) == 0
    assert (tmp_path / "again/weights.safetensors").read_bytes() == (ours / "weights.safetensors").read_bytes()
    with pytest.raises(CheckpointError, match="an encoder-decoder of a decoder's layers, which T5X's checkpoints"):
        export_weights(ours, "t5x", tmp_path / "t5x")


def test_what_an_adapted_gemma_shares_is_written_for_both_stacks(imported, tmp_path):
    config = imported[1].replace(token_tables="shared", embeddings="untied", window=None, global_every=None)
    params = jax.tree.map(np.asarray, jax.jit(init_params, static_argnums=0)(config, jax.random.key(0)))
    save_weights(tmp_path / "ours", params, config.to_json())
    export_weights(tmp_path / "ours", "hf", tmp_path / "theirs")
    model = open_hugging_face(tmp_path / "theirs")
    assert model.config == config.replace(token_tables="each_stack")
    for name in (TABLE, "model.encoder.embed_tokens.weight"):
        np.testing.assert_array_equal(model.tensors.read(name), params["token_embedder"]["embedding"])
    np.testing.assert_array_equal(model.tensors.read(HEAD).T, params["decoder"]["logits_dense"]["kernel"])


def test_a_matrix_that_is_tied_may_be_there_under_either_name(imported, editable):
    folder, edit = editable
    tensors = load_file(folder / "model.safetensors")
    save_file(tensors | {HEAD: tensors[TABLE]}, folder / "model.safetensors")
    model = open_hugging_face(folder)
    assert model.config == imported[1] and model.notes == (f"left out {HEAD}: a copy of {TABLE}",)
    edit(tie_word_embeddings=False)
    assert open_hugging_face(folder).config.embeddings == "untied"
    edit(tie_word_embeddings=True)
    save_file({n: a for n, a in tensors.items() if n != TABLE} | {HEAD: tensors[TABLE]}, folder / "model.safetensors")
    model = open_hugging_face(folder)
    np.testing.assert_array_equal(model.tensors.read(TABLE), tensors[TABLE])
    save_file(tensors | {HEAD: tensors[TABLE] + 1}, folder / "model.safetensors")
    with pytest.raises(
        CheckpointError, match=r"differs from model\.decoder\.embed_tokens\.weight, and config\.json ties"
    ):
        open_hugging_face(folder)


def test_a_folder_of_transformers_4_says_the_same(imported, editable):
    """A base outside of a rotation's settings, and defaults left out."""
    folder, edit = editable
    edit(("encoder", "decoder"), rope_parameters=..., rope_theta=10000.0, layer_types=..., rms_norm_eps=...)
    assert open_hugging_face(folder).config == imported[1]


@pytest.mark.parametrize(
    ("stacks", "changes", "words"),
    [
        (["encoder"], {"hidden_size": 16}, "hidden_size: 16 in the encoder, 32 in the decoder, ours one for both"),
        (["encoder"], {"layer_types": ["full_attention"] * 3}, "layer_types: {} in the encoder, {'window': 5"),
        (["decoder"], {"rope_parameters": {"rope_theta": 5.0}}, "rotation: {'rope_theta': 10000.0} in the encoder, "),
        (["encoder"], {"hidden_activation": "silu"}, "encoder.hidden_activation: 'silu', ours 'gelu_pytorch_tanh'"),
        (["decoder"], {"attention_bias": True}, "decoder.attention_bias: True, ours False"),
        (["decoder"], {"pad_token_id": 3}, "decoder.pad_token_id: 3, ours 0"),
        (["encoder"], {"attn_logit_softcapping": None}, "attn_logit_softcapping: None in the encoder, 3.0 in the dec"),
        ((), {"decoder": None}, "a t5gemma without decoder in its config.json"),
        ((), {"is_encoder_decoder": False}, "is_encoder_decoder: False, ours True"),
        ((), {"model_type": "t5gemma2"}, "T5Gemma 2 merges cross-attention with self-attention"),
        (["decoder"], {"num_hidden_layers": 1, "layer_types": ...}, "layer_types: {'window': 5, 'global_every': 2}"),
    ],
)
def test_a_model_that_ours_cannot_be_is_refused_with_its_reason(stacks, changes, words, editable):
    folder, edit = editable
    edit(stacks, **changes)
    with pytest.raises(CheckpointError) as error:
        open_hugging_face(folder)
    assert words in str(error.value), error.value


def test_an_adapted_llama_has_no_family_in_transformers(tmp_path):
    config = EncoderDecoderConfig(
        vocab_size=16, emb_dim=8, num_layers=1, num_encoder_layers=1, num_heads=1, num_kv_heads=1, head_dim=8, mlp_dim=8
    )
    params = jax.tree.map(np.asarray, init_params(config, jax.random.key(0)))
    save_weights(tmp_path / "ours", params, config.to_json())
    with pytest.raises(CheckpointError) as error:
        export_weights(tmp_path / "ours", "hf", tmp_path / "theirs")
    text = str(error.value)
    assert "t5gemma: norm_scale whole, norm_sides before, mlp swiglu, embeddings_scale one" in text
    assert "llama: it has an encoder" in text and "t5: its layers are a decoder's, with rotations" in text


@pytest.mark.skipif(why_no_reference() is not None, reason=str(why_no_reference()))
def test_what_is_exported_computes_in_transformers_what_it_does_here(imported, tmp_path):
    # Of a window that ends where its inputs do: version 5 of transformers has encoders see one position more.
    config = imported[1].replace(window=40)
    save_weights(tmp_path / "ours", imported[2], config.to_json())
    export_weights(tmp_path / "ours", "hf", tmp_path / "theirs")
    assert compare_with_transformers(config, imported[2], tmp_path / "theirs").relative_error < 1e-5
