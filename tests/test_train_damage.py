"""A run whose files were damaged or lost while it was not running goes on to the same end, and says what it found."""

import io
import json
import shutil

import pytest
import train_run

from flan_jax.checkpoints.find import find_weights
from flan_jax.core.errors import CheckpointError, ConfigError, TrainingError

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the token cache, and `whole`: a run of 8 steps, judged at 0, 4 and 8, of which 6 and 8 are kept."""
    folder = tmp_path_factory.mktemp("damage")
    train_run.build_caches(folder / "cache")
    run(folder, "whole")
    return folder


def run(place, name, **changes):
    out = io.StringIO()
    result = train_run.train(*train_run.configs(place / name, place / "cache", **changes), stream=out)
    assert result.is_finished
    return out.getvalue()


def copy(place, name):
    return shutil.copytree(place / "whole", place / name)


def flip_arrays(step_folder, item="params"):
    """One bit in the middle of each of the item's larger files."""
    for file in (step_folder / item).rglob("d/*"):
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 4
        file.write_bytes(content)


def scores(folder):
    lines = [json.loads(line) for line in (folder / "evals.jsonl").read_text().splitlines()]
    return [(line["step"], line["averages"], line["tasks"]) for line in lines]


def same_end(folder, other):
    assert scores(folder) == scores(other)
    for name in ("selected.json", "selected/weights.safetensors", "selected/model.json"):
        assert (folder / name).read_bytes() == (other / name).read_bytes(), name


def test_a_damaged_newest_checkpoint_is_set_aside_and_the_one_before_goes_on(place):
    folder = copy(place, "newest")
    flip_arrays(folder / "checkpoints" / "8")
    (folder / ".selected.7.partial").mkdir()
    (folder / ".selected.7.partial" / "weights.safetensors").write_bytes(bytes(2**20))
    text = run(place, "newest")
    assert f"{folder}/checkpoints/8 is damaged" in text or f"{folder}/checkpoints/8 cannot be read" in text
    assert f"); moved to {folder}/damaged_checkpoints/8: delete it when you have looked" in text
    assert "continuing from step 6 " in text and "deleted 1 half-written file (1.0 MiB)" in text
    assert [path.name for path in folder.glob(".*")] == [".lock"]
    same_end(folder, place / "whole")


def test_results_that_were_lost_or_damaged_come_from_the_checkpoint(place):
    folder = copy(place, "evals")
    shutil.rmtree(folder / "checkpoints" / "8")
    lines = (folder / "evals.jsonl").read_text().splitlines()
    better = json.loads(lines[1])
    better["tasks"]["run_held_1"].update(score=1.0, scores=[1.0] * 8)
    del better["sha256_of_the_rest"]
    (folder / "evals.jsonl").write_text(json.dumps(better) + "\n" + lines[2].replace('"score"', '"sc0re"', 1) + "\n")
    text = run(place, "evals")
    assert f"{folder}/evals.jsonl lacks the results of step 0: those of the checkpoint of step 6 were taken" in text
    assert f"{folder}/evals.jsonl has other results of step 4: those of the checkpoint of step 6 were taken" in text
    assert f"{folder}/evals.jsonl:2 is not JSON as it was written" in text and ", so it was left out" in text
    same_end(folder, place / "whole")

    shutil.rmtree(folder / "checkpoints" / "8")
    (folder / "evals.jsonl").unlink()
    assert run(place, "evals").count("lacks the results of step") == 2
    same_end(folder, place / "whole")


def test_nothing_is_begun_anew_for_a_damaged_only_checkpoint(place):
    folder = copy(place, "only")
    for step in (4, 6):
        shutil.rmtree(folder / "checkpoints" / str(step), ignore_errors=True)
    flip_arrays(folder / "checkpoints" / "8", "opt_state")
    with pytest.raises(CheckpointError, match=r"checkpoints/8 .*: there is none before it; .* begins anew"):
        run(place, "only")
    assert (folder / "checkpoints" / "8").is_dir()


def test_a_damaged_selected_checkpoint_is_not_handed_over(place):
    folder = copy(place, "picked")
    step = json.loads((folder / "selected.json").read_text())["step"]
    shutil.rmtree(folder / "selected")
    flip_arrays(folder / "checkpoints" / str(step))
    if step == 8:  # or the run would go on from the one before, and save it again
        with pytest.raises(CheckpointError, match="damaged"):
            shutil.rmtree(folder / "checkpoints" / "6")
            run(place, "picked")
    else:
        with pytest.raises(TrainingError, match=rf"step {step} was selected and cannot be handed over: .*another"):
            run(place, "picked")
    assert not (folder / "selected").exists()


def test_weights_of_another_run_in_the_place_of_those_handed_over_are_refused(place):
    run(place, "seed_1", seed=1)
    folder = copy(place, "swapped")
    assert find_weights(folder).path == folder / "selected"
    shutil.rmtree(folder / "selected")
    shutil.copytree(place / "seed_1" / "selected", folder / "selected")
    with pytest.raises(
        CheckpointError, match=r"swapped/selected holds other weights than .*/swapped handed over, by it"
    ):
        find_weights(folder)
    assert find_weights(folder / "selected").sha256 == find_weights(place / "seed_1").sha256, (
        "who names the folder itself means it"
    )
    run(place, "swapped")  # hands over again
    same_end(folder, place / "whole")


def test_a_model_dir_that_nothing_could_be_read_from_is_refused_before_anything_is_done(place):
    with pytest.raises(ConfigError, match=r"MODEL_DIR '.*run\[1\]' has '\[' in 'run\[1\]'"):
        train_run.train(*train_run.configs(place / "run[1]", place / "not there"))
    assert not (place / "run[1]").exists()
