"""`flan-jax cache`, `tasks` and `mix`: what they print, and that mistakes are answered with a remedy."""

import json
import re
import subprocess
import sys
import textwrap

import pytest

from flan_jax.cli.cache import registration_flags
from flan_jax.cli.gin_config import load
from flan_jax.cli.main import main
from flan_jax.core.manifest import read_mixture_manifest
from flan_jax.declare.registry import restored

TASK = {
    "Categories": ["Word Play"],
    "Definition": ["Write the word backwards."],
    "Positive Examples": [{"input": f"a rather long example, number {i}", "output": "short"} for i in range(2)],
    "Instances": [{"id": f"t-{i}", "input": f"word {i}", "output": [f"{i} drow"]} for i in range(8)],
}


@pytest.fixture
def niv2(tmp_path):
    """A small folder in the layout of Super-NaturalInstructions; the registry is put back afterwards."""
    import flan_jax.tasks  # noqa: F401

    folder = tmp_path / "niv2"
    (folder / "splits/default").mkdir(parents=True)
    (folder / "tasks").mkdir()
    for split, count in (("train", 30), ("test", 2)):
        names = [f"task{i}_{split}" for i in range(count)]
        (folder / f"splits/default/{split}_tasks.txt").write_text("\n".join(names))
        for i, name in enumerate(names):
            task = {**TASK, "Categories": [f"{split} {i % 10}"], "Source": [f"{split}_source"]}
            (folder / f"tasks/{name}.json").write_text(json.dumps(task))
    with restored():
        yield folder


def run(capsys, *argv):
    """(exit status, lines of standard output, standard error)."""
    status = main([str(arg) for arg in argv])
    captured = capsys.readouterr()
    return status, captured.out.splitlines(), captured.err


def test_list_filters(capsys, niv2):
    status, lines, _ = run(capsys, "tasks", "list", "--task_folder", f"niv2={niv2}", "--mixture", "niv2_report")
    assert status == 0
    assert [line.split("\t")[0] for line in lines] == ["niv2_task0_test__heldout", "niv2_task1_test__heldout"]
    columns = ["test 0", "test", "rouge_l, normalised_exact_match", "whole cluster", "here"]
    assert lines[0].split("\t")[1:] == columns
    _, lines, _ = run(capsys, "tasks", "list", "--source", "generated")
    assert len(lines) > 100
    assert run(capsys, "tasks", "list", "--cluster", "sentimnt")[2].count("did you mean sentiment")


def test_show_names_the_mixtures_and_the_rows(capsys, niv2):
    _, lines, _ = run(capsys, "tasks", "show", "niv2_task0_test__heldout", "--task_folder", f"niv2={niv2}")
    text = "\n".join(lines)
    assert "def_pos_2_neg_2" in text and "fewshot_N" in text
    for part in ("niv2_report", "test (8 rows)", "whole cluster", "task0_test.json", "test_source"):
        assert part in text


def test_render_counts_tokens_and_dropped_exemplars(capsys, niv2):
    options = ("--task_folder", f"niv2={niv2}", "--n", 2, "--inputs_length", 40, "--targets_length", 2)
    status, lines, _ = run(capsys, "tasks", "render", "niv2_task0_test", *options)
    text = "\n".join(lines)
    assert status == 0
    assert text.count("=> ") == 2
    assert text.count("2 of 2 exemplars dropped to fit 40 tokens") == 2
    assert text.count("target longer than 2: left out of training") == 2


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("tasks", "show"), "needs a task"),
        (("tasks", "show", "procedural"), "`flan-jax mix explain procedural`"),
        (("tasks", "render", "review_sentiment_zero_shot", "--split", "tset"), "has no split 'tset'"),
        (("tasks", "render", "review_sentiment_zero_shot", "--start", "100000"), "is past the"),
        (("tasks", "list", "--task_folder", "niv2"), "--task_folder 'niv2' is not NAME=FOLDER"),
        (("tasks", "list", "--suite", "niv2"), "--suite 'niv2' is not NAME=FOLDER"),
        (("mix", "explain"), "give a mixture's name"),
        (("mix", "explain", "procedual"), "did you mean procedural"),
        (("mix", "explain", "procedural", "--inputs_length", "8"), "go together"),
        (("cache",), "nothing to cache"),
        (("cache", "--mixture", "procedural"), "--cache_dir is not set"),
        (
            ("cache", "--mixture", "procedural", "--cache_dir", "x", "--num_workers", "0"),
            "--num_workers is 0: give a whole number of at least 1",
        ),
    ],
)
def test_mistakes_are_answered(capsys, argv, message):
    status, _, errors = run(capsys, *argv)
    assert status == 2
    assert message in errors


def test_the_flags_old_name_says_the_new_one(capsys, niv2):
    for command in (("tasks", "list", "--mixture", "niv2_report"), ("mix", "explain", "niv2_report")):
        status, lines, errors = run(capsys, *command, "--suite", f"niv2={niv2}")
        assert status == 0 and any(line.startswith("niv2_task0_test__heldout") for line in lines)
        assert errors.count("--suite NAME=FOLDER is called --task_folder NAME=FOLDER now\n") == 1
        assert "is called" not in run(capsys, *command, "--task_folder", f"niv2={niv2}")[2]


def test_the_macros_old_name_says_the_new_one(capsys, tmp_path):
    (tmp_path / "old.gin").write_text(
        "include 'gin/recipes/demo.gin'\nMODEL_DIR = 'run'\nTASK_SUITES = {'niv2': '/a', 'cot': '/b'}\n"
    )
    config = load([str(tmp_path / "old.gin")], ["TASK_FOLDERS = {'cot': '/c'}"])
    assert config.tasks.folders == {"niv2": "/a", "cot": "/c"}
    assert capsys.readouterr().err == "TASK_SUITES is called TASK_FOLDERS now\n"
    # What a run of before has saved beside its checkpoints names the field by its old name.
    old = re.sub(r"(?m)^.*TASK_FOLDERS.*\n", "", config.operative)
    (tmp_path / "operative.gin").write_text(old)
    assert load([str(tmp_path / "operative.gin")]).tasks.folders == {"niv2": "/a", "cot": "/b"}


def test_the_variables_old_name_says_the_new_one(tmp_path, niv2):
    program = f"""
        import os, sys, types
        sys.modules["flan_jax.cache.seqio_bridge"] = types.SimpleNamespace(register_all=print)
        os.environ[sys.argv[1]] = "niv2={niv2}"
        import flan_jax.seqio_tasks
        from flan_jax.declare.registry import get_mixture
        assert len(get_mixture("niv2_report").members) == 2
    """
    for name, said in (("SUITES", ["FLAN_JAX_TASK_SUITES is called FLAN_JAX_TASK_FOLDERS now"]), ("FOLDERS", [])):
        command = [sys.executable, "-c", textwrap.dedent(program), f"FLAN_JAX_TASK_{name}"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr.splitlines() == said


def test_cache_then_explain(capsys, niv2, tmp_path):
    common = ("--task_folder", f"niv2={niv2}", "--cache_dir", tmp_path / "cache")
    run_options = ("--steps", 3, "--batch_size", 4, "--inputs_length", 128, "--targets_length", 32)
    _, lines, _ = run(capsys, "mix", "explain", "niv2_train", *common, *run_options)
    assert any("not cached" in line for line in lines)

    status, lines, _ = run(capsys, "cache", "--mixture", "niv2_train", *common, "--num_workers", 1)
    assert status == 0
    manifest_path = next((tmp_path / "cache").glob("*/*/mixtures/niv2_train.json"))
    manifest = read_mixture_manifest(manifest_path.parent.parent, "niv2_train")

    status, lines, errors = run(capsys, "mix", "explain", "niv2_train", *common, *run_options)
    assert status == 0
    assert "inputs are kept whole; a run of 128 inputs reads one of its own" in errors
    header, *rows = (line.split("\t") for line in lines if "\t" in line)
    table = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert table.keys() == manifest.rates.keys()
    assert {row["examples"] for row in table.values()} == {"8"}
    shares = [float(row["share"].rstrip("%")) for row in table.values()]
    assert sum(shares) == pytest.approx(100, abs=0.1)
    seen = sum(int(row["seen"]) for row in table.values())
    assert f"see {seen:,} examples" in "\n".join(lines)
    assert float(next(iter(table.values()))["epochs"]) > 0
    # Where there is a cache for the run's inputs, it is the one.
    assert (
        run(capsys, "cache", "--mixture", "niv2_train", *common, "--num_workers", 1, "--max_inputs_length", 128)[0] == 0
    )
    status, again, errors = run(capsys, "mix", "explain", "niv2_train", *common, *run_options)
    assert status == 0 and "inputs are kept" not in errors and f"see {seen:,} examples" in "\n".join(again)
    status, _, errors = run(capsys, "mix", "explain", "niv2_train", *common, "--whole_epoch")
    assert status == 2 and "--whole_epoch is of a run's rows: give --steps, --batch_size, --inputs_len" in errors
    (tmp_path / "file").write_text("")
    status, _, errors = run(capsys, "mix", "explain", "niv2_train", "--cache_dir", tmp_path / "file")
    assert status == 2 and "file is a file: give another CACHE_DIR" in errors


def test_a_recipe_names_everything(capsys, niv2, tmp_path):
    """`cache --gin_file` caches what the recipe trains on and what it judges on."""
    recipe = tmp_path / "run.gin"
    recipe.write_text(
        "include 'gin/recipes/demo.gin'\n"
        "MIXTURE_OR_TASK_NAME = 'niv2_train'\n"
        "EVAL_SELECTION = 'niv2_selection'\n"
        "EVAL_REPORT = 'niv2_report'\n"
        "INITIAL_CHECKPOINT_PATH = 'anywhere'\n"
        f"TASK_FOLDERS = {{'niv2': '{niv2}'}}\n"
        f"CACHE_DIR = '{tmp_path / 'cache'}'\n"
        f"MODEL_DIR = '{tmp_path / 'run'}'\n"
    )
    status, _, errors = run(capsys, "cache", "--gin_file", recipe, "--num_workers", 1)
    assert status == 0, errors
    names = {path.stem for path in (tmp_path / "cache").glob("*/*/mixtures/*.json")}
    assert names == {"niv2_train", "niv2_selection", "niv2_report"}
    status, lines, errors = run(capsys, "mix", "explain", "--gin_file", recipe, "--steps", 2)
    assert status == 0, errors
    assert any("2 steps of" in line for line in lines)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["list", "small_sum_zero_shot"], "takes no name, and got 'small_sum_zero_shot'"),
        (["list", "--format", "fewshot"], "`flan-jax tasks list` does not use --format"),
        (["list", "--source", "nosuch"], "no task's source or data set has 'nosuch' in it"),
        (["show", "small_sum_zero_shot", "--split", "test"], "`flan-jax tasks show` does not use --split"),
        (["show", "small_sum_zero_shot", "--max_inputs_length", "9"], "does not use --max_inputs_length"),
        (["render", "small_sum_zero_shot", "--cluster", "dates"], "`flan-jax tasks render` does not use --cluster"),
    ],
)
def test_options_that_an_action_would_not_look_at_are_refused(argv, message, capsys):
    assert main(["tasks", *argv]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "flag"),
    [
        (["eval", "--checkpoint", "x", "--mixture", "who_has_zero_shot", "--format", "fewshot"], "--format"),
        (["eval", "--checkpoint", "x", "--mixture", "who_has_zero_shot", "--samples", "4"], "--samples"),
        (["eval", "--checkpoint", "x", "--mixture", "who_has_zero_shot", "--seed", "4"], "--seed"),
        (["eval", "--checkpoint", "x", "--suite", "mmlu", "--targets_length", "9"], "--targets_length"),
        (["eval", "--checkpoint", "x", "--suite", "mmlu", "--copy_input_baseline"], "--copy_input_baseline"),
        (["mix", "explain", "procedural", "--ngram", "3"], "--ngram"),
        (["mix", "explain", "procedural", "--limit", "3"], "--limit"),
        (["mix", "check", "procedural", "--steps", "3"], "--steps"),
    ],
)
def test_flags_of_what_else_a_verb_does_are_refused(argv, flag, capsys):
    assert main(argv) == 2
    assert f"does not use {flag}: leave it out" in capsys.readouterr().err


def test_commands_to_copy_register_the_same_tasks_and_survive_a_shell():
    assert registration_flags(("flan_jax.tasks",), {}) == registration_flags((), {}) == ""
    flags = registration_flags(("flan_jax.tasks", "my_tasks"), {"niv2": "/data/my tasks"})
    assert flags == " --module flan_jax.tasks --module my_tasks --task_folder 'niv2=/data/my tasks'"
