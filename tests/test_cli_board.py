"""`flan-jax board`: every run on one page, ranked where judged on the same tasks; what cannot be read is said."""

import dataclasses
import json
import os
import re

import numpy as np
import pytest
from judged_runs import rates, results, task, write_run

from flan_jax.checkpoints.weights import save_weights
from flan_jax.cli.main import main
from flan_jax.core.disk import write_sealed
from flan_jax.core.errors import CheckpointError
from flan_jax.evaluate import write_summary
from flan_jax.report import write_board
from flan_jax.report.board import size
from flan_jax.report.page import POLICY
from flan_jax.workflows.board import read_board

ENDED = 1_700_000_000  # 2023-11-14 22:13:20 UTC


def run(folder, right, *more, **kwargs):
    """A run that scores `right` of ten on a report task of chance 0.5, and half on one that selects."""
    at_end = [task("r", rates(right, 10), chance=0.5), task("s", [1, 0], "selection"), *more]
    write_run(folder, {10: at_end}, **kwargs)
    os.utime(folder / "evals.jsonl", (ENDED, ENDED))
    return folder


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Three runs of two sets of tasks, an evaluation inside one of them, and four that cannot be shown."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    root = tmp_path / "runs"
    run(root / "good", 9)
    run(root / "a: <b>" / "better", 10)
    (root / "a: <b>" / "better" / "report.html").write_text("its report")
    run(root / "other", 8, task("more", [1, 1]))
    write_sealed(root / "good" / "data.json", {"mixture": "procedural", "num_tasks": 3})
    lines = [
        {"step": step, "loss": 1.0, "useful_tokens_per_sec": 50.0, "step_secs": secs}
        for step, secs in ((10, 2.0), (15, 4.0))
    ]
    (root / "good" / "metrics.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    os.utime(root / "good" / "metrics.jsonl", (ENDED + 60, ENDED + 60))
    write_summary(root / "good" / "eval", results(task("bench", [1, 0], group=""), step=10, model="good, step 10"))
    os.utime(root / "good" / "eval" / "summary.json", (ENDED, ENDED))
    # What is a run's own is no evaluation beside it.
    write_summary(root / "good" / "suite" / "10" / "report", results(task("bench", [1, 0], group="")))
    run(root / "damaged", 9)
    text = (root / "damaged" / "evals.jsonl").read_text()
    (root / "damaged" / "evals.jsonl").write_text(text.replace("0.9", "0.8", 1))
    run(root / "unfinished", 9, is_selected=False)
    (root / "not_judged").mkdir()
    (root / "not_judged" / "metrics.jsonl").write_text("")
    (root / "broken_off").mkdir()
    (root / "broken_off" / "journal.jsonl").write_text("")
    return root


def test_rows_have_the_numbers_that_are_worked_out_by_hand(runs):
    board = read_board(runs)
    rows = {row.name: row for row in board.rows}
    assert [row.name for row in board.rows] == ["a: <b>/better", "good", "other", "good/eval"]
    good = rows["good"]
    assert (good.report.mean, good.selection.mean) == (pytest.approx((0.9 - 0.5) / 0.5), 0.5)
    assert rows["other"].report.mean == pytest.approx((0.6 + 1.0) / 2)
    # Ten steps of 2 s and five of 4 s, at 50 tokens a second.
    assert (good.tokens, good.steps, good.selected, good.mixture) == (10 * 2 * 50 + 5 * 4 * 50, 15, 10, "procedural")
    assert (good.ended, rows["other"].ended) == ("2023-11-14 22:14", "2023-11-14 22:13")
    assert (rows["other"].tokens, rows["other"].num_parameters, rows["other"].page) == (None, None, "")
    assert rows["a: <b>/better"].page == "a: <b>/better/report.html"
    evaluation = rows["good/eval"]
    assert (evaluation.report.mean, evaluation.mixture, evaluation.steps) == (0.5, "good, step 10", None)


def test_only_runs_of_the_same_tasks_are_ranked_against_each_other(runs):
    run(runs / "as_good", 9)
    run(runs / "of_other_rows", 9, task("x", [1, 0], num_examples=7))
    run(runs / "of_these_rows", 9, task("x", [1, 0], num_examples=8))
    first, *alone = read_board(runs).task_sets()
    assert [(row.name, first.rank(row)) for row in first.rows] == [("a: <b>/better", 1), ("as_good", 2), ("good", 2)]
    assert first.number == 1 and first.tasks == ("r",)
    assert sorted(row.name for found in alone for row in found.rows) == [
        "good/eval",
        "of_other_rows",
        "of_these_rows",
        "other",
    ]
    assert all(len(found.rows) == 1 for found in alone)


def test_what_cannot_be_read_is_listed_with_its_reason(runs):
    told = {each.name: each.reason for each in read_board(runs).unread}
    assert list(told) == ["broken_off", "damaged", "not_judged", "unfinished"]
    assert told["broken_off"].startswith("unfinished: a journal.jsonl and no summary.json")
    assert told["damaged"].startswith("damaged/evals.jsonl:1 is not JSON as it was written")
    assert told["not_judged"].startswith("it was not judged: it has no evals.jsonl")
    assert told["unfinished"] == "unfinished: judged up to step 10, and no selected.json yet"


def test_the_page_is_static_links_to_reports_and_has_no_time_of_writing(runs, capsys):
    assert main(["board", "runs"]) == 0
    assert capsys.readouterr().out.endswith("Written: runs/board.html\n")
    text = (runs / "board.html").read_text()
    assert POLICY in text and not re.search(r"src=|https?://|<script", text)
    assert re.findall('href="([^"]*)"', text) == ["a%3A%20%3Cb%3E/better/report.html"] * 2, "the list and the ranks"
    assert "a: &lt;b&gt;/better" in text and "<b>/" not in text, "a name is text"
    assert "Tasks 1" in text and "Judged as no other" in text and "Left out" in text
    first = (runs / "board.html").read_bytes()
    assert main(["board", "runs"]) == 0
    assert (runs / "board.html").read_bytes() == first, "the same folder gives the same bytes"
    assert main(["board", "runs", "--out", "pages/deep/all.html"]) == 0
    deep = (runs.parent / "pages" / "deep" / "all.html").read_text()
    assert 'href="../../runs/a%3A%20%3Cb%3E/better/report.html"' in deep


def test_the_table_fits_80_columns(runs, capsys):
    run(runs / ("a_long_name_of_a_run_" * 6), 9)
    assert main(["board", "runs"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80 and "…" not in text
    words = " ".join(text.split())
    assert words.startswith("runs: 5 runs and evaluations, judged on 3 sets of report tasks; 4 left out.")
    assert "procedural, 2023-11-14 22:14" in words and "steps 15, selected 10, tokens 2,000, task set 1" in words
    assert "left out: unfinished: unfinished: judged up to step 10" in words


def test_the_size_is_counted_in_the_weights_and_damage_there_is_a_note(runs):
    params = {"a": {"kernel": np.zeros((300, 40), np.float32)}, "b": np.zeros((7,), np.float32)}
    save_weights(runs / "good" / "selected", params, {"model": {}})
    rows = {row.name: row for row in read_board(runs).rows}
    assert rows["good"].num_parameters == 12_007 and rows["good"].notes == ()
    (runs / "good" / "selected" / "weights.safetensors").write_bytes(b"nothing of the kind")
    rows = {row.name: row for row in read_board(runs).rows}
    assert rows["good"].num_parameters is None
    assert rows["good"].notes[0].startswith("good/selected/weights.safetensors cannot be read")


def test_tasks_that_cannot_be_averaged_are_named(runs):
    curve = dataclasses.replace(task("curve", [1, 0], group=""), scores=())
    write_summary(runs / "good" / "eval", results(task("bench", [1, 0], group=""), curve))
    rows = {row.name: row for row in read_board(runs).rows}
    assert rows["good/eval"].notes == ("1 task not in the averages: curve",)
    assert rows["good/eval"].report.mean == 0.5


def test_rows_of_one_task_set_that_were_asked_with_other_limits_say_so(tmp_path):
    for name, length in (("long", 128), ("short", 4)):
        write_summary(tmp_path / name, results(task("r", [1, 0], settings={"targets_length": length, "dtype": "f"})))
    write_summary(tmp_path / "before", results(task("r", [1, 0], settings={})))
    write_summary(tmp_path / "elsewhere", results(task("q", [1, 0], settings={"targets_length": 7})))
    assert {row.name: row.notes for row in read_board(tmp_path).rows} == {
        "long": ("asked with targets_length 128, unlike others of its task set",),
        "short": ("asked with targets_length 4, unlike others of its task set",),
        "before": (),
        "elsewhere": (),
    }


def test_sizes_are_said_as_people_do():
    assert [size(n) for n in (None, 7, 12_007, 1_700_000, 540 * 10**9)] == ["-", "7", "12K", "1.7M", "540B"]


def test_a_run_is_its_own_board_and_an_empty_folder_is_none(runs, capsys):
    assert [row.name for row in read_board(runs / "other").rows] == ["other"]
    (runs / "empty").mkdir()
    for folder, words in (
        ("runs/empty", "has no run and no evaluation in it"),
        ("runs/none", "is no folder: give one"),
    ):
        assert main(["board", folder]) == 2
        told = capsys.readouterr().err
        assert words in told and told.count("\n") == 1
    assert main(["board", "runs", "--out", "runs"]) == 2
    assert "--out is runs, a folder: name the page, such as runs/board.html" in capsys.readouterr().err
    with pytest.raises(CheckpointError, match="no folder"):
        read_board("nowhere")


def test_the_library_writes_the_same_page(runs):
    path = write_board(read_board(runs))
    before = path.read_bytes()
    assert main(["board", "runs"]) == 0 and path.read_bytes() == before
