"""Meshes: any size or a clear error; parameters, factored optimizer state and batches lie where the rules say."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P
from train_helpers import MODEL, OPTIMIZER

from flan_jax.core.errors import ConfigError
from flan_jax.models import ACTIVATION_AXES, PARAMETER_AXES
from flan_jax.train import mesh as mesh_lib
from flan_jax.train.config import DEFAULT_RULES, MeshConfig, TrainConfig
from flan_jax.train.mesh import make_mesh
from flan_jax.train.state import abstract_state, describe_params, make_tx, state_shardings


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        (MeshConfig(), (8, 1, 1)),
        (MeshConfig(fsdp=2, model=2), (2, 2, 2)),
        (MeshConfig(data=1, model=-1), (1, 1, 8)),
        (MeshConfig(data=8), (8, 1, 1)),
    ],
)
def test_shapes(config, shape):
    assert make_mesh(config).devices.shape == shape


def test_one_device_is_a_mesh():
    assert make_mesh(MeshConfig(), jax.devices()[:1]).devices.shape == (1, 1, 1)


def test_a_mesh_of_another_size_says_what_would_fit():
    with pytest.raises(ConfigError, match=r"mesh 4x1x1 .* has 4 places, there are 8 devices: .*8, or data to -1"):
        make_mesh(MeshConfig(data=4))
    with pytest.raises(ConfigError, match="multiple of 3 devices, there are 8"):
        make_mesh(MeshConfig(fsdp=3))
    with pytest.raises(ConfigError, match="only one axis"):
        MeshConfig(data=-1, model=-1)
    with pytest.raises(ConfigError, match=r"MeshConfig.fsdp is 0"):
        MeshConfig(fsdp=0)


def test_a_batch_that_does_not_divide_names_the_nearest_sizes():
    mesh = make_mesh(MeshConfig(data=8))
    mesh_lib.check_rows(96, 1, mesh)
    with pytest.raises(ConfigError, match=r"batch 100 is not divisible by the data axis 8: use 96 or 104"):
        mesh_lib.check_rows(100, 1, mesh)
    mesh = make_mesh(MeshConfig(data=4, fsdp=2))
    with pytest.raises(ConfigError, match=r"the data axis 4 x the fsdp axis 2 x 4 microbatches = 32: use 96 or 128"):
        mesh_lib.check_rows(104, 4, mesh)
    with pytest.raises(ConfigError, match=r"use 8$"):
        mesh_lib.check_rows(4, 1, mesh)


def test_the_table_of_parameters_fits_a_terminal_and_says_how_they_are_split_where_they_are():
    shown = {}
    for fsdp in (1, 2):
        mesh = make_mesh(MeshConfig(1, fsdp, 1), jax.devices()[:fsdp])
        shardings = state_shardings(mesh, DEFAULT_RULES, MODEL, OPTIMIZER)
        shown[fsdp] = describe_params(abstract_state(MODEL, make_tx(MODEL, OPTIMIZER), shardings))
    assert shown[1][0].split() == ["parameter", "count", "shape"] and max(map(len, shown[1])) <= 80
    assert shown[2][0].endswith("split over")
    (split,) = (line.split() for line in shown[2] if line.startswith("token_embedder"))
    assert split == ["token_embedder/embedding", "1,024", "64", "x", "16", "-,", "fsdp"]


def test_heads_that_do_not_split_name_an_axis_that_works():
    mesh = make_mesh(MeshConfig(data=1, model=8))
    mesh_lib.check_model(mesh, heads=8, vocabulary=64)
    with pytest.raises(ConfigError, match=r"heads 6 does not split over the model axis 8: use a model axis of 2"):
        mesh_lib.check_model(mesh, heads=6, vocabulary=64)


def test_parameters_lie_by_the_rules_and_odd_sizes_stay_whole():
    mesh = make_mesh(MeshConfig(data=2, fsdp=2, model=2))
    params = {"wi": jnp.zeros((3, 4, 8)), "odd": jnp.zeros((5, 7)), "twice": jnp.zeros((4, 4))}
    axes = {"wi": ("layers", "embed", "mlp"), "odd": ("embed", "mlp"), "twice": ("embed", "embed")}
    shardings = mesh_lib.shardings_by_rules(mesh, DEFAULT_RULES, params, axes)
    assert {k: s.spec for k, s in shardings.items()} == {"wi": P(None, "fsdp", "model"), "odd": P(), "twice": P("fsdp")}
    with pytest.raises(ConfigError, match="'feet' has no rule"):
        mesh_lib.shardings_by_rules(mesh, DEFAULT_RULES, {"x": jnp.zeros(2)}, {"x": ("feet",)})
    with pytest.raises(ConfigError, match="names mesh axis 'tensor'"):
        mesh_lib.shardings_by_rules(mesh, [("feet", "tensor")], {"x": jnp.zeros(2)}, {"x": ("feet",)})


def test_the_rules_place_every_axis_the_model_names():
    assert [name for name, _ in DEFAULT_RULES] == list(dict.fromkeys(name for name, _ in DEFAULT_RULES))
    assert {name for name, _ in DEFAULT_RULES} == {*PARAMETER_AXES, *ACTIVATION_AXES}


def test_rows_reach_their_devices_in_order():
    mesh = make_mesh(MeshConfig(data=2, fsdp=2, model=2))
    np.testing.assert_array_equal(mesh_lib.local_rows(mesh, 8), np.arange(8))
    batch = mesh_lib.to_global(mesh, 8, {"x": np.arange(16).reshape(8, 2)})
    np.testing.assert_array_equal(batch["x"], np.arange(16).reshape(8, 2))
    assert {s.data.shape for s in batch["x"].addressable_shards} == {(2, 2)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"batch_size": 6, "microbatches": 4},
            r"batch_size is 6, which is not divisible by 4 microbatches: give 4 or 8, or \S+microbatches = 3",
        ),
        ({"feature_lengths": {"inputs": 8}}, "lacks 'targets'"),
        ({"feature_lengths": {"inputs": 8, "target": 8}}, "'target'; did you mean targets"),
        ({"train_steps": 0}, "TrainConfig.train_steps is 0: give a whole number of at least 1"),
        ({"label_smoothing": 1.0}, r"give a number in \[0, 1\)"),
        ({"seed": -1}, r"TrainConfig.seed is -1"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(change, message):
    good = TrainConfig("m", "x", "c", {"inputs": 8, "targets": 4}, batch_size=8, train_steps=2)
    with pytest.raises(ConfigError, match=message):
        dataclasses.replace(good, **change)
