"""The report: written from stored files, whole in one file, and plain about what was held out."""

import io
import json
import re
import subprocess
import sys

import pytest
from rich.console import Console

from flan_jax.core.disk import read_json_object, write_sealed
from flan_jax.core.errors import CheckpointError
from flan_jax.evaluate.results.eval_results import EvalResults, Sample, TaskResult
from flan_jax.evaluate.results.files import append_results
from flan_jax.evaluate.select import write_selected
from flan_jax.report import print_report, run_terminal, write_report
from flan_jax.report.run_data import load_report
from flan_jax.report.tables import percent_interval

KINDS = ("whole cluster", "composition", "new label words")


def make_task(name, rate, group, kind, n=40, chance=0.25):
    right = round(rate * n)
    scores = (1.0,) * right + (0.0,) * (n - right)
    sample = Sample(0, f"What is {name} <b>?", f"guess at {rate}", "the truth", scores[0])
    return TaskResult(
        task=name,
        cluster=f"cluster_{kind[:3]}",
        kind=kind,
        group=group,
        format="zero-shot",
        metric="exact_match",
        score=right / n,
        low=0.0,
        high=1.0,
        scores=scores,
        metrics={"exact_match": right / n, "rouge_l": right / n / 2},
        chance=chance,
        n=n,
        num_examples=n,
        num_trimmed=2,
        samples=(sample,),
    )


@pytest.fixture()
def run_dir(tmp_path):
    folder = tmp_path / "my run"
    folder.mkdir()
    for step, rate in ((0, 0.25), (50, 0.9), (100, 0.88)):
        tasks = [make_task(f"t_{i}_{kind[:3]}", rate, "report", kind) for kind in KINDS for i in range(2)]
        tasks += [make_task("s_1", rate, "selection", "new template")]
        append_results(folder / "evals.jsonl", EvalResults(step, {t.task: t for t in tasks}))
    with open(folder / "metrics.jsonl", "w") as file:
        for step in range(1, 101):
            print(json.dumps({"step": step, "loss": 5 / step, "tokens_per_sec": 1e4, "data_wait_secs": 0.0}), file=file)
        file.write('{"step": 101, "lo')  # what a kill leaves
    (folder / "config.gin").write_text("TRAIN_STEPS = 100\n")
    write_selected(folder)
    return folder


def test_report_is_one_file_without_links_and_can_be_rerun(run_dir):
    path = write_report(run_dir)
    first = path.read_bytes()
    assert write_report(run_dir).read_bytes() == first, "the same files give the same bytes"
    text = first.decode()
    assert not re.search(r"(?:src|href)=(?!\"data:)|https?://|<script|@import|url\(", text)
    assert text.count("data:image/png;base64,") == 2 and (run_dir / "report.png").read_bytes()[:4] == b"\x89PNG"
    assert "&lt;b&gt;?" in text and "<b>?" not in text, "prompts are escaped"
    assert "TRAIN_STEPS = 100" in text and "Selected: step 50" in text
    assert "rouge_l 12.5 before, 45.0 after" in text
    assert re.search(r"<td class=n>90\.0<br><small>\[[\d., ]+\]</small></td>", text), "an interval is below its score"


def test_rows_say_what_was_held_out_and_carry_paired_gains(run_dir):
    report = load_report(run_dir)
    rows = {row.kind: row for row in report.rows if row.group == "report"}
    assert set(rows) == set(KINDS)
    for row in rows.values():
        assert (row.num_tasks, row.num_examples, row.chance) == (2, 80, 0.25)
        assert (row.before.mean, row.after.mean) == pytest.approx((0.25, 0.9))
        assert row.gain.low < 0.65 < row.gain.high and row.gain.low > 0
    averages = {row.group: row for row in report.summary}
    assert averages["report"].before.mean == pytest.approx(0.0) and averages["report"].num_tasks == 6
    assert {pair.kind for pair in report.samples} == set(KINDS), "three samples of three kinds"
    assert report.warnings[0].startswith("14 of 280 prompts were longer")


def test_terminal_report_shows_table_choice_samples_files_and_next_commands(run_dir):
    write_report(run_dir)
    console = Console(width=200, record=True, file=open("/dev/null", "w"))
    print_report(run_dir, console)
    console.file.close()
    text = " ".join(console.export_text().split())
    for kind in KINDS:
        assert kind in text
    for words in (
        "Selected: step 50",
        "cannot be told apart from step 100",
        "Points above chance, on what was held out as whole cluster: 87 [77, 95] zero-shot (before: 0).",
        "On the other kinds, composition: 87 zero-shot; new label words: 87 zero-shot.",
        "The checkpoint of step 50 was picked on 1 task apart from these.",
        "guess at 0.25",
        "guess at 0.9",
        "the truth",
    ):
        assert words in text
    assert "flan-jax infer --checkpoint '" in text, "a path with a space is quoted"
    (run_dir / "config.gin").write_text("MIXTURE_OR_TASK_MODULE = ('flan_jax.tasks', 'my.tasks')\n")
    commands = [command for command, _ in load_report(run_dir).commands]
    assert sum("--module flan_jax.tasks --module my.tasks" in command for command in commands) == 2, commands
    assert "report.html" in text and "no task of this cluster was trained on" in text


def test_the_end_of_a_run_fits_80_columns_and_opens_with_what_was_gained(run_dir):
    console = Console(width=80, record=True, file=io.StringIO())
    print_report(run_dir, console)
    lines = console.export_text().split("\nFiles")[0].splitlines()  # paths and commands are one line each, to be copied
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("Points above chance, on what was held out as whole cluster: 87 [77, 95]")
    (row,) = [line.split() for line in lines if line.startswith(" whole cluster  ")]
    assert row == ["whole", "cluster", "zero-shot", "2", "0", "87", "[77,", "95]", "+87", "[+72,", "+100]"]


@pytest.mark.parametrize("width", [80, 100, 130, 155, 180])
def test_a_table_is_whole_at_any_width(run_dir, width):
    report = load_report(run_dir)
    lines = render(report, width)
    assert max(map(len, lines)) <= width
    for row in (*report.rows, *report.summary):
        for interval in (row.before, row.after, row.gain):
            bounds = percent_interval(interval.mean, interval.low, interval.high, "+" if interval is row.gain else "")
            for part in bounds.split(" ", 1):  # below each other, or side by side, but never broken
                assert any(part in line for line in lines), part
    assert "…" not in "".join(lines)


def render(report, width):
    """Lines of the score table."""
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(run_terminal._table(report, width))
    return [line.rstrip() for line in console.export_text().splitlines()]


@pytest.mark.parametrize("kind", ["held-out rows", "evaluator"])
def test_next_commands_name_no_task_that_only_the_run_itself_knew(tmp_path, kind):
    for step in (0, 50):
        tasks = [make_task(name, 0.5, group, kind) for name, group in (("mine", "selection"), ("theirs", "report"))]
        append_results(tmp_path / "evals.jsonl", EvalResults(step, {t.task: t for t in tasks}))
    write_selected(tmp_path)
    assert [command.split()[1] for command, _ in load_report(tmp_path).commands] == ["infer"]


def test_report_without_a_starting_point_shows_scores_alone(run_dir):
    lines = (run_dir / "evals.jsonl").read_text().splitlines()
    (run_dir / "evals.jsonl").write_text("\n".join(lines[1:2]) + "\n")
    write_selected(run_dir)
    report = load_report(run_dir)
    assert report.before is None and all(row.gain is None for row in report.rows)
    assert write_report(run_dir).exists()


def test_missing_and_stale_files_are_named(run_dir):
    write_sealed(run_dir / "selected.json", {**read_json_object(run_dir / "selected.json", ""), "step": 51})
    with pytest.raises(CheckpointError, match="names step 51"):
        write_report(run_dir)
    (run_dir / "selected.json").write_text('{"step": 100, "rule": "The last step"}')
    with pytest.raises(CheckpointError, match="nothing to report"):
        write_report(run_dir)
    evals = (run_dir / "evals.jsonl").read_bytes()
    (run_dir / "evals.jsonl").unlink()
    (run_dir / "selected").mkdir(exist_ok=True)
    with pytest.raises(CheckpointError, match=r"judged on nothing .* `flan-jax eval --checkpoint .* scores it"):
        write_report(run_dir)
    (run_dir / "evals.jsonl").write_bytes(evals)
    (run_dir / "selected.json").unlink()
    with pytest.raises(CheckpointError, match=r"selected\.json does not exist"):
        write_report(run_dir)
    with pytest.raises(CheckpointError, match=r"nosuch is not there: give a run's folder"):
        write_report(run_dir / "nosuch")


def test_evaluations_of_another_run_are_no_evidence_and_later_ones_are_said(run_dir):
    lines = (run_dir / "evals.jsonl").read_text().splitlines()
    (run_dir / "evals.jsonl").write_text(f"{lines[0]}\n{lines[1]}\n")
    with pytest.raises(
        CheckpointError, match=r"at step 100, and it does not have it: start the run's training command"
    ):
        write_report(run_dir)
    other = make_task("s_1", 0.5, "selection", "new template")
    append_results(run_dir / "evals.jsonl", EvalResults(100, {other.task: other}))
    with pytest.raises(CheckpointError, match=r"0\.\d+ at step 100, and it has 0\.\d+ there: start the run's"):
        write_report(run_dir)
    (run_dir / "evals.jsonl").write_text("\n".join(lines) + "\n")
    append_results(run_dir / "evals.jsonl", EvalResults(150, {other.task: other}))
    assert "evals.jsonl has step 150 too, which the choice was not made from" in write_report(run_dir).read_text()


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("")])
def test_lost_curves_are_said(run_dir, damage):
    damage(run_dir / "metrics.jsonl")
    assert f"{run_dir / 'metrics.jsonl'} holds no losses" in write_report(run_dir).read_text()


def test_losses_that_end_before_the_run_did_are_said(run_dir, tmp_path):
    path = run_dir / "metrics.jsonl"
    assert "its curves end early" not in write_report(run_dir).read_text()
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:60]))
    assert f"{path} ends at step 60, and the run was judged at step 100" in write_report(run_dir).read_text()
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match="file is no folder: give a run's"):
        write_report(tmp_path / "file")


def test_report_runs_as_a_module(run_dir):
    command = [sys.executable, "-m", "flan_jax.report"]
    done = subprocess.run([*command, str(run_dir)], capture_output=True, text=True)
    assert done.returncode == 0 and "Written:" in done.stdout, done.stderr
    done = subprocess.run([*command, str(run_dir / "no")], capture_output=True, text=True)
    assert done.returncode == 2 and "is not there" in done.stderr and "Traceback" not in done.stderr
