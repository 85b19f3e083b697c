"""`flan-jax study` from a file to its table, page and verdicts; of runs, one real one, the others written here."""

import csv
import dataclasses
import json
import pathlib
import re
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from shared import ROOT

from flan_jax.checkpoints.find import WeightsSource
from flan_jax.cli.gin_config import load
from flan_jax.cli.main import main
from flan_jax.cli.study_files import load_study
from flan_jax.core.disk import read_json_object, write_sealed
from flan_jax.core.errors import ConfigError
from flan_jax.declare.registry import get_mixture, mixture_members
from flan_jax.evaluate.results.eval_results import EvalResults, TaskResult
from flan_jax.evaluate.results.files import append_results
from flan_jax.study import cells_of
from flan_jax.study.cost import cost_of, measured_steps
from flan_jax.study.runner import is_done, secs_of

STUDY = """
Study.title = 'More clusters <help>'
Study.source = 'nobody, figure 0'
Study.recipe = ('gin/studies/mini.gin',)
Study.axes = {
    'clusters': {
        '1': ("MIXTURE_OR_TASK_NAME = 'procedural_clusters_1'", 'TRAIN_STEPS = 2'),
        '4': ("MIXTURE_OR_TASK_NAME = 'procedural_clusters_4'", 'TRAIN_STEPS = 2'),
    },
    'rate': {'low': ('LEARNING_RATE = 1e-3',), 'high': ('LEARNING_RATE = 1e-2',)},
}
Study.start = {'clusters': '0'}
Study.published = {'a paper': {'1': 10.0, '4': 30.0}}
Study.findings = (@more/Rises(), @rate/Higher())
more/Rises.text = 'more clusters help'
more/Rises.along = 'clusters'
rate/Higher.text = 'a high rate is better'
rate/Higher.of = {'rate': 'high'}
rate/Higher.than = {'rate': 'low'}
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "clusters.gin").write_text(STUDY)
    return tmp_path / "clusters.gin"


def judged(step, points):
    def task(name, score):
        scores = tuple([1.0] * int(score) + [0.0] * (100 - int(score)))
        facts = {"group": "report", "kind": "", "cluster": name, "format": "", "metric": "exact_match", "chance": 0.0}
        return TaskResult(
            task=name, n=100, num_examples=100, score=float(np.mean(scores)), low=0.0, high=1.0, scores=scores,
            metrics={"exact_match": float(np.mean(scores))}, **facts,
        )  # fmt: skip

    return EvalResults(step, {name: task(name, score) for name, score in points.items()})


def write_runs(file, folder, *, without=()):
    """Runs of which each has what the study finds: 10 points a doubling, 5 less at a high rate."""
    cells = cells_of(load_study(str(file)), load, folder)
    for cell in cells:
        if cell.levels in without:
            continue
        run = folder / "runs" / cell.key
        (run / "selected").mkdir(parents=True)
        write_sealed(run / "selected.json", {"step": 2, "rule": "The last step"})
        points = 20 + 10 * (cell.levels["clusters"] == "4") * 2 - 5 * (cell.levels["rate"] == "high") + cell.seed
        append_results(run / "evals.jsonl", judged(0, {"a": 7, "b": 3}))
        append_results(run / "evals.jsonl", judged(2, {"a": points, "b": points + 2}))
        (folder / "cells").mkdir(exist_ok=True)
        write_sealed(folder / "cells" / f"{cell.key}.done.json", {"name": cell.name, "secs": 60.0})
    return cells


def test_a_study_of_finished_runs_has_a_table_a_page_and_verdicts(file, tmp_path, capsys):
    cells = write_runs(file, tmp_path / "s")
    assert main(["study", str(file), "--folder", str(tmp_path / "s"), "--report_only"]) == 0
    said = capsys.readouterr().out
    assert "REPRODUCED: more clusters help\n    +10.00 [+10.00, +10.00] points a doubling of clusters" in said
    assert "CONTRADICTED: a high rate is better\n    -5.00" in said
    assert all(len(line) <= 80 for line in said.splitlines() if "/" not in line)
    with open(tmp_path / "s/clusters/table.csv", newline="") as lines:
        rows = list(csv.DictReader(lines))
    # Two tasks of each of 12 runs, and of the model before training one for each seed and rate.
    assert len(rows) == 2 * 12 + 2 * 6 and pq.read_table(tmp_path / "s/clusters/table.parquet").num_rows == len(rows)
    (row,) = [r for r in rows if (r["run"], r["task"], r["when"]) == (cells[0].key, "a", "end")]
    assert (row["study"], row["clusters"], row["rate"], row["score"], row["parameters"]) == (
        "clusters", "1", "low", "0.2", "1706368")  # fmt: skip
    assert {r["clusters"] for r in rows if r["when"] == "start"} == {"0"}
    page = (tmp_path / "s/clusters/study.html").read_text()
    assert "More clusters &lt;help&gt;" in page and "<help>" not in page and "data:image/png" in page
    again = {name: (tmp_path / "s/clusters" / name).read_bytes() for name in ("study.html", "study.png", "table.csv")}
    assert main(["study", str(file), "--folder", str(tmp_path / "s"), "--report_only"]) == 0
    assert again == {name: (tmp_path / "s/clusters" / name).read_bytes() for name in again}


def test_tasks_are_compared_by_the_metric_that_is_named(file, tmp_path, capsys):
    def with_rouge(results, rouge):
        tasks = {n: dataclasses.replace(t, metrics={**t.metrics, "rouge_l": rouge}) for n, t in results.tasks.items()}
        return dataclasses.replace(results, tasks=tasks)

    file.write_text(STUDY + "Study.metric = 'rouge_l'\n")
    cells = write_runs(file, tmp_path / "s")
    arguments = ["study", str(file), "--folder", str(tmp_path / "s"), "--report_only"]
    assert main(arguments) == 2
    assert "Study.metric is 'rouge_l', and a of run" in capsys.readouterr().err
    for cell in cells:
        evals = tmp_path / "s/runs" / cell.key / "evals.jsonl"
        evals.unlink()
        # Not every run of a start is judged before it trains; one of each seed will do.
        if cell.levels["clusters"] == "1":
            append_results(evals, with_rouge(judged(0, {"a": 7, "b": 3}), 0.25))
        append_results(evals, with_rouge(judged(2, {"a": 50, "b": 50}), 0.5 if cell.levels["clusters"] == "4" else 0.3))
    assert main(arguments) == 0
    assert "more clusters help\n    +10.00 [+10.00, +10.00] points a doubling of clusters" in capsys.readouterr().out
    with open(tmp_path / "s/clusters/table.csv", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {(r["when"], r["metric"], r["score"], r["normalised"]) for r in rows if r["clusters"] != "1"} == {
        ("start", "rouge_l", "0.25", "0.25"), ("end", "rouge_l", "0.5", "0.5")}  # fmt: skip
    assert sum(r["when"] == "start" for r in rows) == 2 * 6


def test_runs_that_begin_as_different_models_have_no_common_start(file, tmp_path, capsys):
    cells = write_runs(file, tmp_path / "s")
    evals = tmp_path / "s/runs" / cells[-1].key / "evals.jsonl"
    evals.unlink()
    append_results(evals, judged(0, {"a": 8, "b": 3}))
    append_results(evals, judged(2, {"a": 50, "b": 50}))
    assert main(["study", str(file), "--folder", str(tmp_path / "s"), "--report_only"]) == 2
    assert f"and {cells[-1].key} begin as different models, so that Study.start of clusters" in capsys.readouterr().err


def test_several_studies_write_one_page_of_findings(file, tmp_path, capsys):
    write_runs(file, tmp_path / "s")
    (tmp_path / "again.gin").write_text(STUDY.replace("More clusters <help>", "Again"))
    # Its runs are those of the first: what two studies ask for is run once.
    files = [str(file), str(tmp_path / "again.gin")]
    page = tmp_path / "docs/findings.md"
    page.parent.mkdir()
    arguments = ["--folder", str(tmp_path / "s"), "--report_only", "--findings", str(page)]
    assert main(["study", *files, *arguments]) == 0
    text = page.read_text()
    assert "## More clusters <help>" in text and "## Again" in text
    assert "| more clusters help | **reproduced** | +10.00 [+10.00, +10.00] | points a doubling of clusters |" in text
    assert "](findings/again.png)" in text and (page.parent / "findings/again.png").read_bytes()[:4] == b"\x89PNG"
    assert "[studies]" not in text, "no guide lies beside it"
    (page.parent / "studies.md").touch()
    assert main(["study", *files, *arguments]) == 0
    assert "a verdict is explained [there](studies.md#verdicts)." in page.read_text()
    # One study's chapter is replaced; the others', and what people wrote, stay where they were.
    page.write_text(page.read_text().replace("## Again", "## What I think\n\nStudies are good.\n\n## Again"))
    (tmp_path / "again.gin").write_text(STUDY.replace("More clusters <help>", "Once more"))
    assert main(["study", files[1], *arguments]) == 0
    text = page.read_text()
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## More clusters <help>", "## What I think", "## Once more"]  # fmt: skip
    assert "What I think\n\nStudies are good.\n\n## Once" in text
    assert f"`flan-jax study {files[1]} --findings {page}`" in text
    (tmp_path / "README.md").write_text("# My project\n")
    assert main(["study", files[0], *arguments[:-1], str(tmp_path / "README.md")]) == 2
    assert (
        "begins with '# My project', and a page of findings with '# Findings': name another" in capsys.readouterr().err
    )
    assert (tmp_path / "README.md").read_text() == "# My project\n"
    shutil.rmtree(tmp_path / "s/runs")
    capsys.readouterr()
    assert main(["study", *files, "--folder", str(tmp_path / "s"), "--dry_run"]) == 0
    assert "12 of the runs left are asked for by a study above too, and run once" in capsys.readouterr().out
    assert main(["study", files[0], files[0], *arguments]) == 2
    assert "have one name, and would share a folder" in capsys.readouterr().err
    (tmp_path / "runs.gin").write_text(STUDY)
    assert main(["study", str(tmp_path / "runs.gin"), *arguments]) == 2
    assert "a study called runs would lie among the runs of all studies: rename" in capsys.readouterr().err


def test_runs_that_are_missing_are_said(file, tmp_path, capsys):
    assert main(["study", str(file), "--folder", str(tmp_path / "s"), "--report_only"]) == 2
    assert "no run of clusters is done in" in capsys.readouterr().err
    write_runs(file, tmp_path / "s", without=[{"clusters": "4", "rate": "high"}])
    assert main(["study", str(file), "--folder", str(tmp_path / "s"), "--report_only"]) == 0
    said = capsys.readouterr().out
    assert "3 of 12 runs are not done" in said and said.count("NOT RUN") == 2
    assert "3 of 12 runs are not done" in (tmp_path / "s/clusters/study.html").read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("Study.title", "Study.titel", "named 'titel'. In file .*; did you mean title"),
        ("more/Rises.text", "more/Rise.text", "No configurable matching 'Rise'.*did you mean Rises"),
        ("('LEARNING_RATE = 1e-3',)", "('LEARNING_RATE = 1e-3', 'EVAL_LIMIT = 7')",
         "EVAL_LIMIT is 7 for clusters 1, rate low, seed 0, and .* for clusters 1, rate high: judge all levels alike"),
        ("('LEARNING_RATE = 1e-2',)", "('LEARNING_RATE = 1e-2', \"EVAL_REPORT = ('proc_echo_word',)\")",
         "EVAL_REPORT is .* for clusters 1, rate low, seed 0, and .'proc_echo_word',. for clusters 1, rate high"),
        ("Study.start = {'clusters': '0'}", "Study.start = {'clusters': '9'}", "clusters '9' is not below the levels"),
        ("'More clusters <help>'", "'More\\n## clusters'", "Study.title is 'More.n## clusters': give one line"),
        ("('LEARNING_RATE = 1e-3',)", "('LEARNING_RATE = 1e-3', 'LEARNING_RATE = 1e-4')",
         "level low of rate binds LEARNING_RATE twice"),
        ("'1': ", "'1e400': ", "axis clusters has level '1e400', which has no place on it: give numbers"),
        ("Study.start =", "Study.metric = 'rouge'\nStudy.start =", "Study.metric is 'rouge', and .* scored by rank"),
        ("more/Rises.along", "more/Rises.tasks = '*_cot_*'\nmore/Rises.along",
         "finding 'more clusters help' is of tasks '.*_cot_.', which is none of the .* report tasks, as"),
    ],
)  # fmt: skip
def test_what_a_study_says_wrong_is_said_before_anything_runs(file, tmp_path, capsys, old, new, message):
    assert old in STUDY
    file.write_text(STUDY.replace(old, new))
    assert main(["study", str(file), "--folder", str(tmp_path / "s")]) == 2
    assert re.search(message, capsys.readouterr().err) and not (tmp_path / "s").exists()


def test_a_run_is_named_by_what_its_result_depends_on(file, tmp_path):
    def keys(text, folder="a"):
        file.write_text(text)
        return [cell.key for cell in cells_of(load_study(str(file)), load, tmp_path / folder)]

    before = keys(STUDY)
    assert len(set(before)) == 12
    steps = "'TRAIN_STEPS = 2'"
    for same in (STUDY.replace("figure 0", "figure 1"), STUDY.replace(steps, f"{steps}, 'LOG_PERIOD = 1'")):
        assert keys(same, "elsewhere") == before
    for other in ("BATCH_SIZE = 8", "EVAL_LIMIT = 7", "T5Config.mlp_dim = 64", "INITIAL_CHECKPOINT_PATH = None"):
        assert not set(keys(STUDY.replace(steps, f"{steps}, '{other}'"))) & set(before), other


def test_no_step_is_measured_of_a_mesh_that_is_not_here(file, tmp_path):
    file.write_text(STUDY.replace("'TRAIN_STEPS = 2'", "'TRAIN_STEPS = 2', 'FSDP_AXIS = 3'"))
    cells = cells_of(load_study(str(file)), load, tmp_path)
    assert measured_steps(cells[:1]) == {}
    (*_, line) = cost_of(tmp_path, cells[:2], {cells[1].key: 1.0}).lines()
    assert line.startswith(
        "no step can be measured on this machine (memory, or the mesh) of clusters 1, rate low, seed 0;"
    )


def test_a_run_that_begins_from_other_weights_at_the_same_path_is_another(file, tmp_path, monkeypatch):
    start = f"'TRAIN_STEPS = 2', \"INITIAL_CHECKPOINT_PATH = '{tmp_path}'\""
    file.write_text(STUDY.replace("'TRAIN_STEPS = 2'", start))

    def keys():
        return {cell.key for cell in cells_of(load_study(str(file)), load, tmp_path)}

    found = [keys()]  # nothing is there yet
    for digest in ("a", "b"):  # a run's checkpoint says what its arrays are
        source = WeightsSource(tmp_path, 10, {}, None, digests={"params": {"w": digest}})
        monkeypatch.setattr("flan_jax.study.cells.find_weights", lambda path, source=source: source)
        found.append(keys())
    for text in ("{}", "{1}"):  # a folder of weights has it in a file
        (tmp_path / "model.json").write_text(text)
        found.append(keys())
    assert len(set().union(*found)) == 5 * 12 and found[-1] == keys()


def test_what_it_takes_is_said_before_anything_runs(file, tmp_path, capsys):
    folder = tmp_path / "s"
    assert main(["study", str(file), "--folder", str(folder), "--write_jobs"]) == 0
    said = capsys.readouterr().out
    cells = cells_of(load_study(str(file)), load, folder)
    assert "12 runs, 0 done" in said and "12 commands in" in said
    jobs = (folder / "clusters/jobs.txt").read_text().splitlines()
    assert jobs[0] == f"flan-jax train --gin_file {folder / 'cells' / cells[0].key}.gin" and len(jobs) == 12
    # The job is an ordinary run: the same as the study's own.
    told = load([jobs[0].split()[-1]])
    assert told.train == dataclasses.replace(cells[0].config.train, model_dir=told.train.model_dir)
    # What the job leaves is a run that is done, though no study ran it.
    for path in ("selected", "selected.json"):
        (folder / "runs" / cells[0].key / path).mkdir(parents=True)
    assert is_done(folder, cells[0]) and secs_of(folder, cells[0]) is None and not is_done(folder, cells[1])
    assert main(["study", str(file), "--folder", str(folder), "--write_jobs"]) == 0
    assert len((folder / "clusters/jobs.txt").read_text().splitlines()) == 11, "what is left"
    shutil.rmtree(folder / "runs")
    cost = cost_of(folder, cells, {cell.key: 2.0 for cell in cells[:6]})
    assert cost.left_secs == 6 * 2 * 2.0 and len(cost.unmeasured) == 6
    assert not (folder / "runs").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("Study.title", "Study.titel"), "titel"),
        (
            ("(@more/Rises(), @rate/Higher())", "(@rate/Higher(),)"),
            "more/Rises.along is never used: name @more/Rises()",
        ),
        (("'clusters'\nrate", "'cluster'\nrate"), "a finding names axis 'cluster'; did you mean clusters?"),
        (("TRAIN_STEPS = 2", "TRAIN_STEP = 2"), "cell clusters 1, rate low, seed 0: "),
        (("gin/studies/mini.gin", "gin/studies/mine.gin"), "mine.gin"),
        (("'LEARNING_RATE = 1e-3'", "'RANDOM_SEED = 1'"), "axis rate binds RANDOM_SEED, which Study.seeds says"),
        (("'LEARNING_RATE = 1e-3'", "'TRAIN_STEPS = 3'"), "axes clusters and rate both bind TRAIN_STEPS"),
        (("1e-3", "1e-2"), "rate low, seed 0 and clusters 1, rate high, seed 0 say the same"),
        (("'4': (", "'1': ("), "'1' twice"),
        (
            ("'LEARNING_RATE = 1e-3'", "'EVAL_REPORT = ()'"),
            "cell clusters 1, rate low, seed 0 is judged on no report tasks",
        ),
    ],
)
def test_a_file_that_says_nonsense_is_refused_in_one_line(file, tmp_path, capsys, change, message):
    file.write_text(STUDY.replace(*change))
    assert main(["study", str(file), "--folder", str(tmp_path / "s"), "--dry_run"]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert message in error and "Traceback" not in error
    assert not (tmp_path / "s").exists()


def test_a_study_may_be_a_python_file(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    path = tmp_path / "mine.py"
    path.write_text(
        "from flan_jax.study import Study\n"
        "axes = {'rate': {str(n): (f'LEARNING_RATE = {n}e-3',) for n in (1, 2)}}\n"
        "STUDY = Study('Rates', 'nobody', ('gin/studies/mini.gin',), axes, seeds=(3,))\n"
    )
    made = cells_of(load_study(str(path)), load, tmp_path)
    assert [cell.name for cell in made] == ["rate 1, seed 3", "rate 2, seed 3"]
    for text, message in (("", "leaves no flan_jax.study.Study"), ("1 / 0", "cannot be run: ZeroDivisionError")):
        path.write_text(text)
        with pytest.raises(ConfigError, match=message):
            load_study(str(path))
    with pytest.raises(ConfigError, match="is not there"):
        load_study(str(tmp_path / "none.py"))


STUDIES = sorted(path for path in (ROOT / "gin/studies").glob("*.gin") if "Study.title" in path.read_text())


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_that_ships_can_be_read_and_judges_what_it_does_not_train_on(path, monkeypatch):
    monkeypatch.chdir(ROOT)
    study = load_study(str(path))
    assert study.findings and len(study.seeds) >= 3
    cells = cells_of(study, load, pathlib.Path("unused"))
    for cell in cells[: len(cells) // len(study.seeds)]:  # of the first seed, every level
        run, mixture = cell.config, get_mixture(cell.config.train.mixture)
        judged = run.evaluation.report if study.group == "report" else run.evaluation.selection
        has_length = run.train.train_steps > 0 or run.train.train_epochs is not None
        assert has_length and mixture.members and (judged or run.evaluation.suite), cell.name
        # T0's larger mixtures train on tasks that its findings leave out; a soft prompt is tuned on its own task.
        if path.stem not in ("t0", "prompt_tuning", "prompt_tuning_mini"):
            trained = {task.dataset or task.name for task in mixture_members(mixture)}
            for task in (task for name in judged for task in mixture_members(get_mixture(name))):
                # A kind of held out that leaves the data set in the mixture says so: new templates.
                assert (task.dataset or task.name) not in trained or task.kind == "new template", (cell.name, task.name)


def test_the_arithmetic_of_the_papers_ladder_is_the_papers(monkeypatch):
    """Table 2: 1.6e20, 1.2e21 and 5.6e21 floating-point operations of finetuning."""
    monkeypatch.chdir(ROOT)
    cells = cells_of(load_study("gin/studies/tasks.gin"), load, pathlib.Path("unused"))
    flops = {cell.levels["model"]: cost_of(pathlib.Path("unused"), [cell], {}).flops for cell in cells}
    assert flops == {"8B": pytest.approx(1.6e20, rel=0.2), "62B": pytest.approx(1.2e21, rel=0.1),
                     "540B": pytest.approx(5.6e21, rel=0.1)}  # fmt: skip


REAL = """
Study.title = 'One run'
Study.source = 'nobody'
Study.recipe = ('gin/studies/mini.gin',)
Study.axes = {'steps': {'2': (
    'TRAIN_STEPS = 2', 'EVAL_LIMIT = 2', "EVAL_REPORT = 'walk_steps_zero_shot__heldout'",
    "MIXTURE_OR_TASK_NAME = 'small_sum_zero_shot'", 'INITIAL_CHECKPOINT_PATH = None', 'T5Config.emb_dim = 16',
    'T5Config.mlp_dim = 16', 'T5Config.num_encoder_layers = 1', 'T5Config.num_decoder_layers = 1',
)}}
Study.seeds = (0,)
"""


def test_a_real_study_of_one_run_goes_from_file_to_page(file, tmp_path, capsys):
    file.write_text(REAL)
    arguments = ["study", str(file), "--folder", str(tmp_path / "s")]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "1 run, 0 done" in said and "done in" in said and "a step measured just now" in said
    log = next((tmp_path / "s/cells").glob("*.log")).read_text()
    assert "step" in log and json.loads(next((tmp_path / "s/cells").glob("*.done.json")).read_text())["secs"] > 0
    with open(tmp_path / "s/clusters/table.csv", newline="") as lines:
        assert [(row["task"], row["step"]) for row in csv.DictReader(lines)] == [("walk_steps_zero_shot__heldout", "2")]
    done = next((tmp_path / "s/cells").glob("*.done.json"))
    assert read_json_object(done, "")["data"] and "other data" not in said
    write_sealed(done, {**read_json_object(done, ""), "data": "of before"})
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "begins" not in said
    assert "1 run, as steps 2, seed 0, of other data or wordings than are there now: delete" in said
