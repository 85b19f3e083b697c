"""T5X checkpoints in and out, against what T5X wrote and computed."""

import dataclasses
import pathlib
import shutil

import jax
import jax.numpy as jnp
import msgpack
import numpy as np
import pytest
from flax import serialization
from safetensors.numpy import load_file
from shared import shared_path

from flan_jax.checkpoints.checkpoint import CheckpointConfig, CheckpointMeta, TrainState
from flan_jax.checkpoints.find import find_weights
from flan_jax.checkpoints.store import Checkpoints
from flan_jax.checkpoints.weights import load_weights
from flan_jax.cli.main import main
from flan_jax.core.errors import CheckpointError
from flan_jax.interop.t5x_checkpoint import open_t5x, write_t5x
from flan_jax.interop.tensors import SafetensorsTensors
from flan_jax.models import T5Config, forward, param_logical_axes, param_shapes
from flan_jax.optim import AdafactorConfig, make_adafactor

KERNEL = "target.encoder.layers_0.mlp.wo.kernel"


def tiny() -> pathlib.Path:
    return shared_path("peers/t5x_tiny")


@pytest.fixture
def editable(tmp_path):
    """A copy of the real checkpoint."""
    folder = tmp_path / "checkpoint_0"
    shutil.copytree(tiny() / "checkpoint/checkpoint_0", folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


def import_from(folder: pathlib.Path, out: pathlib.Path, *flags: str) -> int:
    return main(["import", f"t5x:{folder}", "--out", str(out), *flags])


def index_of(folder: pathlib.Path) -> dict:
    return msgpack.unpackb((folder / "checkpoint").read_bytes(), ext_hook=lambda code, data: (code, data))


def test_zarr_parameters_and_logits_are_t5xs(tmp_path):
    assert import_from(tiny() / "checkpoint", tmp_path / "ours") == 0
    source = find_weights(tmp_path / "ours")
    config = source.model_config()
    assert source.step == 0
    assert config == T5Config(512, 128, 4, 2, 3, 32, 256, dtype="float32")
    params, _ = load_weights(tmp_path / "ours")
    theirs = np.load(tiny() / "params.npz")
    for name in theirs.files:
        ours, parts = params, name.removeprefix("target/").replace(".", "/").split("/")
        layer = next((int(part.removeprefix("layers_")) for part in parts if part.startswith("layers_")), None)
        for part in parts:
            ours = ours["layers" if part.startswith("layers_") else part]
        assert np.array_equal(ours if layer is None else ours[layer], theirs[name]), name
    batch = dict(np.load(tiny() / "batch.npz"))
    logits = jax.jit(forward, static_argnums=0)(config, params, batch)
    real = batch["decoder_segment_ids"] > 0
    np.testing.assert_allclose(
        np.asarray(logits)[real], np.load(tiny() / "forward.npz")["logits"][real], atol=3e-5, rtol=0
    )


def test_there_and_back_is_what_t5x_wrote(tmp_path):
    there = tiny() / "checkpoint/checkpoint_0"
    assert import_from(there, tmp_path / "ours") == 0
    assert main(["export", "--checkpoint", str(tmp_path / "ours"), "--to", "t5x", "--out", str(tmp_path)]) == 0
    back = tmp_path / "checkpoint_0"
    assert index_of(back) == index_of(there)
    files = {file.relative_to(there) for file in there.rglob("*") if file.is_file()}
    assert {file.relative_to(back) for file in back.rglob("*") if file.is_file()} == files
    for file in files:
        if file.name == ".zarray":
            assert (back / file).read_text() == (there / file).read_text()
    assert import_from(back, tmp_path / "again") == 0
    for file in ("weights.safetensors", "adafactor.safetensors"):
        assert (tmp_path / "again" / file).read_bytes() == (tmp_path / "ours" / file).read_bytes()
    assert main(["export", "--checkpoint", str(tmp_path / "ours"), "--to", "t5x", "--out", str(tmp_path)]) == 2


def test_orbax_checkpoint(tmp_path):
    path = shared_path("peers/t5x_orbax_checkpoint_50")
    model = open_t5x(path)
    assert len(model.pieces) == 52 and model.step == 50
    assert model.config == T5Config(32128, 64, 4, 2, 2, 16, 128, dtype="float32")
    assert sum(model.tensors.read(piece.theirs).size for piece in model.pieces) == 4_310_016
    assert model.moments is not None and model.moments["count"] == 50
    assert import_from(path, tmp_path / "ours") == 0
    assert find_weights(tmp_path / "ours").step == 50
    assert main(["export", "--checkpoint", str(tmp_path / "ours"), "--to", "t5x", "--out", str(tmp_path)]) == 0
    back = open_t5x(tmp_path / "checkpoint_50")
    assert back.step == 50 and back.config == model.config
    for piece in model.pieces:
        assert np.array_equal(back.tensors.read(piece.theirs), model.tensors.read(piece.theirs))
    assert back.moments.keys() == model.moments.keys()
    assert all(np.array_equal(back.moments[name], model.moments[name]) for name in model.moments)
    assert max(np.abs(v).max() for name, v in model.moments.items() if name.startswith("v/")) > 0


def test_a_runs_checkpoint_goes_out_with_its_optimizer_and_comes_back(tmp_path):
    config = T5Config(160, 128, 2, 2, 1, 8, 144, dtype="float32")
    tx = make_adafactor(AdafactorConfig(), param_logical_axes(config))
    rng = np.random.default_rng(0)

    def filled(shapes):
        return jax.tree.map(lambda a: jnp.asarray(rng.random(a.shape), a.dtype), shapes)

    params = filled(param_shapes(config))
    moments = filled(jax.eval_shape(tx.init, params))
    state = TrainState(jnp.int32(2), params, moments._replace(count=jnp.int32(2)))
    checkpoints = Checkpoints(tmp_path / "run", CheckpointConfig())
    checkpoints.save(state, CheckpointMeta(2, dataclasses.asdict(config), "fingerprint", "plan"))
    checkpoints.close()
    flags = ["--to", "t5x", "--out", str(tmp_path / "theirs")]
    assert main(["export", "--checkpoint", str(tmp_path / "run/checkpoints/2"), *flags]) == 0
    theirs = tmp_path / "theirs/checkpoint_2"
    # T5X factors matrices whose sides both reach 128: wo and the table here, not attention of width 16.
    states = serialization.msgpack_restore((theirs / "checkpoint").read_bytes())["optimizer"]["state"]["param_states"]
    layer = states["encoder"]["layers_1"]
    assert layer["mlp"]["wo"]["kernel"]["v_row"].shape == (128,) and layer["mlp"]["wo"]["kernel"]["v_col"].shape == (
        144,
    )
    assert states["token_embedder"]["embedding"]["v_row"].shape == (128,)
    assert layer["attention"]["query"]["kernel"]["v_row"].shape == (1,)
    model = open_t5x(theirs)
    assert (model.step, int(model.moments["count"])) == (2, 2) and model.config == config
    flat = serialization.to_state_dict(state.opt_state)
    for name, moment in model.moments.items():
        ours = flat
        for part in name.split("/"):
            ours = ours[part]
        assert np.array_equal(np.asarray(ours), moment), name
    assert import_from(theirs, tmp_path / "back") == 0
    back, _ = load_weights(tmp_path / "back")
    assert all(jax.tree.leaves(jax.tree.map(lambda a, b: np.array_equal(a, b), back, params)))
    # Hugging Face's from the same run, without a detour.
    assert main(["export", "--checkpoint", str(tmp_path / "run"), "--to", "hf", "--out", str(tmp_path / "hf")]) == 0
    table = load_file(tmp_path / "hf/model.safetensors")["shared.weight"]
    assert np.array_equal(table, params["token_embedder"]["embedding"])


def test_bfloat16_and_large_arrays_in_chunks(tmp_path, monkeypatch):
    assert import_from(tiny() / "checkpoint", tmp_path / "ours", "--dtype", "bfloat16") == 0
    monkeypatch.setattr("flan_jax.interop.t5x_checkpoint.MAX_CHUNK_BYTES", 50_000)
    ours = SafetensorsTensors(tmp_path, [tmp_path / "ours/weights.safetensors"])
    config = find_weights(tmp_path / "ours").model_config()
    model = open_t5x(write_t5x(tmp_path, config, ours, 7, "bfloat16"))
    assert len(list((tmp_path / "checkpoint_7/target.token_embedder.embedding").glob("*.*"))) > 2
    assert (model.step, model.moments) == (7, None)
    assert {info.dtype for info in model.tensors.infos.values()} == {"bfloat16"}
    for piece in model.pieces:
        assert np.array_equal(model.tensors.read(piece.theirs), ours.read(piece.ours, piece.layer))


def test_what_a_format_has_no_place_for_is_said_there_and_back(tmp_path, capsys):
    """Weights in bfloat16 that are computed with in float32, as the embedded ones: T5X stores the former alone."""
    embedded = ["export", "--checkpoint", "embedded:lm_adapted", "--to", "t5x", "--out", str(tmp_path)]
    assert main(embedded) == 0
    assert "the model computes in float32, which has no place there beside the bfloat16" in capsys.readouterr().out
    (there,) = tmp_path.glob("checkpoint_*")
    assert import_from(there, tmp_path / "ours") == 0
    assert "it computes in bfloat16, as its weights are stored" in capsys.readouterr().out
    assert import_from(there, tmp_path / "told", "--dtype", "float32") == 0
    assert "it computes in" not in capsys.readouterr().out
    assert find_weights(tmp_path / "told").model_config().dtype == "float32"


def test_newest_of_several(editable, tmp_path):
    for step in (200, 1000):
        shutil.copytree(editable, tmp_path / f"checkpoint_{step}")
    model = open_t5x(tmp_path)
    assert model.origin["folder"] == "checkpoint_1000"
    assert any("is the newest" in note for note in model.notes)


def test_damaged_checkpoints_are_named(editable, tmp_path, capsys):
    def error() -> str:
        assert import_from(editable, tmp_path / "ours") == 2
        assert not (tmp_path / "ours/weights.safetensors").exists()
        return capsys.readouterr().err

    chunk = editable / KERNEL / "0.0"
    whole = chunk.read_bytes()
    chunk.write_bytes(whole[: len(whole) // 2])
    assert "mlp/wo/kernel of" in error()
    chunk.unlink()
    assert "missing or damaged" in error()  # TensorStore alone would read zeros
    shutil.rmtree(editable / KERNEL)
    assert "array target/encoder/layers_0/mlp/wo/kernel" in error()
    index = serialization.msgpack_restore((editable / "checkpoint").read_bytes())
    del index["optimizer"]["target"]["encoder"]["layers_0"]["mlp"]["wo"]
    (editable / "checkpoint").write_bytes(serialization.msgpack_serialize(index))
    assert "encoder/layers_0/mlp/wo/kernel: expected [256, 128], missing" in error()
    del index["optimizer"]["target"]["decoder"]["logits_dense"]
    (editable / "checkpoint").write_bytes(serialization.msgpack_serialize(index))
    assert "decoder/logits_dense/kernel: absent: a gated MLP" in error()
    (editable / "checkpoint").write_bytes(b"\x00")
    assert "is no T5X index" in error()
    (editable / "checkpoint").unlink()
    assert "is no T5X checkpoint" in error()


def test_an_optimizer_that_is_not_ours_is_left_and_said(editable):
    index = serialization.msgpack_restore((editable / "checkpoint").read_bytes())
    index["optimizer"]["state"]["param_states"]["decoder"]["decoder_norm"]["scale"]["m"] = np.zeros(128, np.float32)
    (editable / "checkpoint").write_bytes(serialization.msgpack_serialize(index))
    model = open_t5x(editable)
    assert model.moments is None
    assert any("momentum" in note for note in model.notes)
    del index["optimizer"]["state"]["param_states"]
    (editable / "checkpoint").write_bytes(serialization.msgpack_serialize(index))
    assert any("the checkpoint has none" in note for note in open_t5x(editable).notes)


def test_orbax_metadata_that_is_damaged_is_named(tmp_path):
    shutil.copytree(shared_path("peers/t5x_orbax_checkpoint_50"), tmp_path / "checkpoint_50")
    state = tmp_path / "checkpoint_50/state"
    for path in (state, *state.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for file in (state / "ocdbt.process_0/d").iterdir():
        file.unlink()
    with pytest.raises(CheckpointError, match="missing or damaged"):
        open_t5x(tmp_path / "checkpoint_50")
    (state / "_METADATA").write_text("{}")
    with pytest.raises(CheckpointError, match="_METADATA"):
        open_t5x(tmp_path / "checkpoint_50")
