"""Decoders' folders against transformers' own numbers, packed and unpacked, there and back, and damaged ones."""

import dataclasses
import json
import pathlib
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax.traverse_util import flatten_dict
from safetensors.numpy import load_file, save_file
from shared import shared_path

from flan_jax.checkpoints.find import find_weights
from flan_jax.checkpoints.weights import load_weights, save_weights
from flan_jax.cli.main import main
from flan_jax.core.errors import CheckpointError
from flan_jax.decode import Greedy, Stop, generate
from flan_jax.interop.certificate import compare_with_transformers, why_no_reference
from flan_jax.interop.hugging_face import hugging_face_pieces, open_hugging_face, write_hugging_face
from flan_jax.interop.importing import import_weights
from flan_jax.interop.tensors import SafetensorsTensors
from flan_jax.models import DecoderConfig, forward, param_shapes
from flan_jax.train.loss import loss_parts

DATA = pathlib.Path(__file__).parent / "data"
# Those of tests/data/families: each has what the others have not. gemma3: norms on both sides and of heads, windows in
# three layers of four, two rotations, one of them scaled; gemma2: soft caps; llama3: its scaled rotation; qwen2:
# biases; qwen3: a window in every layer, norms of heads.
SMALL = ["gemma3", "gemma2", "llama3", "qwen2", "qwen3"]
FAMILIES = ["llama", "gpt2", *SMALL]
LINEAR = {"rope_type": "linear", "factor": 3.0}
NESTED = {"full_attention": LINEAR, "sliding_attention": {"rope_type": "default"}}
TWO_PLACES = "rope_type: default in rope_parameters, linear in rope_scaling: leave one"
each_family = pytest.mark.parametrize("family", FAMILIES)


def folder_of(family: str) -> pathlib.Path:
    if family in SMALL:
        return DATA / "families" / family
    return DATA / "gpt2_tiny" if family == "gpt2" else shared_path("peers/hf/llama")


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """family -> (config, params, transformers' numbers) after `flan-jax import`."""
    found = {}

    def get(family):
        if family not in found:
            out = tmp_path_factory.mktemp(family) / "ours"
            assert main(["import", f"hf:{folder_of(family)}", "--out", str(out), "--skip_certificate"]) == 0
            params, _ = load_weights(out)
            found[family] = (
                find_weights(out).model_config(),
                params,
                np.load(folder_of(family) / "reference.npz"),
                out,
            )
        return found[family]

    return get


@pytest.fixture
def editable(tmp_path):
    """family -> (a copy of its folder, a function that edits its config)."""

    def copy(family):
        folder = tmp_path / "theirs"
        folder.mkdir()
        for name in ("config.json", "model.safetensors"):
            shutil.copyfile(folder_of(family) / name, folder / name)

        def edit(**changes):
            settings = json.loads((folder / "config.json").read_text()) | changes
            kept = {name: value for name, value in settings.items() if value is not ...}
            (folder / "config.json").write_text(json.dumps(kept))

        return folder, edit

    return copy


def loss_and_grads(config, params, batch):
    """Mean cross entropy over what has weight, as transformers' loss, and its gradient."""

    def loss(params):
        logits = forward(config, params, batch)
        parts = loss_parts(logits, batch["decoder_target_tokens"], batch["decoder_loss_weights"])
        return parts.loss_sum / parts.weight_sum, logits

    (value, logits), grads = jax.jit(jax.value_and_grad(loss, has_aux=True))(params)
    return value, logits, grads


def unpacked(reference):
    ids, mask, labels = reference["input_ids"], reference["attention_mask"], reference["labels"]
    targets = np.concatenate([labels[:, 1:], np.full((len(labels), 1), -100)], axis=1)
    return {
        "decoder_input_tokens": jnp.array(ids, jnp.int32),
        "decoder_segment_ids": jnp.array(mask, jnp.int32),
        "decoder_target_tokens": jnp.array(np.maximum(targets, 0), jnp.int32),
        "decoder_loss_weights": jnp.array(targets >= 0, jnp.float32),
    }


def packed(reference):
    """All rows in one, without padding."""
    rows = unpacked(reference)
    lengths = np.asarray(reference["attention_mask"]).sum(axis=1)
    batch = {
        name: np.concatenate([np.asarray(v)[i, :n] for i, n in enumerate(lengths)])[None] for name, v in rows.items()
    }
    batch["decoder_segment_ids"] = np.repeat(np.arange(1, len(lengths) + 1), lengths)[None].astype(np.int32)
    batch["decoder_positions"] = np.concatenate([np.arange(n) for n in lengths])[None].astype(np.int32)
    return batch


@each_family
def test_logits_loss_and_gradients_are_transformers(family, imported):
    config, params, reference, _ = imported(family)
    with jax.default_matmul_precision("highest"):
        loss, logits, grads = loss_and_grads(config, params, unpacked(reference))
        row = packed(reference)
        row_loss, row_logits, row_grads = loss_and_grads(config, params, row)
    is_real = reference["attention_mask"] > 0
    scale = np.abs(reference["logits"][is_real]).max()
    np.testing.assert_allclose(logits[is_real] / scale, reference["logits"][is_real] / scale, atol=1e-5)
    np.testing.assert_allclose(row_logits[0] / scale, reference["logits"][is_real] / scale, atol=1e-5)
    np.testing.assert_allclose([loss, row_loss], [reference["loss"]] * 2, rtol=1e-5)
    for found in (grads, row_grads):
        theirs = as_theirs(config, found)
        names = [name.removeprefix("grad_norm/") for name in reference.files if name.startswith("grad_norm/")]
        assert len(names) > 9 * config.num_layers
        for name in names:
            norm = float(np.linalg.norm(theirs[name]))
            np.testing.assert_allclose(norm, reference[f"grad_norm/{name}"], rtol=2e-4, err_msg=name)
        whole = [name.removeprefix("grad/") for name in reference.files if name.startswith("grad/")]
        assert whole
        for name in whole:
            expected = reference[f"grad/{name}"]
            np.testing.assert_allclose(theirs[name], expected, atol=1e-4 * np.abs(expected).max(), err_msg=name)


def as_theirs(config, tree):
    """Our tree as their named arrays."""
    flat = flatten_dict(tree, sep="/")
    parts: dict[str, list] = {}
    for piece in hugging_face_pieces(config):
        array = np.asarray(flat[piece.ours] if piece.layer is None else flat[piece.ours][piece.layer])
        parts.setdefault(piece.theirs, []).append((piece.part or (0, 1), piece.turn(array)))
    return {
        name: np.concatenate([array for _, array in sorted(found, key=lambda p: p[0])], axis=-1)
        for name, found in parts.items()
    }


@each_family
def test_greedy_generations_are_transformers(family, imported):
    config, params, reference, _ = imported(family)
    expected = reference["greedy_ids"]
    eos = json.loads((folder_of(family) / "config.json").read_text())["eos_token_id"]
    num_rows = len(expected)
    # The prompts are what the reference's rows begin with.
    longest = min(expected.shape[1], reference["input_ids"].shape[1])
    is_same = (expected[:, :longest] == reference["input_ids"][:num_rows, :longest]).all(axis=0)
    prompt_len = int(np.argmin(is_same))
    prompts = reference["input_ids"][:num_rows, :prompt_len]
    out = generate(
        config,
        params,
        jnp.array(prompts, jnp.int32),
        jnp.full(num_rows, prompt_len),
        jnp.full(num_rows, expected.shape[1] - prompt_len),
        expected.shape[1] - prompt_len,
        Greedy(),
        stop=Stop(eos_ids=(eos,)),
    )
    assert prompt_len > 4 and expected.shape[1] - prompt_len > 10
    for row in range(num_rows):
        n = int(out.num_tokens_BM[row, 0])
        np.testing.assert_array_equal(out.tokens_BMT[row, 0, :n], expected[row, prompt_len : prompt_len + n])


@each_family
@pytest.mark.parametrize("max_shard_bytes", ["5000000000", "30000"])
def test_there_and_back_is_bit_equal(family, max_shard_bytes, imported, tmp_path):
    *_, ours = imported(family)
    flags = ["--to", "hf", "--out", str(tmp_path / "theirs"), "--max_shard_bytes", max_shard_bytes]
    assert main(["export", "--checkpoint", str(ours), *flags]) == 0
    there = load_file(folder_of(family) / "model.safetensors")
    files = sorted((tmp_path / "theirs").glob("*.safetensors"))
    assert (len(files) > 1) == (max_shard_bytes == "30000")
    back = {name: tensor for file in files for name, tensor in load_file(file).items()}
    assert back.keys() == there.keys()
    assert all(np.array_equal(back[name], there[name].astype(np.float32)) for name in there)
    settings, original = (
        json.loads((folder / "config.json").read_text()) for folder in (tmp_path / "theirs", folder_of(family))
    )
    # Ids are the tokenizer's to say, and none came with these.
    same = settings.keys() & original.keys() - {"torch_dtype", "dtype", "bos_token_id", "eos_token_id"}
    assert {name: settings[name] for name in same} == {name: original[name] for name in same}
    assert main(["import", f"hf:{tmp_path / 'theirs'}", "--out", str(tmp_path / "again"), "--skip_certificate"]) == 0
    assert (tmp_path / "again/weights.safetensors").read_bytes() == (ours / "weights.safetensors").read_bytes()


@each_family
def test_the_exported_folder_computes_the_same_in_transformers(family, imported, tmp_path):
    if (reason := why_no_reference()) is not None:
        pytest.skip(reason)
    config, params, _, ours = imported(family)
    main(["export", "--checkpoint", str(ours), "--to", "hf", "--out", str(tmp_path / "theirs")])
    assert compare_with_transformers(config, params, tmp_path / "theirs").relative_error < 1e-5


def test_both_generations_of_llama_folders_say_the_same(editable):
    folder, edit = editable("llama")
    new = open_hugging_face(folder).config
    edit(rope_parameters=..., rope_theta=10000.0, head_dim=..., rope_scaling=None)
    assert open_hugging_face(folder).config == new
    edit(rope_theta=500000.0)
    assert open_hugging_face(folder).config.rope_theta == 500000.0
    edit(rope_parameters={"rope_theta": 250000.0, "rope_type": "default"}, rope_theta=...)
    assert open_hugging_face(folder).config.rope_theta == 250000.0


@pytest.mark.parametrize(
    "rope",
    [
        {"type": "linear", "factor": 3.0},
        {"type": "linear", "rope_type": "linear", "factor": 3.0, "beta_fast": None},
        {"rope_type": "linear", "factor": 3.0, "original_max_position_embeddings": 512},
    ],
)
def test_a_scaled_rotation_by_either_name_of_its_type(rope, editable):
    folder, edit = editable("llama")
    edit(rope_parameters=..., rope_scaling=rope)
    config = open_hugging_face(folder).config
    assert (config.rope_scaling, config.rope_factor) == ("linear", 3.0)
    edit(rope_scaling={"rope_type": "default", "factor": 1.0})
    assert open_hugging_face(folder).config.rope_scaling == "none"


@pytest.mark.parametrize("tied_setting", [True, False, ...])
def test_the_tensor_decides_whether_outputs_are_tied(tied_setting, editable):
    folder, edit = editable("llama")
    edit(tie_word_embeddings=tied_setting)
    assert open_hugging_face(folder).config.embeddings == "untied"
    tensors = load_file(folder / "model.safetensors")
    del tensors["lm_head.weight"]
    save_file(tensors, folder / "model.safetensors")
    if tied_setting is False:  # a lost file, or a wrong word: which of them, only people know
        with pytest.raises(CheckpointError, match=r"tie_word_embeddings is false, and there is no lm_head.weight"):
            open_hugging_face(folder)
    else:
        assert open_hugging_face(folder).config.embeddings == "tied"


@pytest.mark.parametrize("prefix", ["language_model.model.", "model.language_model."])
def test_the_text_part_of_a_gemma_with_a_vision_tower_is_read(prefix, editable):
    folder, edit = editable("gemma3")
    alone = open_hugging_face(folder)
    text = json.loads((folder / "config.json").read_text())
    edit(model_type="gemma3", text_config=text, vision_config={}, **dict.fromkeys(text.keys() - {"model_type"}, ...))
    tensors = load_file(folder / "model.safetensors")
    named = {prefix + name.removeprefix("model."): array for name, array in tensors.items()}
    towers = {f"model.vision_tower.layer.{i}.weight": np.ones((2, 2), np.float32) for i in range(3)}
    save_file(named | towers, folder / "model.safetensors")
    model = open_hugging_face(folder)
    assert model.config == alone.config
    assert model.notes == (
        "left out 3 tensors of the vision tower, such as model.vision_tower.layer.0.weight: text is what it reads",
    )
    for piece in model.pieces:
        np.testing.assert_array_equal(model.tensors.read(piece.theirs), alone.tensors.read(piece.theirs))


def test_a_gemma_of_transformers_4_says_the_same(editable):
    """Published config.json files: defaults left out, the pattern as a number, the two bases by names of their own."""
    folder, edit = editable("gemma3")
    new = open_hugging_face(folder).config
    edit(
        layer_types=...,
        rope_parameters=...,
        attn_logit_softcapping=...,
        sliding_window_pattern=3,
        rope_theta=1000000.0,
        rope_local_base_freq=10000,
        rope_scaling={"factor": 4.0, "rope_type": "linear"},
    )
    assert open_hugging_face(folder).config == new
    edit(sliding_window_pattern=..., _sliding_window_pattern=..., query_pre_attn_scalar=...)
    found = open_hugging_face(folder).config
    assert (found.global_every, found.query_scalar, found.local_rope_theta) == (None, 256.0, 10000.0)


def test_gpt2_folders_of_openais_names_with_masks_and_copies_are_read(editable):
    folder, _ = editable("gpt2")
    expected = open_hugging_face(folder)
    tensors = load_file(folder / "model.safetensors")
    bare = {name.removeprefix("transformer."): value for name, value in tensors.items()}
    bare |= {f"h.{i}.attn.bias": np.ones((1, 1, 48, 48), np.float32) for i in range(3)}
    save_file(bare | {"lm_head.weight": bare["wte.weight"]}, folder / "model.safetensors")
    model = open_hugging_face(folder)
    assert model.config == expected.config and len(model.notes) == 4
    for piece in model.pieces:
        np.testing.assert_array_equal(model.tensors.read(piece.theirs), expected.tensors.read(piece.theirs))
    save_file(bare | {"lm_head.weight": bare["wte.weight"] + 1}, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"lm_head\.weight differs from transformer\.wte\.weight"):
        open_hugging_face(folder)


@pytest.mark.parametrize(
    ("family", "changes", "words"),
    [
        ("llama", {"hidden_act": "gelu"}, ["hidden_act", "'gelu'", "'silu'"]),
        ("llama", {"attention_bias": True}, ["attention_bias", "True"]),
        ("llama", {"rope_parameters": {"rope_type": "yarn", "factor": 4.0}}, ["rope_type: 'yarn'", "'llama3'"]),
        ("llama", {"rope_scaling": LINEAR}, [TWO_PLACES]),
        ("qwen3", {"rope_scaling": LINEAR}, [TWO_PLACES]),
        ("gemma2", {"rope_scaling": LINEAR}, ["factor: absent in rope_parameters, 3.0 in rope_scaling: leave one"]),
        ("gemma3", {"rope_scaling": LINEAR}, ["factor:", "3.0 in rope_scaling: leave one"]),
        ("llama", {"rope_theta": 5.0}, ["rope_theta: 5.0, and 10000.0 in rope_parameters: leave one"]),
        (
            "gemma3",
            {"sliding_window_pattern": 5},
            ["sliding_window_pattern: 5, and layer_types take other turns: leave"],
        ),
        ("gemma3", {"rope_local_base_freq": 5.0}, ["rope_theta: 5.0, and", "in rope_parameters: leave one"]),
        ("llama", {"rope_scaling": {"type": "dynamic"}, "rope_parameters": ...}, ["rope_type: 'dynamic'"]),
        ("llama3", {"rope_parameters": {"rope_type": "llama3"}}, ["low_freq_factor: missing", "'llama3'"]),
        ("llama3", {"rope_parameters": {"partial_rotary_factor": 0.5}}, ["partial_rotary_factor: 0.5, ours 1.0"]),
        (
            "llama",
            {"rope_scaling": {"factor": 4.0}, "rope_parameters": ...},
            ["factor: 4.0 without a rope_type", "'lin"],
        ),
        ("qwen2", {"rope_parameters": {"factor": 4.0}}, ["factor: 4.0 without a rope_type"]),
        ("gemma3", {"rope_parameters": {"full_attention": {"factor": 4.0}}}, ["factor: 4.0 without a rope_type"]),
        ("llama", {"rope_parameters": {"rope_type": "default", "factor": 4.0}}, ["factor: 4.0 of rope_type 'default'"]),
        ("llama", {"rope_parameters": LINEAR | {"attention_factor": 2}}, ["attention_factor: 2", "ours takes factor"]),
        (
            "llama",
            {"rope_parameters": LINEAR | {"type": "default"}},
            ["type: 'default', and rope_type 'linear': leave"],
        ),
        ("llama", {"rope_parameters": NESTED}, ["rope_parameters.full_attention: {'rope_type'", "ours one rotation"]),
        ("qwen2", {"rope_parameters": NESTED}, ["rope_parameters.full_attention: {'rope_type'", "ours one rotation"]),
        ("gemma2", {"rope_parameters": NESTED}, ["rope_parameters.full_attention: {'rope_type'", "ours one rotation"]),
        (
            "gemma3",
            {"rope_parameters": LINEAR},
            ["rope_parameters: factor 3.0, rope_type 'linear'", "ours one rotation"],
        ),
        ("gemma3", {"rope_parameters": NESTED | {"chunked_attention": {}}}, ["rope_parameters: chunked_attention {}"]),
        ("gemma3", {"hidden_activation": "silu"}, ["hidden_activation: 'silu'", "gelu_pytorch_tanh"]),
        ("gemma3", {"use_bidirectional_attention": True}, ["use_bidirectional_attention: True, ours False"]),
        ("gemma3", {"attn_logit_softcapping": 50.0}, ["attn_logit_softcapping: 50.0", "unused"]),
        ("gemma3", {"layer_types": ["full_attention", *["sliding_attention"] * 3]}, ["layer_types: full_attention, s"]),
        ("gemma3", {"layer_types": ["chunked_attention"] * 4}, ["layer_types: chunked_attention", "ours"]),
        ("gemma3", {"model_type": "gemma3"}, ["without text_config"]),
        (
            "qwen2",
            {"use_sliding_window": True, "sliding_window": 4, "max_window_layers": 1, "layer_types": ...},
            ["layer_types: full_att"],
        ),
        ("qwen3", {"attention_bias": True}, ["attention_bias: True, ours False"]),
        ("llama", {"sliding_window": 16}, ["sliding_window: 16, ours None"]),
        ("llama", {"num_key_value_heads": 3}, ["num_kv_heads 3", "num_heads 4"]),
        ("llama", {"hidden_size": ...}, ["no 'hidden_size'", "copy it again"]),
        ("llama", {"num_hidden_layers": 2}, ["model.layers.2.", "not in this model", "nothing was written"]),
        ("llama", {"model_type": "lama"}, ["'lama'", "llama", "gpt2", "t5"]),
        ("llama", {"model_type": "mixtral"}, ["experts"]),
        ("gpt2", {"activation_function": "relu"}, ["activation_function", "relu", "gelu_new"]),
        ("gpt2", {"tie_word_embeddings": False}, ["tie_word_embeddings", "False"]),
        ("gpt2", {"n_positions": 64}, ["wpe.weight", "expected [64, 32], found [48, 32]"]),
        ("gpt2", {"n_inner": None}, ["c_fc.weight", "expected [32, 128], found [32, 80]"]),
    ],
)
def test_a_model_that_ours_cannot_be_is_refused_with_its_reason(family, changes, words, editable):
    folder, edit = editable(family)
    edit(**changes)
    with pytest.raises(CheckpointError) as error:
        open_hugging_face(folder)
    assert all(word in str(error.value) for word in words), error.value


def test_damaged_and_foreign_tensors_are_listed(editable, tmp_path):
    folder, _ = editable("llama")
    tensors = load_file(folder / "model.safetensors")
    tensors["model.layers.0.mlp.up_proj.weight"] = tensors["model.layers.0.mlp.up_proj.weight"].astype(np.int8)
    tensors["model.layers.1.self_attn.q_proj.bias"] = np.zeros(64, np.float32)
    del tensors["model.norm.weight"]
    save_file(tensors, folder / "model.safetensors")
    with pytest.raises(CheckpointError) as error:
        main_import(folder, tmp_path / "out")
    text = str(error.value)
    assert "3 of " in text and "model.norm.weight: expected [64], missing" in text
    assert (
        "q_proj.bias: not in this model, found [64]" in text and "expected float32, bfloat16 or float16, found" in text
    )
    whole = (folder_of("llama") / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match=r"is no whole safetensors file"):
        main_import(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def main_import(folder, out):
    return import_weights(f"hf:{folder}", out, certify=False)


def test_models_that_transformers_has_no_family_for_are_refused(tmp_path):
    palm = DecoderConfig(64, 16, 1, 2, 1, 8, 16, block="parallel", norm="layernorm")
    zeros = jax.tree.map(lambda leaf: np.zeros(leaf.shape, np.float32), param_shapes(palm))
    save_weights(tmp_path / "palm", zeros, dataclasses.asdict(palm))
    tensors = SafetensorsTensors(tmp_path / "palm", [tmp_path / "palm" / "weights.safetensors"])
    with pytest.raises(CheckpointError) as error:
        write_hugging_face(tmp_path / "out", palm, tensors, "float32")
    text = str(error.value)
    assert "t5: it has no encoder" in text and "llama: norm layernorm, block parallel" in text and "gpt2: " in text
    assert not (tmp_path / "out").exists()


def test_a_vocabulary_is_resized_with_its_outputs(tmp_path):
    out = tmp_path / "ours"
    flags = ["--vocab_size", "520", "--skip_certificate"]
    assert main(["import", f"hf:{folder_of('llama')}", "--out", str(out), *flags]) == 0
    params, _ = load_weights(out)
    table, matrix = params["token_embedder"]["embedding"], params["decoder"]["logits_dense"]["kernel"]
    assert table.shape == (520, 64) and matrix.shape == (64, 520)
    np.testing.assert_allclose(table[512:], np.repeat(table[:512].mean(0, keepdims=True), 8, 0), atol=1e-6)
