"""A run that is killed or stopped at any moment ends with the uninterrupted run's very bits."""

import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys

import jax
import numpy as np
import pytest
import train_run

from flan_jax.checkpoints.store import Checkpoints
from flan_jax.models import param_logical_axes
from flan_jax.optim import make_adafactor
from flan_jax.train.config import DEFAULT_RULES, MeshConfig
from flan_jax.train.mesh import make_mesh
from flan_jax.train.state import abstract_state, state_shardings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]  # on an idle machine a minute
PROGRAM = pathlib.Path(train_run.__file__)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the token cache."""
    folder = tmp_path_factory.mktemp("interrupted")
    train_run.build_caches(folder / "cache")
    return folder


def start(place, model_dir, num_devices=2, **order):
    order = {
        "cache_dir": str(place / "cache"),
        "model_dir": str(model_dir),
        **order,
    }
    flags = re.sub(r"(device_count)=\d+", rf"\1={num_devices}", os.environ["XLA_FLAGS"])
    environment = {**os.environ, "XLA_FLAGS": flags}
    command = [sys.executable, str(PROGRAM), json.dumps(order)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, returncode=0):
    """What the run said of its end, None where it was killed."""
    out, err = process.communicate(timeout=900)
    assert process.returncode == returncode, f"{out[-2000:]}\n{err[-3000:]}"
    return None if returncode else json.loads(out.splitlines()[-1])


def final_state(model_dir, step=8):
    """Parameters and optimizer state as NumPy, restored to a mesh of another shape than they were saved from."""
    _, model, optimizer, _ = train_run.configs(model_dir, "unused")
    tx = make_adafactor(optimizer, param_logical_axes(model))
    mesh = make_mesh(MeshConfig(1, 1, 1), jax.devices()[:1])
    abstract = abstract_state(model, tx, state_shardings(mesh, DEFAULT_RULES, model, optimizer))
    checkpoints = Checkpoints(model_dir)
    try:
        return jax.device_get(checkpoints.restore(step, abstract))
    finally:
        checkpoints.close()


def history(model_dir, names=("loss", "grad_norm", "param_norm", "accuracy")):
    lines = [json.loads(line) for line in (model_dir / "metrics.jsonl").read_text().splitlines()]
    return {line["step"]: [line[name] for name in names] for line in lines}


def scores(model_dir):
    lines = [json.loads(line) for line in (model_dir / "evals.jsonl").read_text().splitlines()]
    return [(line["step"], line["averages"], [task["samples"] for task in line["tasks"].values()]) for line in lines]


def same_bits(ours, theirs):
    equal = jax.tree.map(lambda a, b: a.dtype == b.dtype and a.tobytes() == b.tobytes(), ours, theirs)
    assert all(jax.tree.leaves(equal)), equal


@pytest.fixture(scope="module")
def uninterrupted(place):
    ended = finish(start(place, place / "whole"))
    assert ended["is_finished"] and ended["step"] == 8
    return place / "whole"


def test_killed_in_a_step_an_evaluation_and_a_save(place, uninterrupted):
    model_dir, rng = place / "killed", random.Random(3)
    ends = [
        {"at": "eval", "number": 1},  # before the first step
        {"at": "step", "number": 3},  # after a checkpoint
        {"at": "save", "number": 2, "delay_secs": rng.uniform(0.001, 0.05)},  # `make faults` has many more
    ]
    for end in ends:
        finish(start(place, model_dir, end=end), -signal.SIGKILL)
    assert finish(start(place, model_dir))["is_finished"]
    same_bits(final_state(model_dir), final_state(uninterrupted))
    assert history(model_dir) == history(uninterrupted)
    assert scores(model_dir) == scores(uninterrupted)
    ours, theirs = ((folder / "selected" / "weights.safetensors").read_bytes() for folder in (model_dir, uninterrupted))
    assert ours == theirs


def test_sigterm_saves_and_the_same_command_continues(place, uninterrupted):
    model_dir = place / "stopped"
    ended = finish(start(place, model_dir, end={"at": "step", "number": 3, "signal_name": "SIGTERM"}))
    assert ended == {"step": 3, "is_finished": False, "selected": None}
    assert (model_dir / "checkpoints" / "3").is_dir()
    ended = finish(start(place, model_dir, end={"at": "eval", "number": 1, "signal_name": "SIGTERM"}))
    assert ended == {"step": 4, "is_finished": False, "selected": None}
    assert finish(start(place, model_dir))["is_finished"]
    same_bits(final_state(model_dir), final_state(uninterrupted))
    assert scores(model_dir) == scores(uninterrupted)


def test_two_processes_are_one_process_with_as_many_devices(place):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    changes = {"train_steps": 4, "eval_period": 4, "mesh": {"fsdp": 2}, "microbatches": 2}

    def pair(model_dir, end=None):
        processes = []
        for number in range(2):
            distributed = {"coordinator_address": f"127.0.0.1:{port}", "num_processes": 2, "process_id": number}
            own_end = end if number == 1 else None
            processes.append(start(place, model_dir, distributed=distributed, changes=changes, end=own_end))
        return [finish(process) for process in processes]

    finish(start(place, place / "one", num_devices=4, changes=changes))
    # One of the two is asked to stop: both stop after the same step, and both go on from there.
    stopped = pair(place / "two", {"at": "step", "number": 1, "signal_name": "SIGTERM"})
    assert stopped[0] == stopped[1] and not stopped[0]["is_finished"], stopped
    assert [ended["is_finished"] for ended in pair(place / "two")] == [True, True]
    one, two = history(place / "one"), history(place / "two")
    assert sorted(one) == sorted(two) == [1, 2, 3, 4]
    for step in one:
        np.testing.assert_allclose(two[step], one[step], rtol=1e-5)
    assert scores(place / "one") == scores(place / "two")
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6),
        final_state(place / "two", 4).params,
        final_state(place / "one", 4).params,
    )
