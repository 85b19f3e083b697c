"""Runs that train a part of the model: from given weights, stopped and continued, handed over whole."""

import io
import json
import pathlib
import re
import shutil

import jax
import numpy as np
import pytest
import train_run
from flax.traverse_util import flatten_dict

from flan_jax.checkpoints.find import find_weights
from flan_jax.checkpoints.weights import load_weights, save_weights
from flan_jax.cli.main import main
from flan_jax.core.errors import CheckpointError, ConfigError
from flan_jax.interop.tensors import OrbaxTensors
from flan_jax.models import param_shapes
from flan_jax.models.tuning import FULL, TuningConfig

NO_EVALUATION = {"selection": (), "report": ()}
LORA = TuningConfig("lora", lora_rank=2)
PROMPT = TuningConfig("prompt", prompt_tokens=3)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the token cache."""
    folder = tmp_path_factory.mktemp("tuning")
    train_run.build_caches(folder / "cache")
    return folder


def run(place, name, tuning=FULL, evaluation=NO_EVALUATION, **changes):
    out = io.StringIO()
    configs = train_run.configs(
        place / name, place / "cache", **{"evaluation": evaluation, "train_steps": 4, **changes}
    )
    return train_run.train(*configs, tuning, stream=out), out.getvalue()


@pytest.fixture(scope="module")
def base(place):
    """The path of weights to start from: a finished run."""
    run(place, "base")
    return str(place / "base")


def abstract_of(source):
    sharding = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    shapes = param_shapes(source.model_config())
    return jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=sharding), shapes)


def weights_at(path):
    source = find_weights(path)
    return flatten_dict(jax.device_get(source.load(abstract_of(source))), sep="/")


@pytest.mark.parametrize("tuning", [LORA, PROMPT], ids=lambda tuning: tuning.method)
def test_a_part_is_trained_saved_resumed_and_handed_over_whole(place, base, tuning):
    name = tuning.method
    judged = {} if name == "lora" else {"selection": ("run_held_1",), "report": ()}
    evaluation = {**NO_EVALUATION, **judged}
    result, text = run(place, name, tuning, evaluation, initial_checkpoint_path=base)
    assert result.is_finished and "frozen" in text and "weights of" in text
    checkpoint = place / name / "checkpoints/4"
    small = OrbaxTensors(checkpoint / "params").infos
    ends = ("lora_a", "lora_b") if name == "lora" else ("soft_prompt",)
    assert small and all(tensor.endswith(ends) for tensor in small)

    # Whole weights, which differ from the base in what was trained alone; the checkpoint gives the same with its base.
    before, after = weights_at(base), weights_at(place / name)
    changed = {tensor for tensor in after if tensor not in before or not np.array_equal(after[tensor], before[tensor])}
    assert changed and all(t.split("/")[-2] in ("query", "value") or t.endswith("soft_prompt") for t in changed)
    again = weights_at(checkpoint)
    assert again.keys() == after.keys()
    for tensor in after:
        np.testing.assert_allclose(again[tensor], after[tensor], atol=1e-6)

    # Stopped after two steps and continued: the same bits.
    run(place, f"{name}_resumed", tuning, initial_checkpoint_path=base, train_steps=2)
    _, text = run(place, f"{name}_resumed", tuning, initial_checkpoint_path=base)
    assert "continuing from step 2" in text
    for tensor, value in weights_at(place / f"{name}_resumed").items():
        np.testing.assert_array_equal(value, after[tensor])


def test_the_tuned_model_generates_and_goes_out_to_hugging_face(place, base, tmp_path, capsys):
    for tuning in (LORA, PROMPT):
        run(place, tuning.method, tuning, initial_checkpoint_path=base)
        flags = ["--checkpoint", str(place / tuning.method), "--prompt", "Say two after red:"]
        assert main(["infer", *flags, "--inputs_length", "24", "--max_decode_len", "4"]) == 0
    export = ["export", "--to", "hf", "--out", str(tmp_path / "hf"), "--checkpoint"]
    assert main([*export, str(place / "lora")]) == 0 and (tmp_path / "hf/model.safetensors").is_file()
    capsys.readouterr()
    assert main([*export, str(place / "lora/checkpoints/4")]) == 2
    assert "export the run's folder" in capsys.readouterr().err
    assert main([*export, str(place / "prompt")]) == 2
    assert "soft prompt of 3 tokens" in capsys.readouterr().err
    assert main(["export", "--to", "hf", "--out", str(place / "lora"), "--checkpoint", base]) == 2
    assert "lora is a run's folder, whose own weights would be read in place" in capsys.readouterr().err
    into = ["import", f"hf:{tmp_path / 'hf'}", "--skip_certificate", "--out"]
    assert main([*into, base]) == 2 and "base is a run's folder" in capsys.readouterr().err
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "model.json").write_text("mine")
    assert main([*into, str(tmp_path / "notes")]) == 2
    assert "notes/model.json is in the way: move it away" in capsys.readouterr().err


@pytest.mark.parametrize("stated", [True, False], ids=["stated", "made before model.json stated a sha256"])
def test_a_base_that_is_another_by_now_is_refused(place, base, stated):
    for name in ("moving", "moved"):
        shutil.rmtree(place / name, ignore_errors=True)
    folder = shutil.copytree(pathlib.Path(base) / "selected", place / "moving")
    moving = {"initial_checkpoint_path": str(folder)}
    params, info = load_weights(folder)
    if not stated:
        older = {name: value for name, value in info.items() if name != "sha256"}
        (folder / "model.json").write_text(json.dumps(older))
    run(place, "moved", LORA, train_steps=2, **moving)
    before = weights_at(place / "moved/checkpoints/2")
    told = {name: value for name, value in info.items() if name not in ("model", "sha256", "format_version")}
    save_weights(folder, jax.tree.map(lambda leaf: leaf + 1, params), info["model"], **told)
    words = r"moved/checkpoints/2 was trained on other weights than .*/moving has by now: put those back"
    with pytest.raises(CheckpointError, match=words):
        run(place, "moved", LORA, **moving)
    with pytest.raises(CheckpointError, match=words):
        weights_at(place / "moved/checkpoints/2")
    save_weights(folder, params, info["model"], **told)
    after = weights_at(place / "moved/checkpoints/2")
    assert all(np.array_equal(after[name], before[name]) for name in before)


def test_what_does_not_belong_together_is_refused(place, base):
    run(place, "lora", LORA, initial_checkpoint_path=base)
    with pytest.raises(ConfigError, match="method is 'lora', which adds to weights that are there"):
        run(place, "none", LORA)
    with pytest.raises(ConfigError, match="whose parameters no optimizer has seen"):
        run(place, "none", LORA, initial_checkpoint_path=base, restore_optimizer_state=True)
    with pytest.raises(CheckpointError, match=r"has tuning .*'lora_rank': 2.*, this run .*'lora_rank': 4"):
        run(place, "lora", TuningConfig("lora", lora_rank=4), initial_checkpoint_path=base)
    with pytest.raises(CheckpointError, match=r"has tuning .*, this run full"):
        run(place, "lora", initial_checkpoint_path=base)
    shutil.copytree(base, place / "other")
    with pytest.raises(CheckpointError, match=r"has base .*base, this run .*other"):
        run(place, "lora", LORA, initial_checkpoint_path=str(place / "other"))


def test_a_run_goes_on_with_the_optimizer_of_another(place, base):
    """RESTORE_OPTIMIZER_STATE: the count of updates, and with it the moments, begin where the other run's were."""
    checkpoint = str(place / "base/checkpoints/4")
    _, text = run(place, "more", initial_checkpoint_path=checkpoint, restore_optimizer_state=True)
    assert "with its optimizer's state after 4 updates" in text
    states = {name: OrbaxTensors(place / name / "checkpoints/4/opt_state") for name in ("base", "more")}
    assert int(states["base"].read("count")) == 4 and int(states["more"].read("count")) == 8
    with pytest.raises(CheckpointError, match="RESTORE_OPTIMIZER_STATE = False"):
        run(place, "none", initial_checkpoint_path=str(place / "base/selected"), restore_optimizer_state=True)
    _, info = load_weights(place / "more/selected")
    assert info["step"] == 4


def test_epochs_are_counted_in_steps(place):
    """63 short examples: two of what a plan calls an epoch."""
    _, text = run(place, "epochs", train_steps=0, train_epochs=2.0)
    facts = json.loads((place / "epochs/data.json").read_text())
    assert json.loads((place / "epochs/selected.json").read_text())["step"] == 2 * facts["steps_per_epoch"]
    assert re.search(r"this run is 2\.0\d epochs", text), text  # its last row has room for draws of the next


def test_weights_that_nothing_was_said_of_are_taken_and_that_is_said(place, base, capsys):
    find_weights(base).check_sha256(None, "runs/old/checkpoints/2")
    said = capsys.readouterr().err
    assert said.startswith("note: runs/old/checkpoints/2 does not say which weights it is of, so ")
    assert "base/selected's are taken" in said
