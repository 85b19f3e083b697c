"""The evaluator: what it reports is what the model says, whatever the batch, the order and the mesh."""

import dataclasses
import functools
import json

import jax
import numpy as np
import pytest
from jax.sharding import Mesh
from tiny_model import CONFIG, VOCABULARY, params

from flan_jax.cache import native
from flan_jax.cache.build import build_cache
from flan_jax.core.errors import CacheError, ConfigError, TaskError
from flan_jax.core.manifest import cache_root
from flan_jax.core.vocabulary import EOS_ID
from flan_jax.declare.example import Rendered
from flan_jax.declare.registry import add_mixture, add_task, restored
from flan_jax.declare.task import Member, Mixture, Task
from flan_jax.decode import greedy_decode, score_targets
from flan_jax.evaluate import EvalConfig, EvalResults, Evaluator
from flan_jax.sources.memory import MemorySource

EVAL = EvalConfig(("ev_selection",), ("ev_report",), batch_size=8, inputs_length=16, targets_length=10, limit=11)
WORDS = "red green blue one two three apple pear plum north south".split()


@dataclasses.dataclass(frozen=True)
class Rows:
    """Seven to twenty rows of two words."""

    size: int
    splits = ("train", "validation")
    description = "made for a test"

    def rows(self, split):
        return [{"a": WORDS[i % 11], "b": WORDS[(3 * i + 1) % 11], "n": i} for i in range(self.size)]


def render(row, rng, pool):
    long = " again and again" * (row["n"] % 9)
    return Rendered(f"Say {row['b']} after {row['a']}{long}:", row["b"], options=(row["a"], row["b"], "not at all"))


@functools.cache
def register():
    for name, metrics, size in [
        ("ev_exact", ("exact_match", "rouge_l"), 20),
        ("ev_rank", ("rank_accuracy", "exact_match"), 9),
        ("ev_f1", ("token_f1",), 7),
    ]:
        add_task(
            Task(
                name,
                f"cluster_{name}",
                Rows(size),
                render,
                metrics=metrics,
                kind="whole cluster",
                chance=0.0 if name == "ev_rank" else 0.2,
                eval_split="validation",
            )
        )
    add_mixture(Mixture("ev_selection", (Member("ev_f1"),)))
    add_mixture(Mixture("ev_report", (Member("ev_exact"), Member("ev_rank"))))
    add_mixture(Mixture("ev_both", (Member("ev_exact"), Member("ev_f1"))))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    register()
    folder = tmp_path_factory.mktemp("cache")
    for name in ("ev_selection", "ev_report", "ev_both"):
        build_cache(name, vocabulary=VOCABULARY, cache_dir=folder, modules=(), num_workers=1)
    return cache_root(folder, VOCABULARY.fingerprint)


@pytest.fixture(scope="module")
def results(root):
    return Evaluator(root, VOCABULARY, CONFIG, EVAL).run(params(), 7)


def test_samples_hold_what_greedy_decoding_says_to_that_prompt_alone(results):
    for task in ("ev_exact", "ev_f1"):
        for sample in results.tasks[task].samples:
            tokens = [*VOCABULARY.encode(sample.inputs)[:15], EOS_ID]
            inputs_BL = np.pad(np.array([tokens], np.int32), ((0, 0), (0, 16 - len(tokens))))
            limit = 10 if task == "ev_f1" else None
            out = greedy_decode(CONFIG, params(), inputs_BL, np.array([limit or 10], np.int32), 10)
            alone = VOCABULARY.decode(out.tokens_BT[0])
            assert alone.startswith(sample.prediction) if limit is None else alone == sample.prediction


def test_ranking_picks_the_option_with_the_highest_log_likelihood(results):
    for sample in results.tasks["ev_rank"].samples:
        row = Rows(9).rows("validation")[sample.index]
        options = render(row, None, ()).options
        encoded = [[*VOCABULARY.encode(option), EOS_ID] for option in options]
        targets_RT = np.array([tokens + [0] * (8 - len(tokens)) for tokens in encoded], np.int32)
        inputs_BL = np.array([[*VOCABULARY.encode(sample.inputs), EOS_ID]], np.int32)
        lengths_R = np.array([len(tokens) for tokens in encoded], np.int32)
        scores = score_targets(CONFIG, params(), inputs_BL, np.zeros(3, np.int32), targets_RT, lengths_R)
        assert sample.prediction == options[int(np.argmax(scores))]
        assert sample.score == float(sample.prediction == sample.reference == row["b"])


def test_counts_limits_groups_and_intervals(results):
    tasks = results.tasks
    assert {name: task.group for name, task in tasks.items()} == {
        "ev_f1": "selection",
        "ev_exact": "report",
        "ev_rank": "report",
    }
    assert [tasks[name].n for name in ("ev_exact", "ev_rank", "ev_f1")] == [11, 9, 7]
    assert (tasks["ev_exact"].num_examples, tasks["ev_exact"].chance, tasks["ev_exact"].kind) == (
        20,
        0.2,
        "whole cluster",
    )
    assert set(tasks["ev_rank"].metrics) == {"rank_accuracy", "exact_match"}
    # Says no chance, so its options do: one of three is right, but for row 5, which names the same word twice.
    assert tasks["ev_rank"].chance == pytest.approx((8 * 1 / 3 + 2 / 3) / 9)
    assert tasks["ev_exact"].num_trimmed > 0, "the longest prompts do not fit 16 tokens"
    for task in tasks.values():
        assert task.score == pytest.approx(np.mean(task.scores)) and task.low <= task.score <= task.high
        assert len(task.scores) == task.n and len(task.samples) == 3 and task.format == "zero-shot"
    assert results.average("selection") == pytest.approx((tasks["ev_f1"].score - 0.2) / 0.8)
    assert results.step == 7 and results.num_tokens > 0 and results.secs > 0


def test_results_record_what_the_answers_depend_on(results):
    settings = {"inputs_length": 16, "targets_length": 10, "dtype": CONFIG.dtype}
    assert {name: task.settings for name, task in results.tasks.items()} == dict.fromkeys(results.tasks, settings)


def test_a_generation_ends_before_a_stop_text(root, results):
    said = [sample.prediction for sample in results.tasks["ev_f1"].samples]
    stop = next(text[len(text) // 2] for text in said if len(text) > 3)
    stopped = Evaluator(root, VOCABULARY, CONFIG, dataclasses.replace(EVAL, stop=(stop,))).run(params(), 7)
    cut = [text.partition(stop)[0] for text in said]
    assert cut != said and [sample.prediction for sample in stopped.tasks["ev_f1"].samples] == cut
    assert stopped.tasks["ev_f1"].settings["stop"] == [stop]
    assert stopped.tasks["ev_rank"].scores == results.tasks["ev_rank"].scores


def test_stop_texts_that_end_nothing_are_refused(root):
    with pytest.raises(ConfigError, match=r"^EvalConfig.stop has '☃', which vocabulary .* cannot write"):
        Evaluator(root, VOCABULARY, CONFIG, dataclasses.replace(EVAL, stop=("1", "☃")))


def test_json_round_trip(results):
    read = EvalResults.from_json(json.loads(json.dumps(results.to_json())))
    for name, task in read.tasks.items():
        np.testing.assert_allclose(task.scores, results.tasks[name].scores, atol=1e-6)
    assert read.tasks["ev_rank"] == results.tasks["ev_rank"]


def test_batch_size_order_and_mesh_change_nothing(root, results):
    mesh = Mesh(np.array(jax.devices()[:4]).reshape(2, 2, 1), ("data", "fsdp", "model"))
    config = dataclasses.replace(EVAL, batch_size=4, num_samples=11)
    ticks = []
    other = Evaluator(root, VOCABULARY, CONFIG, config, mesh).run(params(), 7, lambda *done: ticks.append(done))
    assert ticks[-1][0] == ticks[-1][1] == len(ticks)
    for name, task in results.tasks.items():
        assert other.tasks[name].scores == task.scores and other.tasks[name].samples[:3] == task.samples
    with pytest.raises(ConfigError, match=r"batch_size 6 is not divisible by the mesh's 4 batch shards: use 4 or 8"):
        Evaluator(root, VOCABULARY, CONFIG, dataclasses.replace(EVAL, batch_size=6), mesh)


def test_a_task_may_not_select_and_be_reported(root):
    for selection, report in [("ev_both", "ev_report"), ("ev_exact", "ev_report")]:
        if selection == "ev_exact":
            build_cache("ev_exact", vocabulary=VOCABULARY, cache_dir=root.parent.parent, modules=(), num_workers=1)
        with pytest.raises(ConfigError, match=r"1 task both in a selection and in a report mixture \(ev_exact\)"):
            Evaluator(root, VOCABULARY, CONFIG, EvalConfig((selection,), (report,)))
    with pytest.raises(CacheError, match="flan-jax cache"):
        Evaluator(root, VOCABULARY, CONFIG, EvalConfig(report=("never_cached",)))


@pytest.mark.parametrize("odd", [("red", "red "), ("red",)])
def test_options_among_which_guessing_is_always_right_are_named_before_they_are_asked(tmp_path, odd):
    name = f"ev_alike_{len(odd)}"
    rows = [{"q": f"Row {i}", "answer": "red", "options": odd} for i in range(5)]

    def render(row, rng, pool):
        return Rendered(row["q"], row["answer"], options=row["options"])

    source = MemorySource({"validation": rows})
    with restored():
        add_task(Task(name, "c", source, render, train_split=None, eval_split="validation", metrics=("rank_accuracy",)))
        build_cache(name, vocabulary=VOCABULARY, cache_dir=tmp_path, modules=(), num_workers=1)
    root = cache_root(tmp_path, VOCABULARY.fingerprint)
    with pytest.raises(TaskError) as told:
        Evaluator(root, VOCABULARY, CONFIG, EvalConfig(report=(name,), inputs_length=16))
    shown = ", ".join(map(repr, odd))
    assert str(told.value) == (
        f"task {name} would be scored 1 by guessing: in each of its examples all options are right, one alone or equal "
        f"but for white space (rows 0, 1, 2, … (5 in all); {shown}): give them options that differ, or score it by "
        f"exact_match"
    )


def test_a_cache_of_before_with_an_empty_option_is_refused(tmp_path, monkeypatch):
    rows = [{"q": f"Row {i}", "answer": "red", "options": ("red", "" if i == 2 else "blue")} for i in range(5)]

    def render(row, rng, pool):
        return Rendered(row["q"], row["answer"], options=row["options"])

    with restored():
        source = MemorySource({"validation": rows})
        add_task(
            Task("ev_empty", "c", source, render, train_split=None, eval_split="validation", metrics=("rank_accuracy",))
        )
        with monkeypatch.context() as before:
            before.setattr(native, "has_empty_option", lambda options: False)
            build_cache("ev_empty", vocabulary=VOCABULARY, cache_dir=tmp_path, modules=(), num_workers=1)
        root = cache_root(tmp_path, VOCABULARY.fingerprint)
        config = EvalConfig(report=("ev_empty",), inputs_length=16)
        with pytest.raises(TaskError, match=r"row 2 of task ev_empty is cached with an empty answer option.*delete "):
            Evaluator(root, VOCABULARY, CONFIG, config)
        build_cache("ev_empty", vocabulary=VOCABULARY, cache_dir=tmp_path, modules=(), num_workers=1)
        assert len(Evaluator(root, VOCABULARY, CONFIG, config)._tasks[0].examples) == 4, "its fingerprint is another"


def test_copying_the_input_is_scored_beside(root):
    scores = Evaluator(root, VOCABULARY, CONFIG, EVAL).copy_input_scores()
    assert {name: len(values) for name, values in scores.items()} == {"ev_exact": 11, "ev_rank": 9, "ev_f1": 7}
    assert 0 < np.mean(scores["ev_f1"]) < 1
