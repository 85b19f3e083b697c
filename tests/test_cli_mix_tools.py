"""`flan-jax mix explain`, `mix check` and `replay`, on small mixtures of this test's own."""

import json
import re
import sys

import pytest

import flan_jax.tasks  # noqa: F401
from flan_jax.cache.build import build_cache
from flan_jax.cache.native import render
from flan_jax.cache.trace import trace
from flan_jax.cli import mix
from flan_jax.cli.flags import FlagParser
from flan_jax.cli.main import main
from flan_jax.core import assets
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.registry import get_mixture, get_task

MODULE = """
import dataclasses
from flan_jax.declare.known_counts import add_known_counts
from flan_jax.declare.task import HeldOut, Member, Mixture, Task
from flan_jax.declare.example import Rendered
from flan_jax.declare.registry import add_mixture, add_task
from flan_jax.declare.templates import Template, TemplateRenderer

@dataclasses.dataclass(frozen=True)
class Rows:
    num_rows: int
    gone: bool = False
    splits = ("train",)
    description = "made here"

    def missing(self):
        return "Gone set: download example.org to /nowhere (licence: CC0)" if self.gone else None

    def rows(self, split):
        return [{"thing": f"thing {i}", "answer": f"place {i % 7}"} for i in range(self.num_rows)]

TEMPLATES = tuple(Template(f"Where is {{thing}}? Wording {i}.") for i in range(5))

def task(name, num_rows, render, **kwargs):
    add_task(Task(name, "places", Rows(num_rows, **kwargs), render, eval_split=None, exemplar_split="train"))

task("mt_zero", 40, TemplateRenderer(TEMPLATES))
task("mt_shots", 60, TemplateRenderer(TEMPLATES, num_exemplars=2))
task("mt_gone", 0, TemplateRenderer(TEMPLATES), gone=True)
add_known_counts(lambda: {"mt_zero": 4_000, "mt_shots": 600, "mt_gone": 9_000})
add_mixture(Mixture("mt_here", (Member("mt_zero"), Member("mt_shots"), Member("mt_zero__fewshot_3")), cap=50,
                    held_out=HeldOut(clusters=frozenset({"secrets"})), description="Places of things."))
add_mixture(Mixture("mt_both", (Member("mt_here", 5.0), Member("mt_zero"))))
add_mixture(Mixture("mt_part", (Member("mt_here", 3.0), Member("mt_gone", 1.0)), description="Partly here."))
"""
GIN = """
include 'gin/models/t5_1_1_tiny.gin'
include 'gin/runs/pretrain.gin'
MODEL_DIR = '{folder}/run'
CACHE_DIR = '{folder}/cache'
MIXTURE_OR_TASK_NAME = 'mt_here'
MIXTURE_OR_TASK_MODULE = 'mix_tools_tasks'
TASK_FEATURE_LENGTHS = {{'inputs': 256, 'targets': 64}}
TRAIN_STEPS = 12
BATCH_SIZE = 2
EVAL_INPUTS_LENGTH = 64
EVAL_TARGETS_LENGTH = 16
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mix_tools")
    (folder / "mix_tools_tasks.py").write_text(MODULE)
    (folder / "run").mkdir()
    (folder / "run" / "config.gin").write_text(GIN.format(folder=folder))
    sys.path.insert(0, str(folder))
    build_cache(
        "mt_here",
        vocabulary=load_vocabulary(str(assets.EMBEDDED_VOCAB)),
        cache_dir=folder / "cache",
        max_inputs_length=256,
        modules=("mix_tools_tasks",),
        num_workers=1,
    )
    yield folder
    sys.path.remove(str(folder))


def run(capsys, *argv):
    status = main(list(argv))
    out, err = capsys.readouterr()
    return status, out, err


def table(text):
    rows = [line.split("\t") for line in text.splitlines() if "\t" in line]
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_explain_of_what_is_not_cached_uses_published_counts_and_says_so(capsys, folder):
    status, out, _ = run(capsys, "mix", "explain", "mt_part", "--module", "mix_tools_tasks")
    assert status == 0
    rows = {row["task"]: row for row in table(out)}
    assert {name: (row["examples"], row["cap"], row["share"]) for name, row in rows.items()} == {
        "mt_gone": ("9,000", "", "25.000%"),
        "mt_zero": ("4,000", "50", "25.000%"),
        "mt_shots": ("600", "50", "25.000%"),
        "mt_zero__fewshot_3": ("4,000", "50", "25.000%"),
    }
    assert "mt_here: 3 tasks, cap 50, 75.0% of the draws" in out
    assert "1 of 4 tasks of mt_part, 25.0% of its weight" in out
    assert "4 tasks by published counts" in out
    assert "not cached: `flan-jax cache --mixture mt_part --cache_dir CACHE_DIR --module mix_tools_tasks`" in out


def test_a_part_has_its_own_share_where_its_tasks_are_in_another_part_too(capsys, folder):
    _, out, _ = run(capsys, "mix", "explain", "mt_both", "--module", "mix_tools_tasks")
    assert "mt_here: 3 tasks, cap 50, 0.1% of the draws" in out  # 5 of 4,005
    rows = {row["task"]: (row["cap"], row["share"]) for row in table(out)}
    assert rows["mt_zero"] == ("50 and none", "99.917%") and rows["mt_shots"] == ("50", "0.042%")


def test_explain_estimates_epochs_and_tokens_of_a_run_and_marks_them(capsys, folder):
    lengths = ("--inputs_length", "256", "--targets_length", "64", "--steps", "12", "--batch_size", "2")
    _, out, _ = run(capsys, "mix", "explain", "mt_part", "--module", "mix_tools_tasks", *lengths)
    seen = {row["task"]: float(row["~seen"].replace(",", "")) for row in table(out)}
    assert "~ estimates" in out and len(seen) == 4
    _, out, _ = run(
        capsys,
        "mix",
        "explain",
        "mt_here",
        "--module",
        "mix_tools_tasks",
        *lengths,
        "--cache_dir",
        str(folder / "cache"),
    )
    exact = {row["task"]: float(row["seen"].replace(",", "")) for row in table(out)}
    assert "an epoch, until the first example would come again, is exactly" in out
    # mt_part gives each task of mt_here 3/4 of what mt_here does.
    for name, count in exact.items():
        assert seen[name] == pytest.approx(0.75 * count, rel=0.35), name


def test_explain_does_not_take_a_stale_cache_for_exact(capsys, folder):
    explain = ("mix", "explain", "mt_here", "--module", "mix_tools_tasks", "--cache_dir", str(folder / "cache"))
    source = get_task("mt_zero").source
    object.__setattr__(source, "num_rows", 41)
    try:
        status, _, err = run(capsys, *explain)
    finally:
        object.__setattr__(source, "num_rows", 40)
    assert status == 2
    assert "as its data or wordings were others (mt_zero/train, mt_zero__fewshot_3/train): `flan-jax cache" in err
    mixture = get_mixture("mt_here")
    object.__setattr__(mixture, "cap", 20)
    try:
        _, _, err = run(capsys, *explain)
    finally:
        object.__setattr__(mixture, "cap", 50)
    assert "as its rates were others: `flan-jax cache --mixture mt_here" in err
    assert run(capsys, *explain)[0] == 0


def test_check_reports_promises_and_overlaps_by_task(capsys, folder, monkeypatch):
    from flan_jax.evaluate.contamination import texts as evaluation_texts
    from flan_jax.evaluate.contamination.texts import EvaluationTexts

    texts = EvaluationTexts("made_up", lambda: ["Where is thing 7? Nobody knows"], lambda: None)
    absent = EvaluationTexts("absent", lambda: [], lambda: "Absent: download it")
    monkeypatch.setattr(evaluation_texts, "_SETS", {"made_up": texts, "absent": absent})
    argv = ("mix", "check", "mt_part", "--module", "mix_tools_tasks", "--ngram", "4", "--against", "made_up")
    status, out, _ = run(capsys, *argv, "--against", "absent")
    assert status == 0
    rows = {row["task"]: row for row in table(out)}
    assert rows["mt_zero"]["examples"] == "40" and rows["mt_zero"]["overlapping"] == "1"
    assert rows["mt_zero"]["with"] == "made_up 1"
    # Its exemplars show other rows, of which thing 7 is one now and then.
    assert int(rows["mt_shots"]["overlapping"]) > 1
    assert "made_up: 1 of 1 questions appear" in out
    assert "not compared with absent: Absent: download it" in out
    assert "not searched: 1 of 4 tasks of mt_part" in out
    _, out, _ = run(capsys, *argv, "--limit", "5")
    assert "mt_zero\t" not in out and "the first 5 rows of each" in out
    status, _, err = run(capsys, *argv[:-1], "made_pu")
    assert status == 2 and "made_up" in err


def test_check_states_what_is_held_out(capsys, folder):
    _, out, _ = run(capsys, "mix", "check", "mt_here", "--module", "mix_tools_tasks", "--against", "niv2_test")
    assert "never trained on, 1 clusters: secrets" in out and "0 of 3 tasks break the promise" in out


@pytest.mark.parametrize("name", ["mt_zero", "mt_shots", "mt_zero__fewshot_3", "mt_zero__zeroshot"])
def test_a_trace_names_the_template_and_the_exemplars_that_made_the_text(folder, name):
    task = get_task(name)
    rows = task.source.rows("train")
    num_exemplars = {"mt_shots": 2, "mt_zero__fewshot_3": 3}.get(name, 0)
    found = set()
    for index, rendered in render(task, "train"):
        origin = trace(task, "train", index)
        assert origin.rendered == rendered
        assert f"Wording {origin.template}." in rendered.query
        found.add(origin.template)
        assert len(origin.exemplar_rows) == num_exemplars and index not in origin.exemplar_rows
        for shown, row in zip(rendered.exemplars, origin.exemplar_rows, strict=True):
            assert re.search(rf"\b{rows[row]['thing']}\b", shown) and rows[row]["answer"] in shown
    assert found == set(range(5))


def test_replay_shows_the_rows_of_a_step_and_where_each_example_is_from(capsys, folder):
    status, out, err = run(capsys, "replay", "--run", str(folder / "run"), "--step", "3")
    assert status == 0, err
    assert "step 3 row 0: " in out and "step 3 row 1: " in out
    heads = re.findall(r"row (\d) segment (\d+); (\w+)/train row (\d+); epoch (\d+); template (\d)(.*)", out)
    assert len(heads) > 4
    for _, _, name, row, _, template, rest in heads:
        origin = trace(get_task(name), "train", int(row))
        assert int(template) == origin.template
        if name != "mt_zero":
            assert f"exemplars: train rows {', '.join(map(str, origin.exemplar_rows))[:3]}" in rest
    shown = out.count("[loss weight 1 on ")
    assert shown == len(heads) and out.count("</s>") == shown
    assert f"Wording {heads[0][5]}." in out
    _, one, _ = run(capsys, "replay", "--run", str(folder / "run"), "--step", "3", "--row", "1", "--list")
    assert "loss weight" not in one and one.count("segment") == sum(head[0] == "1" for head in heads)


@pytest.mark.parametrize("length", ["TRAIN_STEPS = 12", "TRAIN_STEPS = 0\nTRAIN_EPOCHS = 2"])
def test_replay_shows_a_decoder_only_run_by_steps_or_epochs(capsys, folder, length):
    text = GIN.format(folder=folder).replace("t5_1_1_tiny", "palm_8b").replace("TRAIN_STEPS = 12", length)
    decoder_run = folder / f"decoder_{len(length)}"
    decoder_run.mkdir()
    text += f"VOCAB_PATH = '{assets.EMBEDDED_VOCAB}'\nINITIAL_CHECKPOINT_PATH = ''\n"
    (decoder_run / "config.gin").write_text(text)
    status, out, err = run(capsys, "replay", "--run", str(decoder_run), "--step", "3", "--row", "0")
    assert status == 0, err
    assert re.search(r"step 3 row 0: \d examples, \d+ of 320 tokens", out)
    wordings = re.findall(r"template (\d)", out)
    assert wordings and all(f"Wording {wording}." in out for wording in wordings)
    assert out.count("[loss weight 1 on ") == len(wordings)


def test_replay_refuses_what_it_cannot_show(capsys, folder, tmp_path):
    run_folder = str(folder / "run")
    for argv, message in (
        (("--run", run_folder, "--step", "13"), "not in this run of 12 steps"),
        (("--run", run_folder, "--step", "1", "--row", "2"), "not in this batch of 2 rows"),
        (("--run", str(tmp_path), "--step", "1"), "a run of fj.train has its rows in the program"),
    ):
        status, _, err = run(capsys, "replay", *argv)
        assert status == 2 and message in err
    (folder / "run" / "data.json").write_text(json.dumps({"plan": "0" * 64}))
    status, _, err = run(capsys, "replay", "--run", run_folder, "--step", "1")
    (folder / "run" / "data.json").unlink()
    assert status == 2 and "have changed since" in err


def test_a_seed_that_is_given_counts_over_the_recipes():
    parser = FlagParser()
    mix.add_arguments(parser)
    recipe = ["explain", "--gin_file", "gin/recipes/demo.gin", "--gin_bindings", "MODEL_DIR = 'unused'"]
    recipe += ["--gin_bindings", "RANDOM_SEED = 5"]
    for more, seed in (([], 5), (["--seed", "7"], 7), (["--seed", "0"], 0)):
        assert mix._settings(parser.parse_args([*recipe, *more])).seed == seed
    assert mix._settings(parser.parse_args(["explain", "procedural"])).seed == 0
