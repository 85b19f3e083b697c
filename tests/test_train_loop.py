"""The run as a whole: what it refuses, what it keeps when it fails, what it starts from and hands over."""

import fcntl
import io
import json
import os
import shutil
import subprocess
import sys

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest
import train_run
from shared import ROOT

from flan_jax.checkpoints.find import find_weights
from flan_jax.checkpoints.store import Checkpoints
from flan_jax.checkpoints.weights import load_weights
from flan_jax.core import assets
from flan_jax.core.errors import CheckpointError, ConfigError, TrainingError
from flan_jax.models import param_shapes
from flan_jax.report.run_data import load_report
from flan_jax.train.guard import FiniteGuard

NO_EVALUATION = {"selection": (), "report": ()}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the token cache."""
    folder = tmp_path_factory.mktemp("loop")
    train_run.build_caches(folder / "cache")
    return folder


def run(place, name, operative_config="", **changes):
    out = io.StringIO()
    configs = train_run.configs(place / name, place / "cache", **{"evaluation": NO_EVALUATION, **changes})
    return train_run.train(*configs, stream=out, operative_config=operative_config), out.getvalue()


@pytest.fixture(scope="module")
def base(place):
    """A finished run of four steps without evaluations."""
    return run(place, "base", "LEARNING_RATE = 0.1\n", train_steps=4)


def tree_of(place, name):
    return {str(p.relative_to(place / name)): p.read_bytes() for p in (place / name).rglob("*") if p.is_file()}


def test_a_run_hands_over_its_last_step_where_nothing_selects(place, base):
    result, text = base
    assert result.is_finished and result.step == result.selected_step == 4
    assert json.loads((place / "base" / "selected.json").read_text())["step"] == 4
    model = train_run.configs("x", "x")[1]
    source = find_weights(place / "base")
    assert source.model_config() == model and source.vocab_path.is_file()
    sharding = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    abstract = jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=sharding), param_shapes(model))
    exported = source.load(abstract)
    saved = find_weights(place / "base" / "checkpoints" / "4").load(abstract)
    jax.tree.map(np.testing.assert_array_equal, exported, saved)
    assert "token_embedder/embedding" in text and "density" in text and "step compiled" in text
    assert text.count("step       4/4") == 1


def test_a_run_may_be_judged_from_its_first_evaluation_on_alone(place):
    result, _ = run(place, "later", train_steps=4, eval_period=2, eval_before_training=False, evaluation={})
    lines = [json.loads(line) for line in (place / "later" / "evals.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4] and result.selected_step in (2, 4)
    report = load_report(place / "later")
    assert report.before is None, "step 2 is no model before training"


def test_every_line_of_the_log_has_what_a_reader_needs(place, base):
    lines = [json.loads(line) for line in (place / "base" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    names = "loss z_loss accuracy weight_sum grad_norm param_norm update_norm learning_rate tokens_per_sec "
    names += "useful_tokens_per_sec data_wait_secs step_secs density mfu flops_per_sec"
    assert all(set(names.split()) <= set(line) for line in lines)
    assert all(0 < line["useful_tokens_per_sec"] <= line["tokens_per_sec"] for line in lines)
    assert list((place / "base" / "tensorboard").glob("events.*"))


def test_a_finished_run_started_again_changes_nothing(place, base):
    before = tree_of(place, "base")
    result, text = run(place, "base", train_steps=4)
    assert result.is_finished and "continuing from step 4" in text
    after = tree_of(place, "base")
    for name in before:
        if "tensorboard" not in name:
            assert after[name] == before[name], name
    shutil.copytree(place / "base", place / "told")
    _, text = run(place, "told", "EVAL_SUITE = 'mmlu'\n", train_steps=4)
    assert "has done its 4 steps and is judged no more, and other settings leave its model as it is: EVAL_SUITE" in text


def test_more_steps_continue_the_same_data(place, base):
    longer, _ = run(place, "longer", train_steps=6)
    shutil.copytree(place / "base", place / "extended")
    _, text = run(place, "extended", "LEARNING_RATE = 0.2\n", train_steps=6)  # the words alone are others
    assert "from step 4 on with other settings: LEARNING_RATE is 0.2, was 0.1\n" in text
    assert (place / "extended" / "config.until_step_4.gin").read_text() == "LEARNING_RATE = 0.1\n"
    assert longer.step == 6
    a, b = (losses(place / name) for name in ("longer", "extended"))
    assert a == b and len(a) == 6


def test_two_runs_in_one_folder_do_not_delete_each_others_saves(place, base):
    with open(place / "base" / ".lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(
            CheckpointError, match=r"another program is writing to .*/base: wait for it or stop it, or give"
        ):
            run(place, "base", train_steps=4)


def test_a_folder_that_vanishes_under_a_run_is_said(place, monkeypatch):
    from flan_jax.train.logs import RunLog

    write, seen = RunLog.metrics, []

    def and_remove(self, step, values):
        write(self, step, values)
        seen.append(step)
        if step == 2:
            shutil.rmtree(place / "gone")

    monkeypatch.setattr(RunLog, "metrics", and_remove)
    with pytest.raises(CheckpointError, match=r"gone/metrics.jsonl is not the file any more that this run writes to"):
        run(place, "gone", train_steps=4)
    assert seen == [1, 2]


@pytest.mark.parametrize("rate", [-0.1, float("nan"), float("inf")])
def test_a_schedule_that_no_step_can_take_is_to_blame_and_not_the_examples(rate):
    guard = FiniteGuard(lambda step: [], lambda: 3)
    guard.push(4, {"loss": 1.0, "grad_norm": 1.0, "param_norm": rate, "learning_rate": rate})
    words = rf"the learning rate of step 4 is {rate:g}, .*: mend the schedule .*; the checkpoint of step 3 is untouched"
    with pytest.raises(TrainingError, match=words):
        guard.flush()


def losses(folder):
    return [json.loads(line)["loss"] for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"mlp_dim": 32}}, r"another model(.|\n)*mlp_dim: this run 32, the checkpoint 16"),
        ({"seed": 5}, "was trained on data plan"),
        ({"batch_size": 16}, "was trained on data plan"),
        ({"optimizer": {"min_dim_size_to_factor": 8}}, r"opt_state/v/\S+: this run \["),
        ({"train_steps": 3}, "past TRAIN_STEPS 3: raise it to at least 4"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_left_alone(place, base, changes, message):
    before = tree_of(place, "base")
    with pytest.raises(CheckpointError, match=message):
        run(place, "base", **{"train_steps": 4, **changes})
    assert tree_of(place, "base") == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 12}, "batch 12 is not divisible by the data axis 8: use 8 or 16"),
        ({"mesh": {"data": 1, "model": 8}}, "heads 2 does not split over the model axis 8: use a model axis of 2"),
        ({"mesh": {"data": 3}}, "there are 8 devices"),
        ({"model": {"vocab_size": 512}}, r"has \d+ ids, the model has 512 rows .*: set VOCAB_SIZE to 2048"),
    ],
)
def test_what_the_devices_or_the_model_cannot_hold_is_refused_before_anything_is_written(place, changes, message):
    with pytest.raises(ConfigError, match=message):
        run(place, "refused", **changes)
    assert not (place / "refused").exists()


def test_a_profile_holds_the_steps_that_are_named_and_no_save(place, base, monkeypatch):
    events, save = [], Checkpoints.save
    monkeypatch.setattr(jax.profiler, "start_trace", lambda folder: events.append(f"start {os.path.basename(folder)}"))
    monkeypatch.setattr(jax.profiler, "stop_trace", lambda: events.append("stop"))
    monkeypatch.setattr(Checkpoints, "save", lambda *args: (events.append("save"), save(*args)))
    _, text = run(place, "profiled", train_steps=4, profile_steps=(3, 4))
    assert events == ["save", "start profile", "stop", "save"]  # of steps 2 and 4
    assert f"profile of steps 3 to 4 in {place / 'profiled' / 'profile'}" in text
    _, text = run(place, "profiled", train_steps=5, profile_steps=(3, 4))
    assert "steps 3 to 4 are done already: none is profiled" in text and events.count("start profile") == 1


@pytest.mark.parametrize("steps", [(3, 2), (3, 5)])
def test_steps_that_a_run_has_not_cannot_be_profiled(place, steps):
    with pytest.raises(ConfigError, match=r"profile_steps is .*from 1 up to TRAIN_STEPS \(4\)"):
        run(place, "unprofiled", train_steps=4, profile_steps=steps)


def test_a_loss_that_is_not_finite_stops_with_its_examples_and_keeps_the_last_checkpoint(place):
    with pytest.raises(TrainingError) as caught:
        run(place, "diverged", optimizer={"learning_rate": poison_after(4)})
    text = str(caught.value)
    assert "step 5 is not finite" in text and "The checkpoint of step 4 is untouched" in text
    assert "run_a[" in text and "(row 0)" in text
    checkpoints = Checkpoints(place / "diverged")
    assert checkpoints.steps() == [2, 4]
    checkpoints.close()
    assert np.isfinite(losses(place / "diverged")).all()


def poison_after(steps):
    """A learning rate that no parameter survives from one step on."""
    return lambda count: jax.numpy.where(count < steps, 1e-2, 3e38)


def test_weights_start_a_run_by_any_path_and_must_be_of_the_same_model(place, base):
    model_dir = place / "base"
    first = []
    for number, path in enumerate([model_dir, model_dir / "checkpoints" / "4", model_dir / "selected"]):
        _, text = run(place, f"from_{number}", train_steps=1, initial_checkpoint_path=str(path))
        assert "weights of" in text
        first.append(losses(place / f"from_{number}"))
    assert first[0] == first[1] == first[2] != losses(model_dir)[:1]
    with pytest.raises(CheckpointError, match="another model"):
        run(place, "from_other", initial_checkpoint_path=str(model_dir), model={"emb_dim": 32})
    with pytest.raises(CheckpointError, match="is no folder"):
        run(place, "from_nowhere", initial_checkpoint_path=str(place / "nowhere"))


def test_a_full_disk_ends_the_run_with_a_remedy(place, monkeypatch):
    original, saved = ocp.CheckpointManager.save, []

    def save(self, step, **kwargs):
        saved.append(step)
        if len(saved) == 2:
            raise ValueError("RESOURCE_EXHAUSTED: … No space left on device [os_error_code='28']")
        return original(self, step, **kwargs)

    monkeypatch.setattr(ocp.CheckpointManager, "save", save)
    with pytest.raises(CheckpointError, match=r"disk full: a write of about .* MiB below .*Free some space"):
        run(place, "full", train_steps=6)
    monkeypatch.undo()
    result, text = run(place, "full", train_steps=6)
    assert result.is_finished and "continuing from step 2" in text


def test_bfloat16_weights_are_handed_over_on_request(place):
    run(place, "half", train_steps=1, checkpoint={"export_dtype": "bfloat16"})
    size = (place / "half" / "selected" / "weights.safetensors").stat().st_size
    params, _ = load_weights(place / "half" / "selected")
    assert size < 2.2 * sum(leaf.size for leaf in jax.tree.leaves(params))


@pytest.mark.slow
def test_the_command_trains_without_tensorflow_and_reports(place, tmp_path):
    recipe = tmp_path / "tiny.gin"
    recipe.write_text(
        "include 'gin/models/t5_1_1_demo.gin'\n"
        "include 'gin/runs/pretrain.gin'\n"
        "MIXTURE_OR_TASK_NAME = 'run_train'\n"
        "MIXTURE_OR_TASK_MODULE = 'train_run'\n"
        "TASK_FEATURE_LENGTHS = {'inputs': 24, 'targets': 8}\n"
        "EVAL_SELECTION = 'run_held_1'\nEVAL_REPORT = 'run_held_2'\n"
        "EVAL_INPUTS_LENGTH = 24\nEVAL_TARGETS_LENGTH = 4\nEVAL_LIMIT = 4\nEVAL_BATCH_SIZE = 8\n"
        "BATCH_SIZE = 8\nTRAIN_STEPS = 2\nLEARNING_RATE = 1e-3\nEVAL_PERIOD = 1\nT5Config.emb_dim = 16\n"
    )
    heavy = ["tensorflow", "tensorflow_datasets", "tensorflow_text", "seqio", "clu", "apache_beam"]
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({heavy!r}))\n"
        "import runpy; runpy.run_module('flan_jax.train', run_name='__main__', alter_sys=True)"
    )
    arguments = [f"--gin_file={recipe}", f"--gin.MODEL_DIR={tmp_path / 'run'}", f"--gin.CACHE_DIR={place / 'cache'}"]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    assert "Held-out tasks, before and after" in done.stdout and "Selected: step" in done.stdout
    for name in ("report.html", "config.gin", "selected.json", "selected/weights.safetensors"):
        assert (tmp_path / "run" / name).is_file(), name
    assert str(assets.EMBEDDED_VOCAB.name) in (tmp_path / "run" / "selected" / "model.json").read_text()
