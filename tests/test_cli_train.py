"""`flan-jax train`: what its arguments say of the run that it goes on with."""

import argparse

import pytest

from flan_jax.cli import train


@pytest.mark.parametrize("is_same", [True, False], ids=["its own", "copied or moved"])
def test_a_runs_config_that_names_another_folder_is_said(tmp_path, monkeypatch, capsys, is_same):
    run = tmp_path / "copy"
    (run / "checkpoints").mkdir(parents=True)
    place = run if is_same else tmp_path / "first"
    (run / "config.gin").write_text(f"include 'gin/recipes/demo.gin'\nMODEL_DIR = {str(place)!r}\n", encoding="utf-8")
    trained = []
    monkeypatch.setattr(train, "train_run", trained.append)
    monkeypatch.setattr(train, "keep_freed_memory_on_cpu", lambda: None)
    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    assert train.run(parser.parse_args(["--gin_file", str(run / "config.gin")])) == 0
    assert trained[0].train.model_dir == str(place)
    said = capsys.readouterr().err
    assert said == "" if is_same else f"names MODEL_DIR {place}, which is trained; to go on with the other say" in said
