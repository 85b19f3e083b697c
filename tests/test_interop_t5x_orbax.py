"""T5X's Orbax format written: what T5X wrote comes back name by name, Orbax itself reads it, T5 1.0 and UL2 travel."""

import dataclasses
import json
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp
import pytest
from flax.traverse_util import flatten_dict
from shared import shared_path

from flan_jax.checkpoints.find import find_weights
from flan_jax.checkpoints.weights import load_weights, save_weights
from flan_jax.cli.main import main
from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.interop.t5x_checkpoint import open_t5x
from flan_jax.interop.tensors import OrbaxTensors
from flan_jax.models import T5Config, param_logical_axes, param_shapes
from flan_jax.optim import AdafactorConfig, make_optimizer
from flan_jax.train.config import TrainConfig


def theirs() -> pathlib.Path:
    return shared_path("peers/t5x_orbax_checkpoint_50")


@pytest.fixture(scope="module")
def back(tmp_path_factory):
    """T5X's checkpoint, imported and exported again."""
    folder = tmp_path_factory.mktemp("orbax")
    assert main(["import", f"t5x:{theirs()}", "--out", str(folder / "ours")]) == 0
    export = ["export", "--checkpoint", str(folder / "ours"), "--to", "t5x_orbax", "--out", str(folder)]
    assert main(export) == 0
    assert main(export) == 2  # it is there already
    return folder / "checkpoint_50"


def test_names_values_and_metadata_are_what_t5x_wrote(back):
    ours, reference = OrbaxTensors(back / "state"), OrbaxTensors(theirs() / "state")
    assert ours.infos == reference.infos and len(ours.infos) == 261
    for name in reference.infos:
        assert np.array_equal(ours.read(name), reference.read(name)), name
    written, expected = (json.loads((p / "state/_METADATA").read_text()) for p in (back, theirs()))
    assert written == expected
    for file in ("commit_success.txt", "dataset/commit_success.txt", "state/commit_success.txt"):
        assert (back / file).read_text() == (theirs() / file).read_text()
    handlers = [json.loads((p / "_CHECKPOINT_METADATA").read_text())["item_handlers"] for p in (back, theirs())]
    assert handlers[0] == handlers[1]


def test_orbax_reads_it_as_t5x_does(back):
    """T5X restores its train state through Orbax's PyTreeCheckpointHandler."""
    tree = ocp.PyTreeCheckpointer().restore(
        back / "state",
        restore_args=jax.tree.map(
            lambda _: ocp.RestoreArgs(restore_type=np.ndarray),
            ocp.PyTreeCheckpointer().metadata(back / "state").item_metadata.tree,
        ),
    )
    assert set(tree) == {"state", "target"} and int(tree["state"]["step"]) == 50
    model = open_t5x(theirs())
    flat = flatten_dict(tree["target"], sep="/")
    assert len(flat) == 52
    for piece in model.pieces:
        assert np.array_equal(flat[piece.theirs], model.tensors.read(piece.theirs))


def test_it_comes_back_with_its_optimizer(back, tmp_path):
    assert main(["import", f"t5x:{back}", "--out", str(tmp_path / "again")]) == 0
    first = back.parent / "ours"
    for file in ("weights.safetensors", "adafactor.safetensors"):
        assert (tmp_path / "again" / file).read_bytes() == (first / file).read_bytes()
    assert find_weights(tmp_path / "again").step == 50


VARIANTS = {
    "t5_1_0": T5Config(48, 16, 2, 2, 1, 8, 24, dtype="float32", mlp_activations=("relu",), logits_via_embedding=True),
    "ul2": T5Config(48, 16, 2, 2, 1, 8, 24, dtype="float32", mlp_activations=("silu", "linear")),
}


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("to", ["t5x", "t5x_orbax"])
def test_other_t5s_travel_both_ways(name, to, tmp_path):
    config = VARIANTS[name]
    rng = np.random.default_rng(0)
    params = jax.tree.map(lambda leaf: rng.random(leaf.shape, np.float32), param_shapes(config))
    save_weights(tmp_path / "ours", params, dataclasses.asdict(config), step=3)
    assert main(["export", "--checkpoint", str(tmp_path / "ours"), "--to", to, "--out", str(tmp_path)]) == 0
    model = open_t5x(tmp_path / "checkpoint_3")
    mlp = {piece.theirs.split("/")[-2] for piece in model.pieces if "/mlp/" in piece.theirs}
    assert mlp == ({"wi", "wo"} if name == "t5_1_0" else {"wi_0", "wi_1", "wo"})
    flags = [] if name == "t5_1_0" else ["--mlp_activations", "silu,linear"]
    source = f"t5x:{tmp_path / 'checkpoint_3'}"
    assert main(["import", source, "--out", str(tmp_path / "back"), *flags]) == 0
    again, info = load_weights(tmp_path / "back")
    assert find_weights(tmp_path / "back").model_config() == config and info["step"] == 3
    assert all(jax.tree.leaves(jax.tree.map(np.array_equal, again, params)))


def test_activations_are_checked_and_only_for_t5x(tmp_path, capsys):
    flags = ["--out", str(tmp_path / "x"), "--mlp_activations"]
    assert main(["import", f"t5x:{theirs()}", *flags, "sillu,linear"]) == 2
    assert "did you mean" in capsys.readouterr().err
    assert main(["import", f"hf:{shared_path('peers/hf/mt5')}", *flags, "silu,linear"]) == 2
    assert "says itself" in capsys.readouterr().err


def test_an_imported_optimizer_is_gone_on_with(tmp_path):
    """RESTORE_OPTIMIZER_STATE: moments and count of the checkpoint, laid out as the run's."""
    assert main(["import", f"t5x:{theirs()}", "--out", str(tmp_path / "ours")]) == 0
    source = find_weights(tmp_path / "ours")
    config = source.model_config()
    tx = make_optimizer(AdafactorConfig(), param_logical_axes(config))
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    shapes = jax.eval_shape(tx.init, param_shapes(config))
    abstract = jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=device), shapes)
    state = source.load_opt_state(abstract)
    assert int(state.count) == 50 and state.count.dtype == jnp.int32
    reference = open_t5x(theirs()).moments
    for name in ("token_embedder/embedding", "decoder/layers/mlp/wo/kernel"):
        leaf = state.v
        for part in name.split("/"):
            leaf = leaf[part]
        assert np.array_equal(leaf, reference[f"v/{name}"])
    (tmp_path / "ours/adafactor.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"adafactor\.safetensors does not exist.*RESTORE_OPTIMIZER_STATE"):
        source.load_opt_state(abstract)


def test_a_state_of_another_optimizer_is_listed(tmp_path):
    assert main(["import", f"t5x:{theirs()}", "--out", str(tmp_path / "ours")]) == 0
    source = find_weights(tmp_path / "ours")
    config = source.model_config()
    tx = make_optimizer(AdafactorConfig(min_dim_size_to_factor=16), param_logical_axes(config))
    device = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    shapes = jax.eval_shape(tx.init, param_shapes(config))
    abstract = jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=device), shapes)
    with pytest.raises(
        CheckpointError, match=r"layers/mlp/wo/kernel: this run \[2, 1\], the checkpoint \[2, 128, 64\]"
    ):
        source.load_opt_state(abstract)


def test_config_error_of_restoring_from_nothing():
    with pytest.raises(ConfigError, match="restore_optimizer_state is True without weights"):
        TrainConfig("m", "x", "c", {"inputs": 4, "targets": 4}, 1, 1, restore_optimizer_state=True)


def test_a_smaller_table_may_lose_padding_alone(tmp_path, capsys):
    """T5's table has 32,128 rows, its vocabulary 32,100 tokens with the sentinels."""
    source, spiece = f"t5x:{theirs()}", shared_path("data/t5_tokenizer/spiece.model")
    assert main(["import", source, "--out", str(tmp_path / "a"), "--vocab_size", "32100"]) == 2
    assert "give it with --vocab_path" in capsys.readouterr().err
    flags = ["--vocab_path", str(spiece), "--vocab_size"]
    assert main(["import", source, "--out", str(tmp_path / "b"), *flags, "32099"]) == 2
    assert "would cut tokens away" in capsys.readouterr().err and not (tmp_path / "b").exists()
    assert main(["import", source, "--out", str(tmp_path / "c"), *flags, "32100"]) == 0
    table = load_weights(tmp_path / "c")[0]["token_embedder"]["embedding"]
    whole = OrbaxTensors(theirs() / "state").read("target/token_embedder/embedding")
    assert np.array_equal(table, whole[:32100])
