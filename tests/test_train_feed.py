"""How a run is fed: its packing plan is made or read once in a process."""

import io

import jax
import pytest
import train_run

from flan_jax.data import planner
from flan_jax.train.loop import run_training


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the token cache; programs compiled by one test are there for the next."""
    folder = tmp_path_factory.mktemp("feed")
    train_run.build_caches(folder / "cache")
    before = {name: getattr(jax.config, name) for name in train_run.COMPILED}
    train_run.keep_compiled(folder / "compiled")
    yield folder
    for name, value in before.items():
        jax.config.update(name, value)


def run(place, name, **changes):
    nothing = {"selection": (), "report": ()}
    configs = train_run.configs(place / name, place / "cache", **{"evaluation": nothing, **changes})
    return run_training(*configs, stream=io.StringIO())


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
