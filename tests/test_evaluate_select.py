"""The selection rule, intervals, and the file that keeps evaluations."""

import dataclasses
import itertools
import json
from fractions import Fraction

import numpy as np
import pytest

from flan_jax.core.errors import CheckpointError, ConfigError, TaskError
from flan_jax.evaluate.aggregates import statistics
from flan_jax.evaluate.aggregates.averages import as_ratio
from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.results.eval_results import (
    EvalResults,
    Sample,
    TaskResult,
    normalised_average,
    normalised_scores,
)
from flan_jax.evaluate.results.files import append_results, read_results
from flan_jax.evaluate.select import best_first, select, write_selected

# Fields that results gained since lines were first written, left out where a task does not have them.
ADDED = {"num_unextracted", "num_tied", "num_prompts_shortened", "num_exemplars_dropped", "num_not_finite"}
ADDED |= {"num_prompt_tokens", "num_generated_tokens", "benchmark", "title", "split", "sampling", "micro", "normalised"}
ADDED |= {"is_complete", "groups", "subtasks", "item_keys", "num_unknown", "num_unwritable", "ceiling", "num_too_long"}
ADDED |= {"asked", "scored_by", "settings"}
OPTIONS = dict(confidence=0.95, num_resamples=400, seed=0)


def task(name, scores, group="selection", chance=0.0, kind="whole cluster", cluster="c"):
    scores = tuple(float(s) for s in scores)
    samples = (Sample(0, "in", "out\u2028on", "ref", scores[0]),)
    mean = sum(scores) / len(scores)
    metrics = {"exact_match": mean}
    return TaskResult(
        task=name,
        cluster=cluster,
        kind=kind,
        group=group,
        format="zero-shot",
        metric="exact_match",
        score=mean,
        low=0.0,
        high=1.0,
        scores=scores,
        metrics=metrics,
        chance=chance,
        n=len(scores),
        num_examples=len(scores),
        samples=samples,
    )


def results(step, *tasks):
    return EvalResults(step, {t.task: t for t in tasks}, 1.0, 10)


def run_of(averages, n=40, chance=0.0):
    """One evaluation a step, with the given accuracy on a selection task and the complement on a report task."""
    rows = []
    for step, average in averages.items():
        right = round(average * n)
        scores = [1.0] * right + [0.0] * (n - right)
        rows.append(results(step, task("s", scores, chance=chance), task("r", [1 - s for s in scores], group="report")))
    return rows


@pytest.mark.parametrize("start, is_said", [(0.1, False), (0.5, True), (0.9, True)])
def test_a_run_that_gains_nothing_on_its_start_says_so(start, is_said):
    chosen = select(run_of({0: start, 10: 0.5, 20: 0.4}), **OPTIONS)
    assert chosen.step == 10
    assert ("no checkpoint is better than the starting point, step 0" in chosen.verdict) == is_said


def test_the_best_step_wins_the_earliest_of_equals_and_never_the_starting_point():
    rows = run_of({0: 0.9, 10: 0.5, 20: 0.75, 30: 0.75, 40: 0.25})
    for order in itertools.permutations(rows):
        chosen = select(order, **OPTIONS)
        assert (chosen.step, chosen.score, chosen.runner_up.step) == (20, 0.75, 30)
        assert [row.step for row in chosen.table] == [0, 10, 20, 30, 40]
    assert "step 20 cannot be told apart from step 30" in chosen.runner_up.verdict
    assert chosen.selection_tasks == ("s",) and chosen.report_tasks == ("r",)


def test_the_choice_is_compared_with_every_other_step_not_the_second_alone():
    # Step 20's lead over step 30 is on other examples than step 30's misses: pairing cannot tell them apart. Step 40
    # is behind step 20 on every example that it misses, step 10 by far.
    n = 60
    winner = [1.0] * 40 + [0.0] * 20
    second = [0.0] * 14 + [1.0] * 39 + [0.0] * 7
    nested = [1.0] * 25 + [0.0] * 35
    rows = [results(step, task("s", scores)) for step, scores in ((10, [0.0] * n), (20, winner), (30, second))]
    chosen = select([*rows, results(40, task("s", nested))], **OPTIONS)
    assert chosen.step == 20 and [other.step for other in chosen.others] == [30, 40, 10]
    assert chosen.not_told_apart == (30,) and chosen.runner_up == chosen.others[0]
    assert "cannot tell it apart from step 30, 1 of 3 others" in chosen.verdict
    assert all((other.difference.low > 0) == (other.step != 30) for other in chosen.others)
    clear = select([rows[0], rows[1]], **OPTIONS)
    assert clear.not_told_apart == () and "better than the other step (95%" in clear.verdict
    assert "the only one" in select([rows[1]], **OPTIONS).verdict


def test_equal_averages_are_equal_however_their_floats_are_rounded(tmp_path):
    # 7/3 of five both, in thirds and in ninths: a file with six decimals told them apart, full floats may.
    for early, late in (([1 / 3, 0, 0, 1, 1], [1, 1 / 9, 2 / 9, 1, 0]), ([1, 1 / 9, 2 / 9, 1, 0], [1 / 3, 0, 0, 1, 1])):
        rows = [results(100, task("s", early)), results(200, task("s", late))]
        folder = tmp_path / str(early[0])
        folder.mkdir()
        for row in rows:
            append_results(folder / "evals.jsonl", row)
        assert best_first(rows) == [100, 200]
        assert select(rows, **OPTIONS).step == write_selected(folder).step == 100
        assert read_results(folder / "evals.jsonl") == rows, "what is read is what was written, to the last bit"


def test_of_equal_accuracy_the_earliest_step_wins_in_any_order_of_items_and_tasks():
    rng = np.random.default_rng(0)
    num_told_apart = 0
    for _ in range(50):
        rows = []
        for step in rng.permutation([10, 20, 30]).tolist():
            right = {name: rng.permutation([1.0] * k + [0.0] * (60 - k)) for name, k in (("a", 20), ("b", 31))}
            rows.append(
                results(step, *(task(name, right[name], chance=7 / 24) for name in rng.permutation(["a", "b"])))
            )
        assert best_first(rows) == [10, 20, 30] and select(rows, confidence=0.95, num_resamples=1).step == 10
        assert len({row.average("selection") for row in rows}) == 1
        num_told_apart += len({np.mean([normalised_scores(t).mean() for t in row.tasks.values()]) for row in rows}) > 1
    assert num_told_apart > 25, "sums of floats do tell them apart"


def test_scores_that_are_no_ratios_are_compared_as_the_numbers_they_are():
    score = 0.123456789123456
    assert best_first([results(10, task("s", [score])), results(20, task("s", [np.nextafter(score, 1)]))]) == [20, 10]
    assert as_ratio(1 / 3) == Fraction(1, 3) and as_ratio(2 * 0.3 * 0.6 / (0.3 + 0.6)) == Fraction(2, 5)
    assert as_ratio(score) == Fraction(score)
    with pytest.raises(TaskError, match="a score is nan"):
        best_first([results(10, task("s", [float("nan")]))])


def test_lines_with_scores_of_six_decimals_are_still_compared(tmp_path):
    """A run that was begun before scores were kept in full goes on, and selects from what it has."""
    value = results(10, task("s", [1 / 3, 0.0])).to_json()
    old = {key: value[key] for key in ("step", "secs", "num_tokens", "averages")}
    fields = value["tasks"]["s"]
    old["tasks"] = {"s": {**fields, "scores": [0.333333, 0.0]}}
    assert set(fields) == {field.name for field in dataclasses.fields(TaskResult)} - ADDED, "lines are as they were"
    (tmp_path / "evals.jsonl").write_text(json.dumps(old) + "\n")
    append_results(tmp_path / "evals.jsonl", results(20, task("s", [0.0, 1 / 3])))
    assert [row.step for row in read_results(tmp_path / "evals.jsonl")] == [10, 20]
    assert write_selected(tmp_path).step == 20  # 333333 millionths are less than a third


def test_report_tasks_play_no_part():
    rows = run_of({0: 0.0, 10: 0.5, 20: 0.6})
    changed = [results(r.step, r.tasks["s"], task("r", np.ones(40) * (r.step == 10), group="report")) for r in rows]
    first, second = select(rows, **OPTIONS), select(changed, **OPTIONS)
    assert dataclasses.replace(first, table=()) == dataclasses.replace(second, table=())


def test_a_clear_winner_is_called_one_and_a_single_step_has_no_runner_up():
    assert "step 20 is better than step 10" in select(run_of({10: 0.1, 20: 0.9}), **OPTIONS).runner_up.verdict
    assert select(run_of({10: 0.1}), **OPTIONS).runner_up is None


def test_chance_is_the_floor_and_tasks_weigh_the_same():
    tasks = [task("a", [1] * 75 + [0] * 25, chance=0.5), task("b", [0, 1])]
    assert normalised_average(tasks) == pytest.approx((0.5 + 0.5) / 2)
    assert normalised_average([task("a", [0, 0, 1, 1], chance=0.75)]) == pytest.approx(-1.0)
    with pytest.raises(TaskError, match=r"chance 1\.0"):
        normalised_average([task("a", [1], chance=1.0)])
    with pytest.raises(TaskError, match="no tasks"):
        normalised_average([])


def test_selection_refuses_what_it_cannot_compare():
    with pytest.raises(CheckpointError, match="no step after 0"):
        select(run_of({0: 0.5}), **OPTIONS)
    with pytest.raises(CheckpointError, match="empty"):
        select([], **OPTIONS)
    with pytest.raises(ConfigError, match="no task is for selection"):
        select([results(10, task("r", [1], group="report"))], **OPTIONS)
    with pytest.raises(ConfigError, match="judged differently"):
        select([results(10, task("s", [1, 0])), results(20, task("s", [1]))], **OPTIONS)
    with pytest.raises(ConfigError, match="judged differently"):
        select([results(10, task("s", [1])), results(20, task("s", [1], group="report"))], **OPTIONS)
    with pytest.raises(ConfigError, match="both_ways"):
        EvalConfig(selection=("both_ways", "a"), report=("both_ways",))


def test_evals_file_keeps_one_line_a_step_in_order_and_round_trips(tmp_path):
    path = tmp_path / "evals.jsonl"
    for row in run_of({20: 0.5, 0: 0.25, 10: 0.4}):
        append_results(path, row)
    append_results(path, run_of({10: 0.9})[0])
    read = read_results(path)
    assert [row.step for row in read] == [0, 10, 20] and path.read_text().count("\n") == 3
    assert read[1] == run_of({10: 0.9})[0]
    assert json.loads(path.read_text().split("\n")[1])["averages"]["selection"] == 0.9
    assert [p.name for p in tmp_path.iterdir()] == ["evals.jsonl"], "no partial file stays"
    chosen = write_selected(tmp_path)
    stored = json.loads((tmp_path / "selected.json").read_text())
    assert (
        (stored["step"], stored["score"], stored["rule"])
        == (chosen.step, chosen.score, chosen.rule)
        == (10, 0.9, chosen.rule)
    )
    path.write_text("{not json\n")
    with pytest.raises(CheckpointError, match=r"evals.jsonl:1 is not JSON"):
        read_results(path)
    with pytest.raises(CheckpointError, match="does not exist"):
        read_results(tmp_path / "no" / "evals.jsonl")


def test_intervals_are_seeded_contain_the_mean_and_narrow_with_more_examples():
    rng = np.random.default_rng(0)
    for scores in (rng.integers(0, 2, 50).astype(float), rng.random(300)):
        options = {**OPTIONS, "num_resamples": 4000}
        interval = statistics.mean_interval(scores, **options)
        assert interval == statistics.mean_interval(scores, **options)
        assert interval.low < scores.mean() < interval.high and interval.mean == pytest.approx(scores.mean())
        wide = interval.high - interval.low
        many = statistics.mean_interval(np.tile(scores, 16), **options)
        assert (many.high - many.low) == pytest.approx(wide / 4, rel=0.2)
        # normal approximation of a mean's 95% interval
        assert wide == pytest.approx(2 * 1.96 * scores.std() / np.sqrt(len(scores)), rel=0.1)


def test_pairing_removes_what_both_sides_share_and_tasks_are_resampled_too():
    rng = np.random.default_rng(1)
    before = rng.random(200)
    gain = statistics.task_average_difference([before], [before + 0.01], **OPTIONS)
    assert gain.low == pytest.approx(0.01) and gain.high == pytest.approx(0.01) and gain.excludes_zero
    assert not statistics.task_average_difference([before], [before[::-1]], **OPTIONS).excludes_zero
    # Two tasks that disagree: no number of examples makes their average certain.
    apart = statistics.task_average_interval([np.zeros(1000), np.ones(1000)], **OPTIONS)
    assert (apart.low, apart.mean, apart.high) == (0.0, 0.5, 1.0)
    with pytest.raises(ValueError, match="same examples"):
        statistics.task_average_difference([before], [before[:-1]], **OPTIONS)


def test_interval_coverage_is_near_its_confidence():
    rng = np.random.default_rng(2)
    hits = 0
    for trial in range(200):
        interval = statistics.mean_interval((rng.random(60) < 0.3).astype(float), **{**OPTIONS, "seed": trial})
        hits += interval.low <= 0.3 <= interval.high
    assert 0.88 <= hits / 200 <= 0.99
