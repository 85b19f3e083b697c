"""The demo's parts fit each other, and the verb runs from the embedded checkpoint to the report."""

import argparse
import json
import os
import pathlib
import subprocess
import sys

import pytest

from flan_jax.checkpoints.find import check_same_model, find_weights
from flan_jax.cli import demo, gin_config, pretrained
from flan_jax.cli.main import main
from flan_jax.core import assets
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.train.loop import RunResult
from flan_jax.workflows.config import RunConfig

LM_ADAPTED = assets.ASSETS / "lm_adapted"


def test_the_embedded_weights_are_the_demo_models_on_the_embedded_vocabulary():
    run = gin_config.load(["gin/recipes/demo.gin"], ["MODEL_DIR = 'unused'"])
    source = find_weights(run.train.initial_checkpoint_path)
    check_same_model(source.path, run.model, source.model)
    vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
    assert source.vocab_fingerprint == vocabulary.fingerprint == load_vocabulary(run.train.vocab_path).fingerprint
    assert json.loads((LM_ADAPTED / "model.json").read_text())["mixture"] == "procedural_retold"


def test_selection_and_report_share_no_task_and_neither_is_trained_on():
    import flan_jax.tasks  # noqa: F401
    from flan_jax.declare.registry import get_mixture, mixture_members

    names = {
        name: {task.name for task in mixture_members(get_mixture(name))}
        for name in ("procedural", "procedural_selection", "procedural_report")
    }
    assert not names["procedural_selection"] & names["procedural_report"]
    assert not names["procedural"] & (names["procedural_selection"] | names["procedural_report"])


@pytest.mark.parametrize(("is_finished", "status", "said"), [(True, 0, "took"), (False, 143, "stopped at step 7")])
def test_a_demo_that_was_stopped_does_not_look_finished(tmp_path, monkeypatch, capsys, is_finished, status, said):
    def fake_train(config):
        assert (config.train.model_dir, config.train.mixture) == (str(tmp_path), "procedural")
        return RunResult(tmp_path, 7, is_finished)

    monkeypatch.setattr(demo, "train_run", fake_train)
    monkeypatch.setattr(demo, "keep_freed_memory_on_cpu", lambda: None)
    monkeypatch.setattr(demo, "use_cores", lambda batch_size: None)
    assert main(["demo", "--model_dir", str(tmp_path)]) == status
    assert said in capsys.readouterr().out


def no_flags(*args):
    raise AssertionError("typed values were made text to be parsed again")


def test_the_demo_calls_training_with_typed_values(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", no_flags)
    monkeypatch.setattr(demo, "train_run", lambda config: told.append(config) or RunResult(tmp_path, 5, True))
    monkeypatch.setattr(demo, "keep_freed_memory_on_cpu", lambda: None)
    monkeypatch.setattr(demo, "use_cores", lambda batch_size: None)
    args = {"model_dir": str(tmp_path), "gin_file": [], "gin_search_paths": "", "gin_bindings": ["TRAIN_STEPS = 5"]}
    assert demo.run(argparse.Namespace(**args)) == 0
    assert isinstance(told[0], RunConfig) and told[0].train.train_steps == 5


def test_pretraining_calls_training_with_typed_values_each_stage_from_the_one_before(tmp_path, monkeypatch):
    told = []

    def fake_train(config):
        monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", no_flags)
        told.append(config.train)
        (pathlib.Path(config.train.model_dir) / "selected").mkdir(parents=True)
        return RunResult(tmp_path, 7, True)

    monkeypatch.setattr(pretrained, "train_run", fake_train)
    monkeypatch.setattr(pretrained, "keep_freed_memory_on_cpu", lambda: None)
    monkeypatch.setattr(pretrained, "use_cores", lambda batch_size: None)
    assert pretrained.main(["--model_dir", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert [train.mixture for train in told] == ["procedural_copies", "procedural_pairs", "procedural_retold"]
    before = [None, str(tmp_path / "copies" / "selected"), str(tmp_path / "pairs" / "selected")]
    assert [train.initial_checkpoint_path for train in told] == before


def test_a_file_of_its_own_says_where_a_demo_goes_unless_the_flag_does(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(demo, "train_run", lambda config: told.append(config) or RunResult(tmp_path, 5, True))
    monkeypatch.setattr(demo, "keep_freed_memory_on_cpu", lambda: None)
    file = tmp_path / "mine.gin"
    file.write_text("include 'gin/recipes/demo.gin'\nMODEL_DIR = 'mine'\n")
    for argv in ([], [f"--gin_file={file}"], [f"--gin_file={file}", "--model_dir=given"], ["--gin.MODEL_DIR=bound"]):
        assert main(["demo", *argv]) == 0
    assert [config.train.model_dir for config in told] == ["runs/demo", "mine", "given", "bound"]


@pytest.mark.slow
def test_the_demo_runs_from_the_embedded_checkpoint_to_the_report(tmp_path):
    bindings = ["TRAIN_STEPS = 2", "EVAL_PERIOD = 1", "EVAL_LIMIT = 2", f"CACHE_DIR = '{tmp_path}/cache'"]
    bindings += ["EVAL_SELECTION = 'who_has_new_template'", "EVAL_REPORT = 'which_pet_few_shot'"]
    bindings += ["MIXTURE_OR_TASK_NAME = 'who_has_zero_shot'", "LOG_PERIOD = 1", "BATCH_SIZE = 2"]
    command = [sys.executable, "-m", "flan_jax.cli.main", "demo", f"--model_dir={tmp_path}/demo"]
    command += [f"--gin_bindings={binding}" for binding in bindings]
    environment = {**os.environ, "XLA_FLAGS": "", "COLUMNS": "160"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "whole cluster" in done.stdout and "Selected: step" in done.stdout and "flan-jax infer" in done.stdout
    assert {"selected", "selected.json", "report.html", "evals.jsonl", "metrics.jsonl"} <= set(
        os.listdir(tmp_path / "demo")
    )
    assert f"weights of {LM_ADAPTED}" in done.stdout
