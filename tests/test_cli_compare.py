"""`flan-jax compare`: what is printed in 80 columns, what is written, and one line for what cannot be compared."""

import json
import re
import subprocess
import sys

import pytest
from judged_runs import rates, task, write_run

from flan_jax.cli.main import main
from flan_jax.core.disk import read_json_object
from flan_jax.report.page import POLICY

LONG = "flan2022_zeroshot_natural_instructions_task_with_a_long_name_"


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """runs/base, runs/mine and runs/<b>: two report tasks and one that selects, a few steps of each."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    for name, right in (("base", 2), ("mine", 10), ("<b>", 2)):
        at_end = [task("a", rates(right, 10), chance=0.5), task(LONG, [1, 0] * 5), task("s", [1, 0], "selection")]
        write_run(tmp_path / "runs" / name, {0: at_end, 10: at_end})
    return tmp_path / "runs"


def test_a_sentence_comes_first_then_tables_of_80_columns(runs, capsys):
    assert main(["compare", "runs/base", "runs/mine", "runs/<b>"]) == 0
    text = capsys.readouterr().out
    told = " ".join(text.split())
    first, second = (
        "on 1 of 2 tasks, worse on 0, not told apart on 1",
        "on 0 of 2 tasks, worse on 0, not told apart on 2",
    )
    assert told.startswith(f"mine is better than base {first} (Holm, 5%); the normalised average is +80.0 points (95% ")
    assert f" <b> is better than base {second} (Holm, 5%); the normalised average is +0.0 points (95% " in told
    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    assert "baseline: base, step 10, selected" in words and "mine beside base" in words
    # Four p-values of two runs: 2/256 is multiplied by four.
    assert "better, exact_match" in words and "n 10, chance 50, p 0.0312" in words
    assert "left out: 1 task, a selection task, which picked a checkpoint: s" in words
    assert "Holm corrects it for 4 comparisons" in words and "Written" not in words


def test_files_hold_what_was_printed(runs, capsys):
    assert main(["compare", "runs/base", "runs/mine", "runs/<b>", "--out", "out/here"]) == 0
    assert capsys.readouterr().out.endswith(
        "Written: out/here/compare.html, out/here/compare.csv, out/here/compare.json\n"
    )
    out = runs.parent / "out" / "here"
    lines = (out / "compare.csv").read_text().splitlines()
    assert lines[0].startswith("baseline,run,task,group,metric,examples,chance,baseline_score,run_score,difference,low")
    assert len(lines) == 5 and lines[1].startswith("base,mine,a,report,exact_match,10,0.5,0.2,1.0,0.8,0.")
    assert lines[1].endswith(",0.0078125,0.03125,better")
    value = read_json_object(out / "compare.json", "")
    assert value["baseline"] == {"name": "base", "folder": "runs/base", "step": 10, "how": "selected"}
    assert value["runs"][0]["summary"].startswith("mine is better than base on 1 of 2 tasks")
    assert value["runs"][0]["tasks"][0]["p_holm"] == 0.03125
    assert value["runs"][0]["left_out"][0]["task"] == "s"
    page = (out / "compare.html").read_text()
    assert POLICY in page and not re.search(r"(?:src|href)=|https?://|<script", page)
    assert "<b>mine is better than base on 1 of 2 tasks" in page and "<span class=gain>better</span>" in page
    assert "&lt;b&gt; beside base" in page and "<b> beside" not in page, "a name is text"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert main(["compare", "runs/base", "runs/mine", "runs/<b>", "--out", "out/here"]) == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before, "the same runs give the same bytes"


def test_a_name_with_a_comma_or_a_quote_is_one_cell(runs):
    (runs / "mine").rename(runs / 'mine, "again"')
    assert main(["compare", "runs/base", 'runs/mine, "again"', "--out", "out"]) == 0
    assert (runs.parent / "out" / "compare.csv").read_text().splitlines()[1].startswith('base,"mine, ""again""",a,')


def test_options_reach_the_comparison(runs, capsys):
    options = ["--group", "all", "--confidence", "0.9", "--num_resamples", "50", "--seed", "3"]
    assert main(["compare", "runs/base", "runs/mine", *options]) == 0
    words = " ".join(capsys.readouterr().out.split())
    assert "on 1 of 3 tasks" in words and "(Holm, 10%)" in words and "(90% interval" in words
    assert "Seed 3, 50 resamples" in words and "left out" not in words


@pytest.mark.parametrize(
    ("folders", "words"),
    [
        (["runs/base"], "1 of at least 2 folders given: give the baseline, then what to compare with it"),
        (["runs/base", "runs/../runs/base"], "runs/../runs/base is given twice: give each run once"),
        (["runs/base", "runs"], "runs has no evals.jsonl of a run that was judged, and no summary.json or eval.json"),
        (["runs/base", "nowhere"], "nowhere is no folder: give a run's, such as runs/demo"),
        (["runs/base", "runs/mine", "--group", "reports"], "give one of report, selection, all"),
        (["runs/base", "runs/mine", "--confidence", "95"], "--confidence is 95.0: give a number in (0, 1)"),
    ],
)
def test_what_cannot_be_compared_is_one_line(runs, capsys, folders, words):
    assert main(["compare", *folders]) == 2
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1


def test_a_damaged_evaluation_is_one_line(runs, capsys):
    path = runs / "mine" / "evals.jsonl"
    path.write_text(path.read_text().replace("exact_match", "exact-match", 1))
    assert main(["compare", "runs/base", "runs/mine"]) == 2
    assert "runs/mine/evals.jsonl:1 is not JSON as it was written (it was damaged or edited" in capsys.readouterr().err
    # A score that is no number is null in the file.
    lines = [json.loads(line) for line in (runs / "base" / "evals.jsonl").read_text().splitlines()]
    for line in lines:
        del line["sha256_of_the_rest"]
        line["tasks"]["a"]["scores"][0] = None
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert main(["compare", "runs/base", "runs/mine"]) == 2
    assert "holds no results (an item's score of a is None)" in capsys.readouterr().err


def test_help_loads_no_jax():
    parse = "from flan_jax.cli.main import parse_verb; parse_verb('compare', ['a', 'b'])"
    program = f"import sys; {parse}; print('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"
