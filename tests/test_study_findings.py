"""Findings: numbers that were reckoned by hand, and verdicts on made-up runs of which the truth is known."""

import dataclasses
import math

import numpy as np
import pytest

from flan_jax.core.errors import ConfigError, StudyError
from flan_jax.study import GapRises, Higher, Rises, Scores, Steadier, Study, judge
from flan_jax.study.figures import ladder
from flan_jax.study.scores import check_alike
from flan_jax.study.study import position_of
from flan_jax.study.verdicts import averages, sizes

MORE = Rises("more tasks help", along="tasks", where={"model": "1M"})


def study(*findings, **changes):
    axes = {"tasks": {"1": (), "2": (), "8": ()}, "model": {"1M": (), "4M": ()}}
    told = {"title": "t", "source": "s", "recipe": ("r.gin",), "axes": axes, "start": {"tasks": "0"}}
    return Study(**{**told, "findings": findings, **changes})


def score(levels, seed, task, normalised, **changes):
    facts = {
        "levels": levels,
        "seed": seed,
        "run": "k",
        "when": "end",
        "step": 1,
        "task": task,
        "group": "report",
        "kind": "",
        "cluster": task.partition("_")[0],
        "format": "",
        "metric": "m",
        "examples": 10,
        "score": normalised,
        "chance": 0.0,
        "normalised": normalised,
        "parameters": 1,
        "flops": 1.0,
        "tokens": 1,
    }
    return Scores(**{**facts, **changes})


def made(of, seeds=(0, 1, 2), tasks=("a_1", "a_2", "b_1")):
    """Scores of every run of `study`; `of(tasks, model, seed, task)` in points."""
    return [
        score({"tasks": n, "model": m}, seed, task, of(n, m, seed, task) / 100)
        for n in ("0", "1", "2", "8")
        for m in ("1M", "4M")
        for seed in seeds
        for task in tasks
    ]


def only(finding, scores, **changes):
    (verdict,) = judge(study(finding, **changes), scores, num_resamples=500)
    return verdict


def test_levels_are_numbers_where_they_can_be():
    levels = ("9", "1,836", "0.4M", "11B", "1e-3", "2k")
    assert [position_of(level) for level in levels] == [9, 1836, 4e5, 1.1e10, 1e-3, 2000]
    assert math.isnan(position_of("both")) and math.isnan(position_of("-1"))


def test_a_slope_is_by_least_squares_over_doublings():
    # At 0, 1 and 3 doublings: 10, 20, 24 points; the mean of x is 4/3, of y 18; sum(dx*dy) = 20, sum(dx^2) = 14/3.
    found = only(MORE, made(lambda n, m, seed, task: {"0": 99, "1": 10, "2": 20, "8": 24}[n]))
    assert found.estimate == pytest.approx(20 / (14 / 3)) and found.low == pytest.approx(found.high)
    assert (found.outcome, found.seeds, found.tasks) == ("reproduced", 3, 3)
    assert found.unit == "points a doubling of tasks"


def test_a_difference_is_averaged_over_the_axes_that_it_does_not_name():
    higher = Higher("8 are better", of={"tasks": "8"}, than={"tasks": "1"})
    found = only(higher, made(lambda n, m, seed, task: (n == "8") * (4 if m == "1M" else 8)))
    assert found.estimate == pytest.approx(6.0)
    # The model before training is one for all levels of its axis.
    start = Higher("training helps", of={"tasks": "8"}, than={"tasks": "0"})
    assert only(start, made(lambda n, m, seed, task: 5.0 * (n == "0"))).estimate == pytest.approx(-5.0)


def test_a_gap_rises_where_the_larger_model_gains_more():
    gap = GapRises("larger gains more", of={"tasks": "8"}, than={"tasks": "1"}, along="model")
    found = only(gap, made(lambda n, m, seed, task: (n == "8") * (4 if m == "1M" else 10)))
    assert found.estimate == pytest.approx(3.0)  # 4 -> 10 over two doublings


def test_steadier_is_by_the_spread_over_a_clusters_tasks():
    steadier = Steadier("8 are steadier", of={"tasks": "8"}, than={"tasks": "1"})
    found = only(steadier, made(lambda n, m, seed, task: {"a_1": 0, "a_2": 2 if n == "8" else 6, "b_1": 50}[task]))
    # Of a alone, which has two tasks: standard deviations 6/sqrt(2) and 2/sqrt(2).
    assert found.estimate == pytest.approx(4 / math.sqrt(2)) and found.tasks == 1 and found.outcome == "underpowered"


def test_tasks_are_chosen_by_patterns():
    higher = dataclasses.replace(Higher("x", {"tasks": "8"}, {"tasks": "1"}), tasks="a_* !*_2")
    found = only(higher, made(lambda n, m, seed, task: 7.0 * (n == "8" and task == "a_1")))
    assert found.estimate == pytest.approx(7.0) and found.tasks == 1


def test_a_finding_of_runs_that_are_missing_is_not_run():
    scores = [each for each in made(lambda *_: 1.0) if each.levels["tasks"] != "2" or each.seed != 1]
    assert only(MORE, scores).outcome == "not run" and math.isnan(only(MORE, scores).estimate)
    # A level of which another seed is missing does not matter to it.
    assert only(Higher("x", {"tasks": "8"}, {"tasks": "1"}), scores).outcome != "not run"


def test_two_seeds_are_too_few_for_any_verdict():
    assert only(MORE, made(lambda n, *_: 9.0 * len(n + "x") * (n == "8"), seeds=(0, 1))).outcome == "underpowered"


@pytest.mark.parametrize(("effect", "allowed"), [(0.0, {"underpowered": 0.9}), (30.0, {"reproduced": 0.95})])
def test_verdicts_hold_on_made_up_runs(effect, allowed):
    """Seeds and tasks vary; without an effect at most one study in ten says anything, with a large one nearly all."""
    outcomes = []
    higher = Higher("x", {"tasks": "8"}, {"tasks": "1"})
    for trial in range(60):
        rng = np.random.default_rng(trial)
        noise = {(s, t): rng.normal(0, 4) for s in range(3) for t in "abcdefgh"}
        by_seed, by_task = rng.normal(0, 3, 3), dict(zip("abcdefgh", rng.normal(0, 6, 8), strict=True))
        scores = made(
            lambda n, m, s, t, noise=noise, by_seed=by_seed, by_task=by_task: (
                (n == "8") * (effect + noise[s, t] + by_seed[s] + by_task[t])
            ),
            tasks=tuple("abcdefgh"),
        )
        outcomes.append(only(higher, scores).outcome)
    ((outcome, share),) = allowed.items()
    assert outcomes.count(outcome) >= share * len(outcomes), outcomes


def test_several_findings_have_wider_intervals_each():
    rng = np.random.default_rng(0)
    scores = made(lambda n, m, seed, task: rng.normal(0, 5))
    alone = only(MORE, scores)
    (first, *_) = judge(study(MORE, *[dataclasses.replace(MORE, text=str(i)) for i in range(4)]), scores)
    assert first.confidence == pytest.approx(0.99) and first.high - first.low > alone.high - alone.low


def test_averages_are_of_the_studys_group_one_a_seed():
    other = score({"tasks": "1", "model": "1M"}, 0, "x", 9.0, group="selection")
    scores = [*made(lambda n, m, seed, task: seed), other]
    assert averages(study(), scores)["1", "1M"] == pytest.approx([0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    ("over", "label", "of_large"),
    [
        ("parameters", "parameters of the model", [4e6, 4e6, 4e6, 4e6]),
        # Nothing has been trained at level 0: half of the least that has been, 1 * 1e6.
        ("flops", "floating-point operations of training", [5e5, 4e6, 8e6, 32e6]),
        ("levels", "tasks", [0.5 / math.sqrt(2), 1.0, 2.0, 8.0]),
    ],
)
def test_a_curve_is_over_levels_parameters_or_operations(over, label, of_large):
    told = study(over=over)
    scores = [
        dataclasses.replace(
            each,
            parameters=int(position_of(each.levels["model"])),
            flops=position_of(each.levels["tasks"]) * position_of(each.levels["model"]),
        )
        for each in made(lambda n, m, seed, task: seed)
    ]
    (axes,) = ladder(told, averages(told, scores), sizes(told, scores)).axes
    (_, large, *_) = axes.lines
    assert list(large.get_xdata()) == pytest.approx(of_large)
    assert axes.get_xlabel() == label and axes.get_xscale() == "log" and large.get_linestyle() == "-"


def test_levels_that_are_names_are_points_which_no_line_joins():
    told = study(axes={"form": {"plain": (), "fancy": ()}}, start={})
    (axes,) = ladder(told, {("plain",): [1.0, 2.0], ("fancy",): [3.0, 5.0]}, {}).axes
    points, *_ = axes.lines
    assert points.get_linestyle() == "None" and list(points.get_ydata()) == [1.5, 4.0]
    (bars,) = axes.collections
    assert [segment[:, 1].tolist() for segment in bars.get_segments()] == [[1.0, 2.0], [3.0, 5.0]]
    assert axes.get_legend() is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": {}}, "axes is empty"),
        ({"over": "time"}, "Study.over"),
        ({"over": "flops", "published": {"paper": {"8": 1.0}}}, "gives scores by level: leave one of them out"),
        ({"axes": {"seed": {"1": ()}}, "start": {}}, "'seed' cannot be an axis"),
        ({"axes": {"tasks": {}}, "start": {}}, "axis tasks has no level"),
        ({"seeds": (0, 0)}, "give each seed once"),
        ({"start": {"tasks": "1"}}, "a level that is no run's"),
        ({"group": "all"}, "say 'selection' or 'report'"),
        ({"published": {"paper": {"9": 1.0}}}, "'paper' has 9, which are no levels of tasks: give some of 0, 1, 2, 8"),
        ({"findings": ("more",)}, "Study.findings has 'more'"),
        ({"findings": (Rises("x", along="task"),)}, r"axis 'task'; did you mean tasks\?"),
        ({"findings": (Higher("x", {"tasks": "9"}, {"tasks": "1"}),)}, "level '9' of tasks"),
        ({"findings": (Higher("x", {"tasks": "8"}, {"model": "1M"}),)}, "name the same axes in both"),
        (
            {"findings": (Rises("x", along="form"),), "axes": {"form": {"1": (), "b": ()}}, "start": {}},
            "level 'b', which",
        ),
        ({"findings": (Rises("x", along="form"),), "axes": {"form": {"1000": (), "1k": ()}}, "start": {}}, "each once"),
        ({"findings": (Rises("x", along="tasks", where={"tasks": "8"}),)}, "goes along tasks and names one level"),
        ({"findings": (GapRises("x", {"model": "4M"}, {"model": "1M"}, along="model"),)}, "goes along model and"),
        ({"findings": (Higher("x", {"tasks": "8"}, {"tasks": "8"}),)}, "with itself: name another level"),
    ],
)
def test_a_study_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        study(**changes)


def test_runs_that_were_judged_otherwise_are_not_compared():
    scores = made(lambda *_: 1.0)
    check_alike(study(), scores)
    other = [dataclasses.replace(scores[0], examples=7), *scores[1:]]
    with pytest.raises(StudyError, match=r"by m on 10 examples in run k, by m on 7 in run k: judge all levels alike"):
        check_alike(study(), other)
    limits = [dataclasses.replace(scores[0], targets_length=4), *scores[1:]]
    check_alike(study(), limits)  # of the others it is not recorded
    limits[3] = dataclasses.replace(scores[3], targets_length=128)
    assert limits[0].task == limits[3].task
    with pytest.raises(
        StudyError, match=r"in at most so many tokens: 128 in run k, 4 in run k: judge all levels alike .EVAL_TARGETS"
    ):
        check_alike(study(), limits)
    stops = [dataclasses.replace(each, stop=()) for each in scores]
    check_alike(study(), stops)
    stops[3] = dataclasses.replace(stops[3], stop=("\n",))
    with pytest.raises(StudyError, match=r"up to one of the texts \('\\n',\) in run k, \(\) in run k: .* .EVAL_STOP"):
        check_alike(study(), stops)
    fewer = [dataclasses.replace(each, run="other") for each in scores if each.task != "b_1"]
    with pytest.raises(StudyError, match=r"runs k and other are judged on different tasks, b_1 in one of them"):
        check_alike(study(), [*scores, *fewer])


def test_a_finding_about_no_task_is_refused_with_what_there_is():
    with pytest.raises(StudyError, match=r"'x' is about tasks 'a_1,a_2', and the runs are judged on a_1, a_2, b_1"):
        only(Higher("x", {"tasks": "8"}, {"tasks": "1"}, tasks="a_1,a_2"), made(lambda *_: 1.0))
