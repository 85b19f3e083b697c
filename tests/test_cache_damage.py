"""Whatever happens to a file of the cache or of a plan: one line that names it, or the same data as before."""

import logging
import os
import shutil

import numpy as np
import pytest
import unprivileged
from data_cache import FakeVocabulary, make_examples, rewrite_lengths, write_cache, write_split

from flan_jax.core.errors import CacheError
from flan_jax.core.manifest import read_mixture_manifest, split_dir
from flan_jax.data import CacheReader, PlanSpec, make_plan

FINGERPRINT = FakeVocabulary().fingerprint
SPLIT_FILES = ("manifest.json", "lengths.npy", "shard-00000-of-00002.arrayrecord")
PLAN_FILES = ("plan.json", "row_starts.npy", "task_ids.npy", "indices.npy", "epochs.npy", "draws.npy", "sample.npy")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A cache of two tasks with its plan."""
    folder = tmp_path_factory.mktemp("whole")
    mixture, _ = write_cache(folder, {"alpha": 20, "beta": 11}, num_shards=2)
    return folder, mixture, plan_of(folder, mixture)


@pytest.fixture
def copy(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "cache")
    return tmp_path / "cache"


def plan_of(root, mixture=None, **changes):
    mixture = mixture or read_mixture_manifest(root, "made_up")
    asked = {"batch_size": 2, "num_epochs": 1.0, **changes}
    with CacheReader(root, FINGERPRINT) as reader:
        return make_plan(PlanSpec(mixture, {"inputs": 48, "targets": 24}, **asked), reader, FakeVocabulary())


def everything(root):
    """All that a run takes from a cache: its plan, the lengths that one is made of, and its examples."""
    plan = plan_of(root)
    with CacheReader(root, FINGERPRINT) as reader:
        examples = [
            (task, example.index, example.inputs_tokens.tolist(), example.targets_tokens.tolist(), example.references)
            for task in plan.tasks
            for example in reader.examples(task, "train")
        ]
        manifests = [reader.manifest(task, "train") for task in plan.tasks]
        lengths = [reader.lengths(task, "train").tolist() for task in plan.tasks]
    return plan_arrays(plan), examples, lengths, manifests, read_mixture_manifest(root, "made_up")


def plan_arrays(plan):
    arrays = [getattr(plan, name).tolist() for name in ("row_starts", "task_ids", "indices", "epochs", "draws")]
    return arrays, plan.fingerprint, plan.summaries, plan.steps_per_epoch, plan.epoch_draws


def flip(path, place, bit=1):
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= bit
    path.write_bytes(content)


def make_folder(path):
    path.unlink()
    path.mkdir()


WAYS = {
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "emptied": lambda path: os.truncate(path, 0),
    "deleted": lambda path: path.unlink(),
    "overwritten": lambda path: path.write_bytes(b"[1, 2]"),
    "nested": lambda path: path.write_bytes(b"[" * 100_000),
    "a folder": make_folder,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_cache_file_is_one_line_that_names_it(copy, way):
    for name in SPLIT_FILES:
        path = split_dir(copy, "alpha", "train") / name
        saved = path.read_bytes()
        WAYS[way](path)
        with pytest.raises(CacheError) as raised:
            everything(copy)
        assert path.name in str(raised.value) and str(copy) in str(raised.value), raised.value
        assert "run `flan-jax cache` again" in str(raised.value) or "CACHE_DIR" in str(raised.value) or way == "deleted"
        assert "\n" not in str(raised.value)
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        path.write_bytes(saved)
    path = copy / "mixtures/made_up.json"
    WAYS[way](path)
    with pytest.raises(CacheError, match=r"made_up\.json .*(`flan-jax cache`|CACHE_DIR)"):
        everything(copy)


def test_no_flipped_bit_changes_what_a_run_reads(whole, copy):
    """Rates, counts, metrics, lengths, records: of 600 single bits none is believed in silence."""
    before = everything(copy)
    assert before[0] == plan_arrays(whole[2])
    rng, refused = np.random.default_rng(0), 0
    folder = split_dir(copy, "alpha", "train")
    for path in [copy / "mixtures/made_up.json", *(folder / name for name in SPLIT_FILES)]:
        saved = path.read_bytes()
        for place, bit in zip(rng.integers(len(saved), size=150), rng.integers(8, size=150), strict=True):
            flip(path, int(place), 1 << int(bit))
            try:
                assert everything(copy) == before, (path, place, bit)
            except CacheError as error:
                assert "\n" not in str(error)
                refused += 1
            path.write_bytes(saved)
    assert refused > 590  # a blank that became another blank is the same file to JSON


def test_lengths_decide_the_plan_and_are_in_its_identity(copy):
    """A split whose lengths alone were made otherwise, by its manifest's own word, is other data."""
    before = plan_of(copy)
    rewrite_lengths(split_dir(copy, "alpha", "train"), lambda lengths: lengths.__setitem__((3, 0), 2))
    after = plan_of(copy)
    assert after.fingerprint != before.fingerprint
    assert after.row_starts.tolist() != before.row_starts.tolist()


@pytest.mark.parametrize("way", ["flipped", *WAYS])
def test_a_damaged_plan_is_made_again_and_says_so(whole, copy, caplog, way):
    (folder,) = (copy / "plans").iterdir()
    for name in PLAN_FILES if way == "flipped" else PLAN_FILES[:2]:
        path = folder / name
        caplog.clear()
        if way == "flipped":
            flip(path, path.stat().st_size * 2 // 3)
        else:
            WAYS[way](path)
        with caplog.at_level(logging.WARNING):
            made = plan_of(copy)
            assert plan_arrays(made) == plan_arrays(whole[2]), name
            (line,) = [record.getMessage() for record in caplog.records]
            assert str(folder) in line and line.endswith("; it is made again"), line
            caplog.clear()
            assert plan_arrays(plan_of(copy)) == plan_arrays(made) and not caplog.records, "it was saved again"


def test_what_a_killed_process_left_of_a_plan_goes_with_the_next_one(copy):
    """But not what a process that is alive is making."""
    (folder,) = (copy / "plans").iterdir()
    shutil.rmtree(folder)
    dead, alive = (copy / "plans" / f".{folder.name}.{pid}.partial" for pid in (2**22 + 1, os.getppid()))
    for partial in (dead, alive):
        partial.mkdir()
        (partial / "draws.npy").write_text("half")
    plan_of(copy)
    assert folder.is_dir() and not dead.exists() and alive.exists()


def test_plans_that_cannot_be_read_or_saved_stop_no_run(whole, copy, caplog):
    (folder,) = (copy / "plans").iterdir()
    with caplog.at_level(logging.WARNING), unprivileged.mode(0, folder / "draws.npy"), unprivileged.mode(0o555, folder):
        assert plan_arrays(plan_of(copy)) == plan_arrays(whole[2])
    assert "Permission denied" in caplog.text
    shutil.rmtree(copy / "plans")
    (copy / "plans").write_text("in the way")
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert plan_arrays(plan_of(copy)) == plan_arrays(whole[2])
    assert "cannot be saved" in caplog.text


def test_files_that_may_not_be_read_are_named(copy):
    for path in [copy / "mixtures/made_up.json", *(split_dir(copy, "alpha", "train") / name for name in SPLIT_FILES)]:
        with unprivileged.mode(0, path), pytest.raises(CacheError, match=rf"{path.name} cannot be read \(Permission"):
            everything(copy)
    with unprivileged.mode(0, split_dir(copy, "alpha", "train")), pytest.raises(CacheError, match="Permission denied"):
        everything(copy)


def test_a_cache_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "cache").write_text("")
    for read in (plan_of, lambda root: CacheReader(root, FINGERPRINT).manifest("alpha", "train")):
        with pytest.raises(CacheError, match=r"/cache/.* cannot be read \(Not a directory\): .*CACHE_DIR"):
            read(tmp_path / "cache")


def test_a_shard_that_changed_while_it_was_closed_is_refused(copy, tmp_path):
    with CacheReader(copy, FINGERPRINT, max_open_files=1) as reader:
        before = reader.read("alpha", "train", 0)
        reader.read("beta", "train", 0)  # alpha's shard is closed to make room
        folder = split_dir(copy, "alpha", "train")
        path = folder / SPLIT_FILES[2]
        times = path.stat().st_atime_ns, path.stat().st_mtime_ns
        # The very bytes in another file: compared, and believed.
        shutil.copy(path, tmp_path / "same")
        os.replace(tmp_path / "same", path)
        np.testing.assert_array_equal(reader.read("alpha", "train", 0).inputs_tokens, before.inputs_tokens)
        reader.read("beta", "train", 0)
        flip(path, path.stat().st_size // 2)
        os.utime(path, ns=times)  # as quiet as a change can be
        with pytest.raises(CacheError, match=rf"shard {path} is corrupt: its sha256 is .*, the manifest says"):
            reader.read("alpha", "train", 0)


def test_a_split_that_was_cached_again_meanwhile_is_refused_as_such(copy):
    with CacheReader(copy, FINGERPRINT, max_open_files=1) as reader:
        reader.read("alpha", "train", 0)
        reader.read("alpha", "train", 19)  # of the other shard
        folder = split_dir(copy, "alpha", "train")
        shutil.rmtree(folder)
        write_split(copy, "alpha", make_examples(7, 20, 40, 12), num_shards=2)
        for read in (lambda: reader.read("alpha", "train", 0), lambda: reader.lengths("alpha", "train")):
            with pytest.raises(CacheError, match=rf"{folder} is not the one .* began with: another command has cached"):
                read()
