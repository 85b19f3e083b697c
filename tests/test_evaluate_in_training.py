"""EVAL_SUITE: benchmarks asked inside a run, by the same runner, apart from what picks the checkpoint."""

import dataclasses
import io
import json

import jax
import numpy as np
import pytest
import train_run
from suite_benchmarks import SIZES, colours

from flan_jax.checkpoints.find import find_weights
from flan_jax.checkpoints.lineage import TrainedOn, trained_on
from flan_jax.core import assets
from flan_jax.core.disk import read_json_object, write_sealed
from flan_jax.core.errors import CheckpointError, ConfigError, TaskError
from flan_jax.core.vocabulary import load_vocabulary
from flan_jax.declare.benchmark import BENCHMARKS
from flan_jax.evaluate import Generated, JaxLanguageModel, Journal, Record, SuiteConfig, run_suite
from flan_jax.evaluate import in_training as module
from flan_jax.evaluate.config import EvalConfig
from flan_jax.evaluate.contamination.trained_on import KIN, Kin
from flan_jax.evaluate.in_training import SuiteEvaluator
from flan_jax.evaluate.results.benchmarks import benchmark_result
from flan_jax.evaluate.results.eval_results import EvalResults, normalised_average
from flan_jax.evaluate.results.files import read_results
from flan_jax.evaluate.select import select
from flan_jax.models import T5Config, init_params, param_shapes
from flan_jax.report import write_report

SUITE = {
    "suite": ("colours", "colours:cot"),
    "suite_selection": ("shades",),
    "suite_limit": 3,
    "suite_inputs_length": 96,
}


@pytest.fixture(scope="module", autouse=True)
def benchmarks():
    added = {name: dataclasses.replace(colours(), name=name) for name in ("colours", "shades")}
    BENCHMARKS.update(added)
    yield
    for name in added:
        del BENCHMARKS[name]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """(folder, log) of a run of four steps, judged before, in the middle and at the end."""
    folder = tmp_path_factory.mktemp("suite")
    train_run.build_caches(folder / "cache")
    out = io.StringIO()
    configs = train_run.configs(
        folder / "run", folder / "cache", train_steps=4, eval_period=2, evaluation={**SUITE, "suite_period": None}
    )
    train_run.train(*configs, stream=out)
    return folder / "run", out.getvalue()


def test_benchmarks_are_in_evals_and_tensorboard_and_pick_only_where_named(finished):
    folder, _ = finished
    results = read_results(folder / "evals.jsonl")
    assert [r.step for r in results] == [0, 2, 4]
    for result in results:
        groups = {name: task.group for name, task in result.tasks.items()}
        assert groups == {
            "run_held_1": "selection",
            "shades:direct": "selection",
            "run_held_2": "report",
            "colours:direct": "report",
            "colours:cot": "report",
        }
        direct = result.tasks["colours:direct"]
        assert direct.n == 3 + 3 + 2 and direct.num_examples == sum(SIZES.values())
        # All subtasks weigh the same, in the score and in the average that is compared between steps.
        assert np.mean(direct.scores) == pytest.approx(direct.score, abs=1e-5)
        logged = {"accuracy", "accuracy/warm", "no_answer", "not_finite"}
        assert {f"colours:direct/{name}" for name in logged} <= set(result.scalars())
    selected = json.loads((folder / "selected.json").read_text())
    assert selected["selection_tasks"] == ["run_held_1", "shades:direct"]
    assert set(selected["report_tasks"]) == {"run_held_2", "colours:direct", "colours:cot"}
    by_step = {r.step: normalised_average(r.in_group("selection")) for r in results if r.step}
    assert selected["step"] == max(by_step, key=lambda step: (by_step[step], -step))
    assert "paired intervals" in selected["verdict"] and len(selected["others"]) == 1
    difference = selected["runner_up"]["difference"]
    assert difference["low"] <= difference["mean"] <= difference["high"]
    events = b"".join(path.read_bytes() for path in (folder / "tensorboard").glob("events.*"))
    assert b"eval/colours_direct/accuracy" in events


def test_the_selected_weights_give_the_same_answers_to_the_runner_outside(finished, tmp_path):
    folder, _ = finished
    source = find_weights(folder)
    config = source.model_config()
    one = jax.sharding.SingleDeviceSharding(jax.devices()[0])
    abstract = jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=one), param_shapes(config))
    vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
    model = JaxLanguageModel("m", config, source.load(abstract), vocabulary, inputs_length=96, batch_size=8)
    with Journal(tmp_path / "journal.jsonl") as journal:
        outside = run_suite(SuiteConfig(SUITE["suite"], limit=3), model, journal)
    inside = read_results(folder / "evals.jsonl")
    tasks = next(r for r in inside if r.step == source.step).tasks
    for result in outside.benchmarks:
        assert tasks[f"{result.benchmark}:{result.format}"].score == pytest.approx(result.score)
    with Journal(folder / "suite" / str(source.step) / "journal.jsonl") as stored:
        mine = {(r.benchmark, r.format, r.subtask, r.id): r for r in stored.records.values()}
    for record in journal.records.values():
        other = mine[record.benchmark, record.format, record.subtask, record.id]
        assert other.prompt == record.prompt and other.scores == record.scores
        if record.format == "direct":
            np.testing.assert_allclose(other.option_log_probs, record.option_log_probs, rtol=1e-4, atol=1e-4)


def test_a_run_writes_down_what_it_was_trained_on_and_its_report_shows_benchmarks(finished):
    folder, log = finished
    expected = TrainedOn(("run_a", "run_b", "run_c"), ("run_train",))
    assert trained_on(find_weights(folder)) == expected
    assert trained_on(find_weights(folder / "checkpoints" / "4")) == expected
    assert "judged on 5 held-out tasks" in log
    facts = read_json_object(folder / "data.json", "")
    assert facts["vocabulary_notes"] == [], "the embedded vocabulary writes all of these tasks"
    notes = {"suite_notes": ["FORCED: a benchmark"], "vocabulary_notes": ["the vocabulary: of 9 examples"]}
    write_sealed(folder / "data.json", {**facts, **notes})
    text = write_report(folder).read_text()
    assert "colours" in text and "--suite colours:" in text and "FORCED: a benchmark" in text
    assert "the vocabulary: of 9 examples" in text
    assert json.loads((folder / "selected.json").read_text())["verdict"] in text
    write_sealed(folder / "data.json", facts)


def small_model():
    config = T5Config(
        vocab_size=2048,
        emb_dim=16,
        num_heads=2,
        head_dim=8,
        num_encoder_layers=1,
        num_decoder_layers=1,
        mlp_dim=16,
        dtype="float32",
    )
    return config, jax.jit(init_params, static_argnums=0)(config, jax.random.key(0))


PAST = TrainedOn(("run_a",), ("run_train",))


def evaluator(tmp_path, tasks=None, **changes):
    config = EvalConfig(**{"suite": ("colours",), "suite_limit": 2, "suite_inputs_length": 96, **changes})
    vocabulary = load_vocabulary(str(assets.EMBEDDED_VOCAB))
    return SuiteEvaluator(config, small_model()[0], vocabulary, tmp_path, PAST, 10, tasks=tasks)


def test_an_evaluation_that_was_broken_off_goes_on_and_a_step_asked_again_asks_nothing(tmp_path, monkeypatch):
    class Broken(Exception):
        pass

    def stop_after_three(done, total):
        if done == 3:
            raise Broken

    params = small_model()[1]
    suite = evaluator(tmp_path)
    with pytest.raises(Broken):
        suite.run(params, 5, stop_after_three)
    lines = (tmp_path / "suite" / "5" / "journal.jsonl").read_text().splitlines()
    assert len(lines) == 3
    first = suite.run(params, 5).tasks
    assert (tmp_path / "suite" / "5" / "journal.jsonl").read_text().splitlines()[:3] == lines
    monkeypatch.setattr(JaxLanguageModel, "rank", lambda self, requests: iter(()))
    assert suite.run(params, 5).tasks == first


def test_the_period_keeps_the_first_and_the_last_step(tmp_path):
    assert [step for step in range(11) if evaluator(tmp_path, suite_period=4).is_due(step)] == [0, 4, 8, 10]
    assert all(evaluator(tmp_path).is_due(step) for step in range(11))
    assert evaluator(tmp_path, suite_period=4).run(None, 5) == EvalResults(5, {})


def test_the_same_questions_never_select_and_report(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match="colours is in EVAL_SUITE and in EVAL_SUITE_SELECTION"):
        EvalConfig(suite=("colours:cot",), suite_selection=("colours:direct",))
    monkeypatch.setattr(module, "share_questions", lambda a, b: {a, b} == {"colours", "shades"})
    with pytest.raises(ConfigError, match=r"shades .* and colours .* share questions"):
        evaluator(tmp_path, suite_selection=("shades",))
    monkeypatch.setitem(KIN, "colours", Kin(("run_held_1",)))
    evaluator(tmp_path, tasks={"report": ["run_held_1"]})
    with pytest.raises(ConfigError, match="colours is for report and asks what run_held_1 of the selection"):
        evaluator(tmp_path, tasks={"selection": ["run_held_1"]})
    with pytest.raises(ConfigError, match="suite_period"):
        EvalConfig(suite_selection=("colours",), suite_period=4)


def test_what_is_trained_on_is_refused_before_the_first_step_or_marked(tmp_path, monkeypatch):
    monkeypatch.setitem(KIN, "colours", Kin(("run_a",)))
    with pytest.raises(CheckpointError, match=r"trained on the questions .*colours by run_a.*EVAL_SUITE_FORCE"):
        evaluator(tmp_path)
    assert "FORCED" in evaluator(tmp_path, is_suite_forced=True).notes[0]
    with pytest.raises(TaskError, match="did you mean colours"):
        evaluator(tmp_path, suite=("colors",))
    curve = dataclasses.replace(colours(), name="curve")
    ranked = dataclasses.replace(curve.formats[0], aggregate="roc", metrics=("accuracy",))
    monkeypatch.setitem(BENCHMARKS, "curve", dataclasses.replace(curve, formats=(ranked,)))
    with pytest.raises(ConfigError, match="scored by a curve"):
        evaluator(tmp_path, suite=("curve",))


def test_steps_without_benchmarks_are_compared_by_what_all_steps_have(finished):
    results = read_results(finished[0] / "evals.jsonl")
    for r in results[1:]:
        r.tasks.pop("colours:direct")
        r.tasks.pop("colours:cot")
    chosen = select(results, num_resamples=10)
    held = {r.step: normalised_average([r.tasks["run_held_2"]]) for r in results}
    assert {row.step: row.report for row in chosen.table} == held
    results[2].tasks.pop("shades:direct")
    with pytest.raises(ConfigError, match="judged differently"):
        select(results, num_resamples=10)


def test_a_benchmark_of_unequal_subtasks_weighs_them_equally():
    benchmark = colours()

    def record(name, i):
        scores = {"equals": float(name == "blue")}
        said = (Generated("so", -1.0, 1, True),)
        return Record(f"{name}{i}", "colours", name, "test", "cot", str(i), "generate", scores, "", outputs=said)

    records = {name: [record(name, i) for i in range(size)] for name, size in SIZES.items()}
    result = benchmark_result(
        benchmark, benchmark.format("cot"), "test", None, records, SIZES, confidence=0.95, num_resamples=10, seed=0
    )  # right in one subtask of three alone
    assert result.score == pytest.approx(1 / 3) and np.mean(result.scores) == pytest.approx(1 / 3)
    assert result.micro == pytest.approx(2 / 9)
    assert normalised_average([result]) == pytest.approx((1 / 3 - result.chance) / (1 - result.chance), abs=1e-12)
