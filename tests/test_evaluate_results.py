"""One form of results in files: held-out tasks and benchmarks written and read back, files of before too."""

import dataclasses
import json
import math
import random
import re

import numpy as np
import pytest
from suite_benchmarks import SIZES, TableModel, colours

from flan_jax.core.disk import drop_lines_after
from flan_jax.core.errors import CheckpointError
from flan_jax.declare.benchmark import BENCHMARKS, SampleSettings
from flan_jax.evaluate import Journal, SuiteConfig, read_summary, run_suite, write_summary
from flan_jax.evaluate.results.eval_results import EvalResults, TaskResult
from flan_jax.evaluate.results.files import append_results, read_results

NAN = float("nan")


@pytest.fixture
def results(monkeypatch):
    """Of a benchmark asked in three ways, by ranking, by generating and by a vote."""
    monkeypatch.setitem(BENCHMARKS, "colours", colours())
    model = TableModel(
        say=lambda question, k: f"The answer is {int(question.split()[-1]) + k % 2}.",
        like=lambda question: (NAN, 0.0, -1.0) if question == "red 1" else (-0.5, -1.0, -2.0),
    )
    found = []
    for config in (
        SuiteConfig(("colours", "colours:cot"), limit=3, seed=5),
        SuiteConfig(("colours",), format="self_consistency", sampling=SampleSettings(4), limit=3, seed=5),
    ):
        with Journal(None) as journal:
            found.append(run_suite(config, model, journal, notes=("a note",), step=7))
    return dataclasses.replace(found[0], tasks={**found[0].tasks, **found[1].tasks})


def without_keys(results):
    tasks = {name: dataclasses.replace(task, item_keys=()) for name, task in results.tasks.items()}
    return dataclasses.replace(results, tasks=tasks, secs=0.0)


def test_a_summary_and_a_line_of_a_run_are_the_same_value_and_read_back_to_the_last_bit(results, tmp_path):
    assert list(results.tasks) == ["colours:direct", "colours:cot", "colours:cot+sc"]
    write_summary(tmp_path, results)
    append_results(tmp_path / "evals.jsonl", results)
    summary, (line,) = read_summary(tmp_path / "summary.json"), read_results(tmp_path / "evals.jsonl")
    assert without_keys(summary) == without_keys(line) == without_keys(results)
    assert json.loads((tmp_path / "summary.json").read_text()) == json.loads((tmp_path / "evals.jsonl").read_text())
    task = summary.tasks["colours:direct"]
    assert task.num_not_finite == 1 and task.num_examples == sum(SIZES.values()) and task.n == len(task.scores) == 8
    assert np.mean(task.scores) == pytest.approx(task.score) and not task.is_complete
    assert [subtask.name for subtask in task.subtasks] == list(SIZES) and task.groups["all"].num_subtasks == 3
    assert (summary.step, summary.seed, summary.limit, summary.notes) == (7, 5, 3, ("a note",))
    assert summary.benchmarks[2].published_format == "cot+sc" and summary.benchmarks[2].sampling["num_samples"] == 4


def test_numbers_that_are_none_are_null_in_files_and_not_a_number_again(tmp_path):
    task = TaskResult(
        task="t", cluster="c", kind="", group="", format="as given", metric="m", score=NAN, low=NAN, high=1.0,
        scores=(), metrics={"m": NAN}, chance=0.0, n=0, num_examples=4,
    )  # fmt: skip
    write_summary(tmp_path, EvalResults(0, {"t": task}))
    assert "NaN" not in (tmp_path / "summary.json").read_text()
    read = read_summary(tmp_path / "summary.json").tasks["t"]
    assert all(math.isnan(value) for value in (read.score, read.low, read.metrics["m"])) and read.high == 1.0


def old_summary(results):
    """The summary of before: a list of benchmarks, no score an item, other names of counts."""
    value = results.to_json()
    kept = ("benchmark", "title", "format", "split", "sampling", "metric", "score", "low", "high", "micro", "chance")
    benchmarks = []
    for task in value.pop("tasks").values():
        own = {name: task[name] for name in (*kept, "normalised", "is_complete", "groups", "metrics")}
        own["subtasks"] = []
        for subtask in task["subtasks"]:
            fields = {k: v for k, v in subtask.items() if k not in ("num_examples", "num_empty", "num_unanswerable")}
            own["subtasks"].append({**fields, "num_items": subtask["num_examples"]})
        benchmarks.append(own)
    names = ("model", "fingerprint", "seed", "limit", "num_asked", "secs", "notes", "flan_normalised_average")
    return {**{name: value[name] for name in names}, "benchmarks": benchmarks}


def test_a_summary_of_before_is_read(results, tmp_path):
    (tmp_path / "summary.json").write_text(json.dumps(old_summary(results)))
    read = read_summary(tmp_path / "summary.json")
    assert (read.model, read.seed, read.limit, read.step) == ("table model", 5, 3, 0)
    assert list(read.tasks) == list(results.tasks)
    for name, task in read.tasks.items():
        now = results.tasks[name]
        assert (task.score, task.low, task.high, task.micro) == (now.score, now.low, now.high, now.micro)
        assert task.num_examples == now.num_examples and task.num_unextracted == now.num_unextracted
        assert [(s.name, s.n, s.num_examples) for s in task.subtasks] == [
            (s.name, s.n, s.num_examples) for s in now.subtasks
        ]
        assert task.scores == () and task.metrics == now.metrics and task.groups == now.groups


def test_a_file_that_holds_no_results_is_named(tmp_path):
    for text in ("[]", '{"step": 1}', "{"):
        (tmp_path / "summary.json").write_text(text)
        with pytest.raises(CheckpointError, match=r"summary.json holds no results"):
            read_summary(tmp_path / "summary.json")
    with pytest.raises(CheckpointError, match="does not exist"):
        read_summary(tmp_path / "no.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": 1e9}, r"score of colours:direct is 1000000000.0, it must lie in \[0, 1\]"),
        ({"scores": [-0.5] + [0.5] * 7}, "an item's score of colours:direct is -0.5"),
        ({"score": 0.9}, "score of colours:direct is 0.9, which is not the mean of its items' scores"),
        ({"chance": True}, "chance of colours:direct is True"),
        ({"metrics": {"accuracy": 7}}, "accuracy of colours:direct is 7"),
        ({"task": "shapes"}, "shapes is listed as colours:direct"),
    ],
)
def test_scores_that_no_evaluation_gives_are_not_believed(results, tmp_path, change, message):
    value = json.loads(json.dumps(results.to_json()))
    value["tasks"]["colours:direct"].update(change)
    (tmp_path / "evals.jsonl").write_text(json.dumps(value) + "\n")
    with pytest.raises(
        CheckpointError, match=rf"evals.jsonl:1 holds no results \(.*{message}.*start the run's training command"
    ):
        read_results(tmp_path / "evals.jsonl")


def test_one_flipped_bit_of_a_line_or_a_summary_is_not_believed(results, tmp_path):
    append_results(tmp_path / "evals.jsonl", results)
    write_summary(tmp_path, results)
    rng = random.Random(0)
    for name, read in (("evals.jsonl", lambda path: read_results(path)[0]), ("summary.json", read_summary)):
        path, num_seen = tmp_path / name, 0
        expected, content = read(path), path.read_bytes()
        for bit in rng.sample(range(8 * len(content)), 80):
            flipped = bytearray(content)
            flipped[bit // 8] ^= 1 << bit % 8
            path.write_bytes(flipped)
            try:
                assert read(path) == expected  # a blank, or the seal's own name
            except CheckpointError as error:
                assert str(error).startswith(str(path)), error
                num_seen += 1
        assert num_seen > 40
        path.write_bytes(content)


def test_a_restart_keeps_lines_whose_texts_hold_a_line_separator(tmp_path):
    path = tmp_path / "evals.jsonl"
    lines = [json.dumps({"step": step, "text": "one\u2028two"}, ensure_ascii=False) for step in (1, 2, 3)]
    path.write_text("".join(f"{line}\n" for line in lines) + lines[0][:9], encoding="utf-8")  # the last cut by a kill
    assert drop_lines_after(path, 2) == 0
    assert path.read_text(encoding="utf-8") == "".join(f"{line}\n" for line in lines[:2])
    path.write_bytes(path.read_bytes() + b'[1]\n\xff\n{"stop": 1}\n')  # whole lines that are none
    assert drop_lines_after(path, 2) == 3
    assert path.read_text(encoding="utf-8") == "".join(f"{line}\n" for line in lines[:2])


def test_an_edited_line_of_a_journal_is_no_answer(tmp_path):
    path = tmp_path / "journal.jsonl"
    with Journal(path) as journal:
        journal.claim("1234", "mine")
        journal.add_reasoning("a", [])
        with pytest.raises(CheckpointError, match=r"another evaluation is writing to .*journal.jsonl: wait for it or"):
            Journal(path)
        with pytest.raises(CheckpointError, match="another model asked with other settings, such as --dtype, mine"):
            journal.claim("5678", "mine")
    text = path.read_text()
    path.write_text(text.replace('"mine"', '"ours"'))
    with pytest.raises(CheckpointError, match=r"journal.jsonl:1 is not a line .*damaged or edited.*: remove that"):
        Journal(path)
    path.write_text(re.sub(r', "sha256_of_the_rest": "\w+"', "", text))  # of before
    with Journal(path) as journal:
        assert journal.owner["model"] == "mine" and "a" in journal.reasoning


def test_a_journal_without_answers_is_nobodys(tmp_path):
    """An evaluation that was refused after it had begun leaves its line, and keeps no other model out."""
    for fingerprint in ("a" * 64, "b" * 64):
        with Journal(tmp_path / "journal.jsonl") as journal:
            journal.claim(fingerprint, f"model {fingerprint[0]}")
    lines = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert len(lines) == 1 and "model b" in lines[0]
