"""What was written and is not what is read: flipped, cut, lost and swapped files of checkpoints and weights."""

import dataclasses
import json
import os
import pathlib
import random
import re
import shutil

import jax
import numpy as np
import pytest
from safetensors.numpy import save_file
from test_train_checkpoint import MODEL, abstract, make_state, same, save_steps

from flan_jax.checkpoints import digests
from flan_jax.checkpoints.checkpoint import CheckpointConfig, DamagedError, check_model_dir
from flan_jax.checkpoints.find import find_weights, read_selected_step
from flan_jax.checkpoints.store import Checkpoints
from flan_jax.checkpoints.weights import load_weights, save_weights
from flan_jax.core import disk
from flan_jax.core.disk import replace_folder, sweep_partial, write_sealed
from flan_jax.core.errors import CheckpointError, ConfigError

# What of Orbax was under way when a read failed complains to the interpreter, not to us.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
# Of so many rows that an array has a file of its own: what TensorStore puts into its index has a checksum there.
SIZE = 1 << 14
ITEMS = ("params", "opt_state", "meta", "judged")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A run's folder with checkpoints of steps 1 and 2."""
    folder = tmp_path_factory.mktemp("saved")
    save_steps(folder, [1, 2], size=SIZE)
    return folder


@pytest.fixture
def run(saved, tmp_path):
    """A copy of it, to damage."""
    return pathlib.Path(shutil.copytree(saved, tmp_path / "run"))


def read_all(run, size=SIZE):
    """All of step 2, as a run that continues reads it."""
    checkpoints = Checkpoints(run)
    try:
        return checkpoints.restore(2, abstract(make_state(0, size=size))), checkpoints.meta(2), checkpoints.judged(2)
    finally:
        checkpoints.close()


def flip(path, bit):
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def files_of(run, item):
    return sorted(p for p in (run / "checkpoints" / "2" / item).rglob("*") if p.is_file() and p.stat().st_size)


@pytest.mark.parametrize("item", ITEMS)
def test_a_flipped_bit_is_seen_or_changes_nothing(run, item):
    rng = random.Random(item)
    expected, num_seen = read_all(run), 0
    files = files_of(run, item)
    for file in sorted(files, key=lambda file: -file.stat().st_size)[:4] * 3:
        bit = rng.randrange(8 * file.stat().st_size)
        flip(file, bit)
        try:
            state, meta, judged = read_all(run)
            same(state, expected[0])
            assert (meta, judged) == expected[1:]
        except CheckpointError as error:  # of another model, where a name or shape was hit
            assert str(error).startswith(str(run / "checkpoints" / "2")), error
            num_seen += 1
        flip(file, bit)
    assert num_seen, "no flip hit anything that is read"
    same(read_all(run)[0], expected[0])


@pytest.mark.parametrize("item", ITEMS)
@pytest.mark.parametrize("damage", ["cut", "emptied", "deleted"])
def test_a_file_that_is_cut_or_gone_is_named_with_what_to_do(run, item, damage):
    for file in files_of(run, item):
        content = file.read_bytes()
        file.unlink() if damage == "deleted" else file.write_bytes(content[: len(content) // 2 * (damage == "cut")])
    with pytest.raises(DamagedError, match=r"/2.* cannot be read, .*\(.+\): delete that folder, and the run cont"):
        read_all(run)


@pytest.mark.parametrize("content", [b"[1, 2]", b"[" * 100_000, b"{"])
def test_a_damaged_mark_names_its_checkpoint_and_who_reads_weights_is_told_of_others(run, content):
    killed = run / "checkpoints" / "2.orbax-checkpoint-tmp"
    killed.mkdir()
    (killed / "_CHECKPOINT_METADATA").write_bytes(content)
    assert Checkpoints(run).steps() == [1, 2]
    (run / "checkpoints" / "2" / "_CHECKPOINT_METADATA").write_bytes(content)
    with pytest.raises(
        DamagedError, match=r"checkpoints/2 cannot be read, the mark .*: delete that folder, and the run"
    ):
        Checkpoints(run)
    with pytest.raises(DamagedError, match=r"checkpoints/2 .*: put its files back, or give another .* steps 1, 2 are"):
        find_weights(run)
    with pytest.raises(DamagedError) as caught:
        Checkpoints(run)
    assert str(caught.value.renamed({"MODEL_DIR": "--model_dir"})) == str(caught.value)


@pytest.mark.parametrize("item", ["params", "opt_state", "meta"])
def test_an_item_of_another_step_is_not_taken_for_this_ones(run, item):
    place = run / "checkpoints" / "2" / item
    shutil.rmtree(place)
    shutil.copytree(run / "checkpoints" / "1" / item, place)
    message = "holds the checkpoint of step 1" if item == "meta" else rf"is damaged: \d of \d arrays of {item} are not"
    with pytest.raises(DamagedError, match=message):
        read_all(run)


def test_a_step_under_another_number_is_not_taken_for_it(run):
    (run / "checkpoints" / "2").rename(run / "checkpoints" / "3")
    with pytest.raises(DamagedError, match="checkpoints/3 holds the checkpoint of step 2"):
        find_weights(run)


def test_without_digests_nothing_is_compared_and_the_meta_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(digests, "_sums", None)  # nothing is computed
    save_steps(tmp_path, [2], CheckpointConfig(has_digests=False))
    state, meta, _ = read_all(tmp_path, 16)
    same(state, make_state(2))
    assert meta.digests is None


def test_a_checkpoint_that_is_set_aside_is_kept_and_no_longer_found(run):
    checkpoints = Checkpoints(run)
    assert checkpoints.set_aside(2) == run / "damaged_checkpoints" / "2"
    assert checkpoints.steps() == [1] and (run / "damaged_checkpoints" / "2" / "params").is_dir()
    shutil.copytree(run / "checkpoints" / "1", run / "checkpoints" / "2")
    assert Checkpoints(run).set_aside(2) == run / "damaged_checkpoints" / "2_again"


@pytest.mark.parametrize("name", ["a[b", "a]b", "a[b]", "a\\b", "C:", "with\\two[2]"])
def test_a_folder_whose_checkpoints_nobody_could_read_is_refused(tmp_path, name):
    with pytest.raises(ConfigError, match=r"^MODEL_DIR '.*' has '.+' in '.+', so that no checkpoint in it could be"):
        check_model_dir(tmp_path / name / "run")


def test_a_folder_of_two_lines_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="has a character that cannot be printed: use a folder without"):
        check_model_dir(tmp_path / "a\nb")


@pytest.mark.parametrize("name", ["a b", "a*?{x}", "été:1", "'quoted\"", "a#b%20"])
def test_other_odd_folders_are_written_and_read(tmp_path, name):
    check_model_dir(tmp_path / name)
    save_steps(tmp_path / name, [2])
    same(read_all(tmp_path / name, 16)[0], make_state(2))


@pytest.fixture
def weights(tmp_path):
    """A folder of weights."""
    save_weights(tmp_path / "w", jax.device_get(make_state(3).params), dataclasses.asdict(MODEL), step=3)
    return tmp_path / "w"


@pytest.mark.parametrize("name", ["weights.safetensors", "model.json"])
def test_a_flip_in_weights_is_seen(weights, name):
    rng, file, num_seen = random.Random(1), weights / name, 0
    expected = load_weights(weights)[1]
    for bit in rng.sample(range(8 * file.stat().st_size), 60):
        flip(file, bit)
        try:
            params, info = load_weights(weights)
            same(params, make_state(3).params)
            assert expected.items() <= info.items()  # of model.json, blanks or the seal's own name
        except CheckpointError as error:
            assert re.search(rf"{name} .*copy it again from where it was made", str(error)), error
            num_seen += 1
        flip(file, bit)
    assert num_seen == 60 if name == "weights.safetensors" else num_seen > 30


def test_weights_beside_the_model_json_of_others_are_refused(weights):
    save_file({"norm": np.ones(3, np.float32)}, weights / "weights.safetensors")
    with pytest.raises(
        CheckpointError, match=r"damaged or of other weights: its sha256 is not the one that model.json"
    ):
        load_weights(weights)


def test_a_model_json_of_before_has_no_sha256_and_is_read(weights):
    info = json.loads((weights / "model.json").read_text())
    del info["sha256"], info["sha256_of_the_rest"]
    (weights / "model.json").write_text(json.dumps(info))
    same(load_weights(weights)[0], make_state(3).params)


def test_an_edit_by_hand_is_told_how_to_be_meant(tmp_path):
    write_sealed(tmp_path / "selected.json", {"step": 4, "score": float("nan"), "of": {10: (1, 2)}})
    assert read_selected_step(tmp_path) == 4
    text = (tmp_path / "selected.json").read_text()
    (tmp_path / "selected.json").write_text(text.replace('"step": 4', '"step": 5'))
    with pytest.raises(
        CheckpointError, match=r"damaged or edited.*if the edit is meant, take 'sha256_of_the_rest' out"
    ):
        read_selected_step(tmp_path)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("can_exchange", [True, False])
def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch, can_exchange):
    folder, exchange, done = tmp_path / "selected", disk._exchange, []
    monkeypatch.setattr(disk, "_exchange", lambda *paths: can_exchange and (done.append(exchange(*paths)) or done[-1]))
    for content in ("old", "new"):
        with replace_folder(folder) as new:
            (new / content).write_text(content)
        assert names(folder) == [content] and names(tmp_path) == ["selected"]
    with pytest.raises(OSError, match="full"), replace_folder(folder) as new:
        (new / "newer").write_text("")
        raise OSError("full")
    assert names(folder) == ["new"] and names(tmp_path) == ["selected"]

    if can_exchange and all(done):
        (tmp_path / "elsewhere").mkdir()
        shutil.rmtree(folder)
        folder.symlink_to(tmp_path / "elsewhere")
        with replace_folder(folder) as new:
            (new / "new").touch()
        assert not folder.is_symlink() and names(folder) == ["new"] and names(tmp_path) == ["elsewhere", "selected"]
        monkeypatch.setattr(disk, "_exchange", lambda *_: (_ for _ in ()).throw(OSError("no rename")))
        shutil.rmtree(tmp_path / "elsewhere")
    rename = os.rename

    def failing(source, target):
        if target == folder and ".partial" in str(source):
            raise OSError("no rename")
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OSError, match="no rename"), replace_folder(folder) as new:
        (new / "newer").write_text("")
    assert names(folder) == ["new"] and names(tmp_path) == ["selected"]


def test_what_a_kill_left_is_swept_and_the_old_folder_comes_back(tmp_path):
    (tmp_path / ".selected.7.before").mkdir()
    (tmp_path / ".selected.7.before" / "model.json").write_text("old")
    (tmp_path / ".selected.7.partial").mkdir()
    (tmp_path / ".selected.7.partial" / "weights").write_bytes(bytes(1000))
    (tmp_path / ".mine.partial").mkdir()  # another program's
    (tmp_path / "checkpoints").mkdir()
    for place in (tmp_path, tmp_path / "checkpoints"):
        (place / ".evals.jsonl.7.partial").write_bytes(bytes(24))
    assert sweep_partial(tmp_path, skipped=["checkpoints"]) == (2, 1024)
    assert names(tmp_path) == [".mine.partial", "checkpoints", "selected"] and names(tmp_path / "selected") == [
        "model.json"
    ]
    (tmp_path / ".selected.7.before").mkdir()  # the new one had come
    assert sweep_partial(tmp_path) == (2, 24)
    assert names(tmp_path) == [".mine.partial", "checkpoints", "selected"]
