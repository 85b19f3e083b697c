"""How a run is fed: its packing plan is made or read once in a process, its examples in blocks of steps."""

import io

import numpy as np
import pytest
import train_run

from flan_jax.core.manifest import read_mixture_manifest
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.data import CacheReader, batch_at, make_plan, planner
from flan_jax.train import mesh as mesh_lib
from flan_jax.train.run import plan_spec


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the token cache."""
    folder = tmp_path_factory.mktemp("feed")
    train_run.build_caches(folder / "cache")
    return folder


def run(place, name, **changes):
    nothing = {"selection": (), "report": ()}
    configs = train_run.configs(place / name, place / "cache", **{"evaluation": nothing, **changes})
    return train_run.train(*configs, stream=io.StringIO())


@pytest.mark.parametrize(
    ("seed", "length"), [(1, {"train_steps": 4}), (2, {"train_steps": 0, "train_epochs": 2.0})], ids=["steps", "epochs"]
)
def test_a_plan_is_made_or_read_once_in_a_process(place, monkeypatch, seed, length):
    made, read = [], []

    def count(owner, name, calls):
        original = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *args, **kwargs: (calls.append(name), original(*args, **kwargs))[1])

    count(planner._Planner, "plan", made)
    count(planner, "read_plan", read)
    first = run(place, f"once_{seed}", seed=seed, **length)
    assert (len(made), len(read)) == (1, 0)
    again = run(place, f"once_{seed}", seed=seed, **length)  # a restart
    assert (len(made), len(read)) == (1, 1)
    assert again.step == first.step >= 4


def test_a_run_reads_blocks_and_is_fed_the_rows_of_batch_at_also_after_a_restart(place, monkeypatch):
    """What reaches the devices, and how often a task's shards are looked into for it."""
    fed, reads = [], []
    to_global, read_many = mesh_lib.to_global, CacheReader.read_many
    monkeypatch.setattr(mesh_lib, "to_global", lambda *args: (fed.append(args[-1]), to_global(*args))[1])
    monkeypatch.setattr(CacheReader, "read_many", lambda *args: (reads.append(args[1]), read_many(*args))[1])
    run(place, "blocks", train_steps=6)
    assert len(fed) == 6
    run(place, "blocks", train_steps=16)  # goes on from step 6, the middle of a block
    assert len(fed) == 16
    # From 0: blocks of 1, 2 and 3 steps; from 6: of 1, 2, 4 and 3. Three tasks are read at each of 16 steps otherwise.
    assert 0 < len(reads) <= 7 * 3
    config, model, *_ = train_run.configs(place / "blocks", place / "cache", train_steps=16)
    vocabulary = load_vocabulary(str(config.vocab_path))
    with CacheReader(next((place / "cache").glob("*/*")), vocabulary.fingerprint) as reader:
        plan = make_plan(plan_spec(config, model, read_mixture_manifest(reader.root, "run_train")), reader, vocabulary)
        for step, batch in enumerate(fed):
            expected = batch_at(plan, reader, step)
            assert set(batch) == set(expected)
            for name, values in expected.items():
                assert batch[name].dtype == values.dtype
                np.testing.assert_array_equal(batch[name], values)
