"""Checkpoints: any mesh to any mesh, newest and best kept, damage and full disks told plainly and survived."""

import contextlib
import dataclasses
import gc
import os
import subprocess

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding, PartitionSpec

from flan_jax.checkpoints.checkpoint import CheckpointConfig, CheckpointMeta, TrainState
from flan_jax.checkpoints.find import check_same_model, find_weights
from flan_jax.checkpoints.store import Checkpoints
from flan_jax.checkpoints.weights import load_weights, save_weights
from flan_jax.core.disk import explain_full_disk
from flan_jax.core.errors import CheckpointError
from flan_jax.models import T5Config
from flan_jax.train.config import MeshConfig
from flan_jax.train.mesh import make_mesh

DATA_MESH, DEFAULTS = MeshConfig(8, 1, 1), CheckpointConfig()
MODEL = T5Config(vocab_size=64, emb_dim=16, num_heads=2, head_dim=8)


def make_state(step, size=16, mesh=DATA_MESH):
    rng = np.random.default_rng(step)
    mesh = make_mesh(mesh)
    rows = NamedSharding(mesh, PartitionSpec(("data", "fsdp", "model")))
    whole = NamedSharding(mesh, PartitionSpec())
    values = jnp.asarray(rng.normal(size=(size, 8)), jnp.float32)
    params = {"encoder": {"wi": jax.device_put(values, rows)}, "norm": jax.device_put(jnp.ones(3), whole)}
    opt_state = {"count": jnp.asarray(step, jnp.int32), "v": {"encoder": {"wi": jax.device_put(values * 2, rows)}}}
    return TrainState(jax.device_put(jnp.asarray(step, jnp.int32), whole), params, opt_state)


def abstract(state):
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), state)


def meta(step, **changes):
    fields = {"step": step, "model": dataclasses.asdict(MODEL), "vocab_fingerprint": "v" * 64, "plan": "p" * 64}
    return CheckpointMeta(**{**fields, **changes})


def save_steps(folder, steps, config=DEFAULTS, best=(), size=16):
    checkpoints = Checkpoints(folder, config, lambda: best)
    for step in steps:
        checkpoints.save(make_state(step, size=size), meta(step))
    checkpoints.close()


def same(ours, theirs):
    jax.tree.map(np.testing.assert_array_equal, jax.device_get(ours), jax.device_get(theirs))


@pytest.mark.parametrize("mesh", [MeshConfig(8, 1, 1), MeshConfig(2, 2, 2), MeshConfig(1, 1, 8)])
def test_what_one_mesh_saved_another_restores(tmp_path, mesh):
    save_steps(tmp_path, [5])
    checkpoints = Checkpoints(tmp_path)
    restored = checkpoints.restore(5, abstract(make_state(0, mesh=mesh)))
    same(restored, make_state(5))
    assert restored.params["encoder"]["wi"].sharding.mesh.devices.shape == dataclasses.astuple(mesh)
    assert dataclasses.replace(checkpoints.meta(5), digests=None) == meta(5)
    same(checkpoints.restore_params(5, abstract(make_state(0)).params), make_state(5).params)


def test_newest_and_best_are_kept_and_never_only_one_of_them(tmp_path):
    best: list[int] = []
    checkpoints = Checkpoints(tmp_path, CheckpointConfig(keep_latest=2, keep_best=1), lambda: best)
    kept = []
    for step in range(1, 7):
        checkpoints.save(make_state(step), meta(step))
        checkpoints.wait()
        kept.append(checkpoints.steps())
        best[:] = [2] if step >= 2 else []  # the score falls after step 2
    checkpoints.close()
    assert kept == [[1], [1, 2], [2, 3], [2, 3, 4], [2, 4, 5], [2, 5, 6]]


def test_a_step_that_is_there_is_left_alone(tmp_path):
    save_steps(tmp_path, [1])
    checkpoints = Checkpoints(tmp_path, CheckpointConfig())
    checkpoints.save(make_state(2), meta(1))
    checkpoints.wait()
    same(checkpoints.restore(1, abstract(make_state(0))), make_state(1))


def test_another_models_checkpoint_lists_tensors_and_stays(tmp_path):
    save_steps(tmp_path, [1])
    checkpoints = Checkpoints(tmp_path, CheckpointConfig())
    other = abstract(make_state(0, size=24))
    other.params["extra"] = other.params["norm"]
    with pytest.raises(CheckpointError) as caught:
        checkpoints.restore(1, other)
    text = str(caught.value)
    assert "another model: 3 of 5 tensors differ" in text
    assert "params/encoder/wi: this run [24, 8], the checkpoint [16, 8]" in text
    assert "params/extra: this run [3], the checkpoint absent" in text
    same(checkpoints.restore(1, abstract(make_state(0))), make_state(1))


def test_another_optimizer_is_not_called_another_model(tmp_path):
    save_steps(tmp_path, [1])
    other = abstract(make_state(0))
    other = TrainState(other.step, other.params, {"mu": other.params["norm"]})
    with pytest.raises(CheckpointError, match=r"of another optimizer: \d of \d .*\. Go on with the optimizer that it"):
        Checkpoints(tmp_path, CheckpointConfig()).restore(1, other)


def test_another_models_settings_are_named():
    found = {**dataclasses.asdict(MODEL), "num_heads": 4, "dropout_rate": 0.5, "dtype": "float32"}
    with pytest.raises(CheckpointError, match=r"num_heads: this run 2, the checkpoint 4$"):
        check_same_model("x", MODEL, found)
    check_same_model("x", MODEL, {**dataclasses.asdict(MODEL), "dropout_rate": 0.5, "remat": "full"})


def test_a_damaged_or_missing_checkpoint_is_named(tmp_path):
    save_steps(tmp_path, [1, 2])
    for file in (tmp_path / "checkpoints" / "2" / "params").rglob("*"):
        if file.is_file():
            file.write_bytes(b"")
    checkpoints = Checkpoints(tmp_path)
    with pytest.raises(CheckpointError, match=r"checkpoints/2 cannot be read.* delete that folder"):
        checkpoints.restore(2, abstract(make_state(0)))
    with pytest.raises(CheckpointError, match="no checkpoint of step 9; it has 1, 2"):
        checkpoints.meta(9)


@contextlib.contextmanager
def small_disk(folder, kibibytes):
    """A file system of its own, where this user may mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("mounting a small file system takes root; the next test fakes it")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


# Orbax's writers that were still under way when the first one failed complain to the interpreter, not to us.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_full_disk_is_told_plainly_and_the_last_checkpoint_survives(tmp_path):
    with small_disk(tmp_path / "disk", 2000) as disk:
        checkpoints = Checkpoints(disk, CheckpointConfig())
        checkpoints.save(make_state(1, size=16384), meta(1))  # 1 MiB
        checkpoints.wait()
        with pytest.raises(
            CheckpointError, match=r"disk full: a write.* below .*/disk/checkpoints failed with .* MiB free"
        ):
            checkpoints.save(make_state(2, size=16384), meta(2))
            checkpoints.wait()
        with contextlib.suppress(CheckpointError):
            checkpoints.close()
        again = Checkpoints(disk, CheckpointConfig())
        assert again.steps() == [1]
        same(again.restore(1, abstract(make_state(0, size=16384))), make_state(1, size=16384))
        again.close()
    gc.collect()  # so that those complaints come in this test, where they are expected


def test_no_space_is_recognised_however_deep(tmp_path):
    with pytest.raises(CheckpointError, match="disk full"), explain_full_disk(tmp_path / "not" / "there"):
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise RuntimeError("save failed") from error
    with pytest.raises(RuntimeError), explain_full_disk(tmp_path):
        raise RuntimeError("something else")


def test_weights_round_trip_in_both_types(tmp_path):
    params = jax.device_get(make_state(3).params)
    save_weights(tmp_path / "a", params, dataclasses.asdict(MODEL), step=3)
    loaded, info = load_weights(tmp_path / "a")
    same(loaded, params)
    assert info["step"] == 3 and T5Config(**info["model"]) == MODEL
    save_weights(tmp_path / "b", params, dataclasses.asdict(MODEL), dtype="bfloat16")
    rounded = jax.tree.map(lambda x: np.asarray(x, jnp.bfloat16).astype(np.float32), params)
    same(load_weights(tmp_path / "b")[0], rounded)


def test_weights_are_found_by_any_path(tmp_path):
    run = tmp_path / "run"
    save_steps(run, [1, 2])
    target = abstract(make_state(0)).params
    for path, step in [(run, 2), (run / "checkpoints", 2), (run / "checkpoints" / "1", 1)]:
        source = find_weights(path)
        assert source.step == step and source.model_config() == MODEL and source.vocab_fingerprint == "v" * 64
        same(source.load(target), make_state(step).params)
    (run / "selected.json").write_text('{"step": 1}')
    assert find_weights(run).step == 1
    save_weights(run / "selected", jax.device_get(make_state(7).params), dataclasses.asdict(MODEL), step=7)
    for path in (run, run / "selected"):
        same(find_weights(path).load(target), make_state(7).params)
    with pytest.raises(CheckpointError, match=r"this run \[24, 8\], the checkpoint \[16, 8\]"):
        find_weights(run).load(abstract(make_state(0, size=24)).params)


def test_paths_without_weights_say_what_would_do(tmp_path):
    with pytest.raises(CheckpointError, match="holds neither checkpoints/ nor selected/"):
        find_weights(tmp_path)
    with pytest.raises(CheckpointError, match="is no folder"):
        find_weights(tmp_path / "absent")
    (tmp_path / "weights.safetensors").write_bytes(b"junk")
    with pytest.raises(CheckpointError, match=r"model.json does not exist"):
        find_weights(tmp_path)
    (tmp_path / "model.json").write_text('{"format_version": 1, "model": {}}')
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_weights(tmp_path)
