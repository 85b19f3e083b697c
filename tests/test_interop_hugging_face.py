"""Hugging Face folders in and out, against transformers' own numbers, and folders that are not what they seem."""

import dataclasses
import json
import pathlib
import shutil

import jax
import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from sentencepiece import sentencepiece_model_pb2
from shared import shared_path

from flan_jax.checkpoints.find import find_weights
from flan_jax.checkpoints.weights import load_weights
from flan_jax.cli.main import main
from flan_jax.core import assets
from flan_jax.core.errors import CheckpointError
from flan_jax.interop.certificate import compare_with_transformers, why_no_reference
from flan_jax.interop.hugging_face import open_hugging_face
from flan_jax.interop.safetensors_writer import SafetensorsWriter
from flan_jax.models import decode_teacher_forced, encode, model_from_json


def hf_folder(name: str) -> pathlib.Path:
    return shared_path(f"peers/hf/{name}")


@pytest.fixture
def editable(tmp_path):
    """A copy of the T5 1.1 folder, and a function that edits its config."""
    folder = tmp_path / "hf"
    shutil.copytree(hf_folder("t5_v1_1"), folder)
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)

    def edit(**changes):
        settings = json.loads((folder / "config.json").read_text())
        settings = {key: value for key, value in (settings | changes).items() if value is not ...}
        (folder / "config.json").write_text(json.dumps(settings))

    return folder, edit


def edit_tensors(folder: pathlib.Path, **changes) -> None:
    """Replaces tensors (`__` stands for `.`), or removes those given as None."""
    tensors = load_file(folder / "model.safetensors")
    tensors |= {name.replace("__", "."): value for name, value in changes.items()}
    save_file({name: value for name, value in tensors.items() if value is not None}, folder / "model.safetensors")


def import_from(folder: pathlib.Path, out: pathlib.Path, *flags: str) -> int:
    return main(["import", f"hf:{folder}", "--out", str(out), "--skip_certificate", *flags])


@pytest.mark.parametrize("name", ["t5_v1_1", "mt5"])
def test_imported_logits_are_hugging_faces(name, tmp_path):
    assert import_from(hf_folder(name), tmp_path / "ours") == 0
    source = find_weights(tmp_path / "ours")
    config = source.model_config()
    assert (config.num_encoder_layers, config.num_decoder_layers, config.vocab_size) == (2, 3, 512)
    params, _ = load_weights(tmp_path / "ours")
    reference = np.load(hf_folder(name) / "reference.npz")
    mask = reference["attention_mask"]

    @jax.jit
    def run(params):
        encoded = encode(config, params, reference["input_ids"], mask)
        return decode_teacher_forced(config, params, encoded, mask, reference["decoder_input_ids"])

    logits = run(params)
    np.testing.assert_allclose(logits, reference["logits"], atol=5e-5)


@pytest.mark.parametrize("max_shard_bytes", ["5000000000", "150000"])
def test_there_and_back_is_bit_equal(max_shard_bytes, tmp_path):
    assert import_from(hf_folder("mt5"), tmp_path / "ours") == 0
    flags = ["--to", "hf", "--out", str(tmp_path / "theirs"), "--max_shard_bytes", max_shard_bytes]
    assert main(["export", "--checkpoint", str(tmp_path / "ours"), *flags]) == 0
    there = load_file(hf_folder("mt5") / "model.safetensors")
    files = sorted((tmp_path / "theirs").glob("*.safetensors"))
    assert (len(files) > 3) == (max_shard_bytes == "150000") and (len(files) == 1) == (max_shard_bytes != "150000")
    back = {name: tensor for file in files for name, tensor in load_file(file).items()}
    assert back.keys() == there.keys()
    assert all(np.array_equal(back[name], there[name]) for name in there)
    if len(files) > 1:
        index = json.loads((tmp_path / "theirs/model.safetensors.index.json").read_text())
        assert index["weight_map"].keys() == there.keys()
        assert index["metadata"]["total_size"] == sum(tensor.nbytes for tensor in there.values())
    settings = json.loads((tmp_path / "theirs/config.json").read_text())
    assert settings["tie_word_embeddings"] is False  # what transformers 4 and 5 both read right
    assert import_from(tmp_path / "theirs", tmp_path / "again") == 0
    assert (tmp_path / "again/weights.safetensors").read_bytes() == (tmp_path / "ours/weights.safetensors").read_bytes()


def test_exporting_again_leaves_no_shards_of_before(tmp_path):
    assert import_from(hf_folder("mt5"), tmp_path / "ours") == 0
    export = ["export", "--checkpoint", str(tmp_path / "ours"), "--to", "hf", "--out", str(tmp_path / "theirs")]
    for max_bytes, num_weight_files in (("150000", 8), ("300000", 4), ("5000000", 1)):
        assert main([*export, "--max_shard_bytes", max_bytes]) == 0
        found = {file.name for file in (tmp_path / "theirs").glob("model*")}
        assert len(found - {"model.safetensors.index.json"}) == num_weight_files
    assert found == {"model.safetensors"}


def test_a_folder_of_another_model_or_tokenizer_is_left_alone(tmp_path, capsys):
    assert import_from(hf_folder("mt5"), tmp_path / "ours") == 0
    theirs = tmp_path / "theirs"
    export = ["export", "--checkpoint", str(tmp_path / "ours"), "--to", "hf", "--out", str(theirs)]
    theirs.mkdir()
    for name in ("pytorch_model.bin", "merges.txt", "tokenizer.json"):
        (theirs / name).write_text("{}")
        assert main(export) == 2 and [path.name for path in theirs.iterdir()] == [name]
        assert f"theirs holds {name}, which this export would leave beside its own" in capsys.readouterr().err
        (theirs / name).unlink()
    assert main(export) == 0
    config = json.loads((theirs / "config.json").read_text())
    (theirs / "config.json").write_text(json.dumps({**config, "d_ff": 7}))
    assert main(export) == 2
    assert f"holds another model: its config.json has d_ff 7, this one {config['d_ff']}: give another" in (
        capsys.readouterr().err
    )


def test_the_exported_folder_computes_the_same_in_transformers(tmp_path):
    if (reason := why_no_reference()) is not None:
        pytest.skip(reason)
    pytest.importorskip("transformers", reason="loads the exported folder")
    assert import_from(hf_folder("t5_v1_1"), tmp_path / "ours") == 0
    export = ["export", "--checkpoint", str(tmp_path / "ours"), "--to", "hf", "--out", str(tmp_path / "theirs")]
    assert main(export) == 0
    params, info = load_weights(tmp_path / "ours")
    certificate = compare_with_transformers(model_from_json(info["model"]), params, tmp_path / "theirs")
    assert certificate.relative_error < 1e-4


def test_both_generations_of_config_give_one_model(editable):
    folder, edit = editable
    newer = open_hugging_face(folder).config
    edit(tie_word_embeddings=False, scale_decoder_outputs=..., num_decoder_layers=3, dense_act_fn=..., dtype=...)
    assert open_hugging_face(folder).config == newer


def test_a_vocabulary_travels_along(editable, tmp_path):
    folder, _ = editable
    shutil.copyfile(assets.EMBEDDED_VOCAB, folder / "spiece.model")
    assert import_from(folder, tmp_path / "small") == 0
    assert find_weights(tmp_path / "small").vocab_path is None  # 512 rows are fewer than its pieces
    assert import_from(folder, tmp_path / "ours", "--vocab_size", "8320") == 0
    source = find_weights(tmp_path / "ours")
    assert source.vocab_path is not None and source.vocab_path.read_bytes() == assets.EMBEDDED_VOCAB.read_bytes()
    params, _ = load_weights(tmp_path / "ours")
    table = params["token_embedder"]["embedding"]
    assert table.shape == (8320, 64)
    np.testing.assert_allclose(table[512:], np.broadcast_to(table[:512].mean(0), (7808, 64)), atol=1e-6)
    export = ["export", "--checkpoint", str(tmp_path / "ours"), "--to", "hf", "--out", str(tmp_path / "theirs")]
    assert main(export) == 0
    # A BPE model, which T5Tokenizer would misread: it travels under a name that transformers does not look for.
    assert (tmp_path / "theirs/sentencepiece.model").read_bytes() == assets.EMBEDDED_VOCAB.read_bytes()
    assert not (tmp_path / "theirs/spiece.model").exists()
    unigram = sentencepiece_model_pb2.ModelProto.FromString(assets.EMBEDDED_VOCAB.read_bytes())
    unigram.trainer_spec.model_type = unigram.trainer_spec.UNIGRAM
    (tmp_path / "unigram.model").write_bytes(unigram.SerializeToString())
    assert (
        import_from(folder, tmp_path / "two", "--vocab_size", "8320", "--vocab_path", f"{tmp_path}/unigram.model") == 0
    )
    assert main([*export[:2], str(tmp_path / "two"), *export[3:]]) == 2  # the other tokenizer would stay
    assert main([*export[:2], str(tmp_path / "two"), *export[3:-1], str(tmp_path / "unigram")]) == 0
    assert (tmp_path / "unigram/spiece.model").read_bytes() == (tmp_path / "unigram.model").read_bytes()


def test_stored_dtype(editable, tmp_path):
    folder, _ = editable
    assert import_from(folder, tmp_path / "rounded", "--dtype", "bfloat16") == 0
    rounded = load_file(tmp_path / "rounded/weights.safetensors")
    assert {tensor.dtype for tensor in rounded.values()} == {np.dtype(ml_dtypes.bfloat16)}
    tensors = load_file(folder / "model.safetensors")
    save_file({n: t.astype(ml_dtypes.bfloat16) for n, t in tensors.items()}, folder / "model.safetensors")
    assert import_from(folder, tmp_path / "kept") == 0  # bfloat16 stays bfloat16 unless told otherwise
    kept = (tmp_path / "kept/weights.safetensors").read_bytes()
    assert kept == (tmp_path / "rounded/weights.safetensors").read_bytes()


def test_copies_of_the_token_table_are_left_out(editable):
    folder, _ = editable
    table = load_file(folder / "model.safetensors")["shared.weight"]
    edit_tensors(folder, encoder__embed_tokens__weight=table)
    assert open_hugging_face(folder).notes == ("left out encoder.embed_tokens.weight: a copy of shared.weight",)
    edit_tensors(folder, encoder__embed_tokens__weight=table + 1)
    with pytest.raises(CheckpointError, match="differs from shared"):
        open_hugging_face(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model_type": "umt5"}, "decoder.block.1.layer.0.SelfAttention.relative_attention_bias.weight: expected"),
        ({"feed_forward_proj": "gated-tanh"}, "feed_forward_proj: 'gated-tanh', ours one of relu"),
        ({"dense_act_fn": "silu"}, "dense_act_fn: 'silu', ours 'gelu_new'"),
        ({"layer_norm_epsilon": 1e-5}, "layer_norm_epsilon: 1e-05"),
        ({"scale_decoder_outputs": True}, "scale_decoder_outputs: True"),
        ({"d_ff": ...}, "has no 'd_ff'"),
        ({"num_heads": "4"}, "num_heads"),
        ({"d_ff": 128}, r"wi_0.weight: expected \[128, 64\], found \[96, 64\]"),
        ({"num_layers": 3}, r"encoder.block.2.layer.0.SelfAttention.k.weight: expected \[48, 64\], missing"),
        ({"num_layers": 1}, r"encoder.block.1.layer.0.SelfAttention.k.weight: not in this model, found \[48, 64\]"),
    ],
)
def test_a_config_that_does_not_fit_is_named(editable, change, reason):
    folder, edit = editable
    edit(**change)
    with pytest.raises(CheckpointError, match=reason):
        open_hugging_face(folder)


def test_damaged_folders_are_named(editable, tmp_path, capsys):
    folder, _ = editable
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()

    def error() -> str:
        assert import_from(folder, tmp_path / "ours") == 2
        assert not (tmp_path / "ours").exists()
        return capsys.readouterr().err

    edit_tensors(folder, lm_head__weight=None)
    assert "lm_head.weight is absent" in error()
    weights.write_bytes(whole)
    edit_tensors(folder, shared__weight=np.zeros((512, 64), np.int8))
    assert "shared.weight: expected float32, bfloat16 or float16, found I8" in error()
    weights.write_bytes(whole[:-100])
    assert "no whole safetensors file" in error()
    weights.write_bytes(b"")
    assert "no whole safetensors file" in error()
    weights.unlink()
    (folder / "pytorch_model.bin").touch()
    assert "pytorch_model.bin, which can run code" in error()
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-00001-of-00002.safetensors"}}')
    assert "model-00001-of-00002.safetensors does not exist" in error()
    (folder / "config.json").write_text("{")
    assert "not JSON" in error()
    shutil.rmtree(folder)
    assert "is no folder" in error()
    assert main(["import", "hff:x", "--out", str(tmp_path / "ours")]) == 2
    assert "did you mean hf" in capsys.readouterr().err


def test_weights_that_are_there_are_not_overwritten(tmp_path, capsys):
    assert import_from(hf_folder("mt5"), tmp_path / "ours") == 0
    assert import_from(hf_folder("t5_v1_1"), tmp_path / "ours") == 2
    assert "holds weights already" in capsys.readouterr().err


def test_the_writer_writes_what_the_library_does(tmp_path):
    rng = np.random.default_rng(0)
    tensors = {"b": rng.normal(size=(3, 2, 5)).astype(np.float32), "a": rng.normal(size=7).astype(np.float32)}
    save_file(tensors, tmp_path / "library", metadata={"format": "pt"})
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    with SafetensorsWriter(tmp_path / "ours", shapes, "float32", {"format": "pt"}) as out:
        for layer in (2, 0, 1):
            out.write("b", tensors["b"][layer], layer)
        out.write("a", tensors["a"])
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "library").read_bytes()
    with pytest.raises(ValueError, match="40 bytes"), SafetensorsWriter(tmp_path / "part", shapes, "float32") as out:
        out.write("b", tensors["b"][0], 0)
        out.write("b", tensors["b"][1], 1)
        out.write("a", tensors["a"])
    assert {file.name for file in tmp_path.iterdir()} == {"ours", "library"}


def test_a_full_disk_is_foreseen(tmp_path, monkeypatch, capsys):
    usage = shutil.disk_usage(tmp_path)
    tight = dataclasses.make_dataclass("Usage", ["total", "used", "free"])(usage.total, usage.used, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: tight)
    assert import_from(hf_folder("mt5"), tmp_path / "ours") == 2
    assert "0.0 MiB free" in capsys.readouterr().err
    assert not list((tmp_path / "ours").iterdir())
