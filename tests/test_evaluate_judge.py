"""A run's judge: one list of results decides what is kept and what is selected, on every process and after a restart;
evaluators are functions."""

import dataclasses
import json
import pathlib
import types

import jax
import numpy as np
import pytest
import tiny_model

from flan_jax.core.errors import ConfigError, TaskError
from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.judge import Judge, make_judge
from flan_jax.evaluate.language_models.jax_model import JaxLanguageModel
from flan_jax.evaluate.language_models.requests import GenerateRequest
from flan_jax.evaluate.results.eval_results import Basis, EvalResults, TaskResult

SELECTS = EvalConfig(selection=("s",), num_resamples=20)


def task(name, scores, group="selection", chance=0.0):
    mean = float(np.mean(scores))
    return TaskResult(
        task=name,
        cluster="c",
        kind="",
        group=group,
        format="as given",
        metric="m",
        score=mean,
        low=mean,
        high=mean,
        scores=tuple(float(score) for score in scores),
        metrics={"m": mean},
        chance=chance,
        n=len(scores),
        num_examples=len(scores),
    )


def judge_of(scores_of, folder, config=SELECTS):
    """A judge of one task "s" with the given scores at each step."""
    return Judge(config, [lambda params, step, on_item: EvalResults(step, {"s": task("s", scores_of[step])})], folder)


def test_steps_scored_by_other_code_of_a_users_metric_are_refused_at_the_start(tmp_path):
    by_mine = dataclasses.replace(task("s", [0.0, 1.0]), scored_by="a" * 64)
    judge = Judge(SELECTS, [lambda params, step, on_item: EvalResults(step, {"s": by_mine})], tmp_path)
    judge.resume(0)
    judge.run(None, 4)
    for same in ({}, {"s": Basis("c" * 64, "a" * 64)}, {"other": Basis("", "b" * 64)}):
        Judge(SELECTS, [], tmp_path, bases=same).resume(4)
    with pytest.raises(ConfigError, match="step 4 of this run was judged on s with another function as its metric"):
        Judge(SELECTS, [], tmp_path, bases={"s": Basis(scored_by="b" * 64)}).resume(4)
    by_mine = dataclasses.replace(by_mine, asked="c" * 64)
    judge = Judge(SELECTS, [lambda params, step, on_item: EvalResults(step, {"s": by_mine})], tmp_path / "asked")
    (tmp_path / "asked").mkdir()
    judge.run(None, 4)
    with pytest.raises(ConfigError, match="judged on s with other prompts or accepted answers than now"):
        Judge(SELECTS, [], tmp_path / "asked", bases={"s": Basis("d" * 64, "a" * 64)}).resume(4)
    by_mine = dataclasses.replace(by_mine, settings={"targets_length": 4, "dtype": "float32"})
    judge = Judge(SELECTS, [lambda params, step, on_item: EvalResults(step, {"s": by_mine})], tmp_path / "limits")
    (tmp_path / "limits").mkdir()
    judge.run(None, 4)
    for same in ({}, {"targets_length": 4}):
        Judge(SELECTS, [], tmp_path / "limits", bases={"s": Basis("c" * 64, "a" * 64, same)}).resume(4)
    with pytest.raises(ConfigError, match=r"on s with other settings \(targets_length 4 and not 128\) than now"):
        Judge(
            SELECTS, [], tmp_path / "limits", bases={"s": Basis(scored_by="a" * 64, settings={"targets_length": 128})}
        ).resume(4)
    by_mine = dataclasses.replace(by_mine, kind="evaluator", cluster="polite")
    judge = Judge(SELECTS, [lambda params, step, on_item: EvalResults(step, {"s": by_mine})], tmp_path / "own")
    (tmp_path / "own").mkdir()
    judge.run(None, 4)
    with pytest.raises(ConfigError, match="another function as its metric"):
        Judge(SELECTS, [], tmp_path / "own", bases={"evaluator/polite": Basis(scored_by="b" * 64)}).resume(4)


def as_process(number, monkeypatch):
    monkeypatch.setattr(jax, "process_index", lambda: number)


def judged(scores_of, folder):
    judge = judge_of(scores_of, folder)
    judge.resume(0)
    for step in sorted(scores_of):
        judge.run(None, step)
    return judge


def test_the_step_that_is_kept_is_the_one_that_is_selected(tmp_path):
    # 7/15 both: full floats and six decimals once ranked them differently, and the run ended without its checkpoint.
    scores_of = {100: [1 / 3, 0, 0, 1, 1], 200: [1, 1 / 9, 2 / 9, 1, 0]}
    judge = judged(scores_of, tmp_path)
    assert judge.best_steps(1) == [100] and judge.select().step == 100
    assert json.loads((tmp_path / "selected.json").read_text())["step"] == 100
    # Steps that differ in the seventh decimal: the better one is kept, selected, and selected again from the file.
    folder = tmp_path / "near"
    folder.mkdir()
    judge = judged({100: [0.12345671, 0.5], 200: [0.12345672, 0.5]}, folder)
    restarted = judge_of({}, folder)
    restarted.resume(200)
    assert judge.best_steps(1) == restarted.best_steps(1) == [200]
    assert judge.select().step == restarted.select().step == 200


def test_every_process_keeps_and_selects_the_same_before_and_after_a_restart(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for case in range(20):
        folder = tmp_path / str(case)
        folder.mkdir()
        real = rng.random(6)
        scores_of = {step: rng.permutation(real + rng.choice([0.0, 1e-9])).tolist() for step in (10, 20, 30)}
        as_process(0, monkeypatch)
        writer = judged(scores_of, folder)
        lines = (folder / "evals.jsonl").read_text()
        kept, selected = writer.best_steps(3), dataclasses.asdict(writer.select())
        as_process(1, monkeypatch)
        other = judged(scores_of, folder)
        restarted = judge_of({}, folder)
        restarted.resume(30)
        assert (folder / "evals.jsonl").read_text() == lines, "only process 0 writes"
        for judge in (other, restarted):
            assert judge.best_steps(3) == kept and judge.best_steps(1) == kept[:1]
            assert dataclasses.asdict(judge.select()) == selected and selected["step"] == kept[0]


def test_without_selection_nothing_is_kept_for_its_score(tmp_path):
    judge = judge_of({0: [1.0], 10: [0.5]}, tmp_path, EvalConfig(report=("s",)))
    assert judge.best_steps(2) == [] and judge.select() is None
    nobody = Judge(SELECTS, [], tmp_path)
    assert nobody.run(None, 0) is None and nobody.best_steps(1) == [] and not (tmp_path / "evals.jsonl").exists()


def run_in(folder):
    return types.SimpleNamespace(
        model=tiny_model.CONFIG,
        vocabulary=tiny_model.VOCABULARY,
        mesh=None,
        cache_dir=pathlib.Path("nowhere"),
        model_dir=folder,
        lineage=None,
        last_step=10,
    )


def test_a_function_is_an_evaluator(tmp_path):
    params = tiny_model.params()

    def says_something(model, step):
        assert isinstance(model, JaxLanguageModel)
        ((_, (output,)),) = model.generate([GenerateRequest("", "Say red:", 4)])
        return {"says_something": float(output.num_tokens > 0), "step": step / 10}

    def with_items(model, step):
        return EvalResults(99, {"items": task("items", [0, 1, 1], group="")}, num_tokens=5)

    judge = make_judge(EvalConfig(), run_in(tmp_path), evaluators=[says_something, with_items])
    ticks = []
    results = judge.run(params, 4, lambda done, total: ticks.append((done, total)))
    assert (results.step, results.num_tokens, ticks) == (4, 5, [(1, 2), (2, 2)])
    assert {name: (t.score, t.group, t.n) for name, t in results.tasks.items()} == {
        "says_something": (1.0, "report", 1),
        "step": (0.4, "report", 1),
        "items": (pytest.approx(2 / 3), "report", 3),
    }
    assert results.scalars()["step/score"] == 0.4 and results.average("selection") is None
    again = make_judge(EvalConfig(), run_in(tmp_path), evaluators=[says_something])
    again.resume(4)
    assert again.run(params, 4) is None, "what was judged is not judged again"


def test_a_function_gets_the_model_that_its_caller_makes_and_must_give_scores(tmp_path):
    def judge(*evaluators):
        return make_judge(EvalConfig(), run_in(tmp_path), evaluators=evaluators, open_model=lambda params: params + 1)

    assert judge(lambda model, step: {"a": model / 10}).run(6, 0).tasks["a"].score == 0.7
    for wrong in (1.5, -0.1, float("nan")):
        with pytest.raises(TaskError, match=r"gave a a score of .*: give a number in \[0, 1\]"):
            judge(lambda model, step, wrong=wrong: {"a": wrong}).run(0, 1)
    for wrong, shown in ((None, "None"), ("0.5", "'0.5'"), (np.ones(2), r"array\(\[1., 1.\]\)")):
        with pytest.raises(TaskError, match=rf"gave a a score of {shown}, which is no number: it must give a number"):
            judge(lambda model, step, wrong=wrong: {"a": wrong}).run(0, 1)
    for name in (1, "", None):
        with pytest.raises(TaskError, match=rf"gave a score the name {name!r}: give {{name: score}}"):
            judge(lambda model, step, name=name: {name: 0.5}).run(0, 1)
    with pytest.raises(TaskError, match="returned float: give"):
        judge(lambda model, step: 0.5).run(0, 1)
    with pytest.raises(ConfigError, match="a is scored twice at step 1"):
        judge(lambda model, step: {"a": 0.5}, lambda model, step: {"a": 0.6}).run(0, 1)
    assert len((tmp_path / "evals.jsonl").read_text().splitlines()) == 1, "what failed leaves no line"
