"""Plans: what is in them, what is counted, and that they do not change."""

import dataclasses
import itertools
import json
import logging

import numpy as np
import pytest
from data_cache import FakeVocabulary, make_examples, rewrite_lengths, write_cache, write_mixture, write_split
from golden.plans_make import CASES, GOLDEN, made_up_reader, spec_of

from flan_jax.core.errors import CacheError, ConfigError, TaskError
from flan_jax.core.manifest import split_dir
from flan_jax.data import CacheReader, PlanSpec, make_plan

SIZES = {"alpha": 300, "beta": 70, "gamma": 900}
ARRAYS = ("row_starts", "task_ids", "indices", "epochs", "draws")


def _plan(root, mixture, batch_size=8, num_steps=40, seed=0, lengths=(64, 24), **kwargs):
    vocabulary = kwargs.pop("vocabulary", FakeVocabulary())
    reader = kwargs.pop("reader", None) or CacheReader(root, vocabulary.fingerprint)
    plans = kwargs.pop("plans", None)
    feature_lengths = {"inputs": lengths[0], "targets": lengths[1]}
    spec = PlanSpec(mixture, feature_lengths, batch_size, num_steps, seed=seed, **kwargs)
    return make_plan(spec, reader, vocabulary, plans)


def _assert_equal_plans(a, b):
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_a_plan_holds_every_draw_once_up_to_its_last_window(tmp_path):
    mixture, _ = write_cache(tmp_path, SIZES)
    plan = _plan(tmp_path, mixture, num_steps=1000)
    assert plan.num_rows == 8000 and plan.row_starts[-1] == plan.num_examples
    assert len(np.unique(plan.draws)) == plan.num_examples
    missing = np.setdiff1d(np.arange(plan.draws.max() + 1), plan.draws)
    assert missing.min(initial=plan.draws.max()) > plan.draws.max() - 1600  # the last window's cut-off rows
    # Within an epoch no example comes twice.
    seen = np.stack([plan.task_ids, plan.indices, plan.epochs], axis=1)
    assert len(np.unique(seen, axis=0)) == len(seen)


def test_rows_mix_tasks_by_their_rates(tmp_path):
    mixture, _ = write_cache(tmp_path, SIZES)
    plan = _plan(tmp_path, mixture, num_steps=300)
    counts = np.array([summary.num_planned for summary in plan.summaries])
    shares = np.array([summary.share for summary in plan.summaries])
    np.testing.assert_allclose(counts / counts.sum(), shares, atol=0.02)


def test_the_same_seed_gives_the_same_plan_and_another_another(tmp_path):
    mixture, _ = write_cache(tmp_path, SIZES)
    first = _plan(tmp_path, mixture, plans=tmp_path / "a")
    second = _plan(tmp_path, mixture, plans=tmp_path / "b")
    other = _plan(tmp_path, mixture, seed=1)
    _assert_equal_plans(first, second)
    assert first.fingerprint == second.fingerprint != other.fingerprint
    assert first.task_ids.tolist() != other.task_ids.tolist()


def test_more_steps_change_no_earlier_row(tmp_path):
    mixture, _ = write_cache(tmp_path, SIZES)
    short, long = _plan(tmp_path, mixture, num_steps=5), _plan(tmp_path, mixture, num_steps=4000)
    assert short.fingerprint == long.fingerprint
    for name in ARRAYS:
        values = getattr(short, name)
        np.testing.assert_array_equal(values, getattr(long, name)[: len(values)])


@pytest.mark.parametrize("case", CASES)
def test_plans_are_what_they_were(tmp_path, monkeypatch, case):
    """Plans on disk, and runs to be continued, rest on these fingerprints, hashes of arrays and counts."""
    golden = json.loads(GOLDEN.read_text())[case]
    spec = spec_of(case)
    made = make_plan(spec, made_up_reader(tmp_path, case), FakeVocabulary())
    (path,) = tmp_path.glob(f"plans/{golden['fingerprint'][:16]}-12/plan.json")
    assert json.loads(path.read_text()) == golden
    monkeypatch.setattr("flan_jax.data.planner._Planner", None)  # making it again would fail
    read = make_plan(spec, made_up_reader(tmp_path, case), FakeVocabulary())
    _assert_equal_plans(made, read)
    assert read.num_steps == 12 and read.summaries == made.summaries and read.steps_per_epoch == made.steps_per_epoch


@pytest.mark.parametrize("sizes", [{"few": 8}, {"few": 8, "more": 24}])
def test_small_data_is_seen_evenly_at_every_step(tmp_path, sizes):
    """A window of a thousand draws, of which a short run reads some rows, would hold a hundred turns of each."""
    mixture, _ = write_cache(tmp_path, sizes)
    mixture = dataclasses.replace(mixture, rates={task: float(size) for task, size in sizes.items()})
    plan = _plan(tmp_path, mixture, num_steps=40)
    short = _plan(tmp_path, mixture, num_steps=7)
    for rows in (10, 80, plan.num_rows):
        count = int(plan.row_starts[rows])
        for task, size in enumerate(sizes.values()):
            times = np.bincount(plan.indices[:count][plan.task_ids[:count] == task], minlength=size)
            assert times.max() - times.min() <= 2, (rows, times)
    # An epoch never begins long before the last one ended, and no row has an example twice.
    assert (np.maximum.accumulate(plan.draws) - plan.draws < sum(sizes.values())).all()
    for first, end in itertools.pairwise(plan.row_starts.tolist()):
        pairs = list(zip(plan.task_ids[first:end].tolist(), plan.indices[first:end].tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)
    np.testing.assert_array_equal(short.indices, plan.indices[: len(short.indices)])


def test_a_saved_plan_is_read_back_whole(tmp_path, monkeypatch):
    mixture, _ = write_cache(tmp_path, SIZES)
    made = _plan(tmp_path, mixture, num_steps=600)
    monkeypatch.setattr("flan_jax.data.planner._Planner", None)  # making it again would fail
    read = _plan(tmp_path, mixture, num_steps=600)
    _assert_equal_plans(made, read)
    np.testing.assert_array_equal(made.sample, read.sample)
    assert made.summaries == read.summaries and made.explain() == read.explain()
    assert isinstance(read.draws, np.memmap)


def test_a_plan_that_cannot_be_saved_is_still_a_plan(tmp_path, caplog):
    mixture, _ = write_cache(tmp_path, SIZES)
    blocker = tmp_path / "file"
    blocker.write_text("")
    with caplog.at_level(logging.WARNING):
        plan = _plan(tmp_path, mixture, plans=blocker / "plans")
    assert plan.num_rows == 320 and "cannot be saved" in caplog.text


def test_a_changed_task_rate_or_tokenizer_makes_another_plan(tmp_path):
    mixture, _ = write_cache(tmp_path, SIZES)
    first = _plan(tmp_path, mixture)
    other_rates = dataclasses.replace(mixture, rates={**mixture.rates, "beta": 71.0})
    assert _plan(tmp_path, other_rates).fingerprint != first.fingerprint
    same_shares = dataclasses.replace(mixture, rates={task: rate * 2 for task, rate in mixture.rates.items()})
    assert _plan(tmp_path, same_shares).fingerprint == first.fingerprint
    with pytest.raises(CacheError, match="was tokenised with vocabulary"):
        _plan(tmp_path, mixture, vocabulary=FakeVocabulary(fingerprint="0" * 64))


def test_density_and_counts_are_those_of_the_examples(tmp_path):
    mixture, examples = write_cache(tmp_path, SIZES, max_inputs=90, max_targets=30)
    plan = _plan(tmp_path, mixture)
    tokens = np.zeros((3, 2), np.int64)
    trimmed = np.zeros(3, np.int64)
    for task_id, index in zip(plan.task_ids.tolist(), plan.indices.tolist(), strict=True):
        example = examples[plan.tasks[task_id]][index]
        assert len(example.targets_tokens) <= 24
        tokens[task_id] += [min(len(example.inputs_tokens), 64), len(example.targets_tokens)]
        trimmed[task_id] += len(example.inputs_tokens) > 64
    for task_id, summary in enumerate(plan.summaries):
        assert [summary.num_inputs_tokens, summary.num_targets_tokens] == tokens[task_id].tolist()
        assert summary.num_trimmed == trimmed[task_id] > 0
        # Draws are dropped as often as the task has long targets.
        share = np.mean([len(example.targets_tokens) > 24 for example in examples[summary.task]])
        assert summary.num_dropped / (summary.num_dropped + summary.num_planned) == pytest.approx(share, abs=0.08)
        assert summary.num_dropped > 0
    assert plan.num_tokens == tokens.sum()
    assert plan.density == pytest.approx(tokens.sum() / (320 * 88)) and plan.density <= plan.density_bound
    text = "\n".join(plan.explain())
    assert f"density {plan.density:.1%} of at most {plan.density_bound:.1%}" in text
    assert f"dropped {sum(s.num_dropped for s in plan.summaries):,}" in text


def test_explain_sums_up_what_it_leaves_out_and_warns_of_tasks_that_never_fit(tmp_path):
    mixture, _ = write_cache(tmp_path, SIZES)
    write_split(tmp_path, "long", [e for e in make_examples(9, 400, 10, 80) if len(e.targets_tokens) > 30])
    mixture = write_mixture(tmp_path, {**mixture.rates, "long": 100.0}, {})
    lines = _plan(tmp_path, mixture).explain(max_tasks=2)
    assert "... 2 more tasks" in lines[-2]
    assert "warning: no drawn example of 1 task fits 24 targets: long" in lines[-1]


def test_objectives_are_planned_and_counted(tmp_path):
    sizes = {"spans": 80, "prefixes": 80}
    for number, (task, objective) in enumerate((("spans", "span_corruption"), ("prefixes", "prefix_lm"))):
        documents = make_examples(number, 80, 2, 200)
        write_split(tmp_path, task, documents, objective=objective)
    mixture = write_mixture(tmp_path, {task: 1.0 for task in sizes}, sizes)
    plan = _plan(tmp_path, mixture, num_steps=100)
    assert plan.objectives == ("prefix_lm", "span_corruption")
    assert all(summary.num_trimmed > 0 and summary.num_planned > 100 for summary in plan.summaries)
    assert plan.density > 0.8
    assert plan.suggestion() is None and plan.explain()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"batch_size": 0}, ConfigError, "batch_size is 0"),
        ({"num_steps": 0}, ConfigError, "num_steps is 0"),
        ({"seed": -1}, ConfigError, "seed is -1"),
        ({"lengths": (64, 1)}, ConfigError, r"feature_lengths\['targets'\] is 1: give a whole number of at least 2"),
        ({"split": "test"}, CacheError, "does not exist: build it with"),
    ],
)
def test_unusable_settings(tmp_path, change, error, message):
    mixture, _ = write_cache(tmp_path, SIZES)
    with pytest.raises(error, match=message):
        _plan(tmp_path, mixture, **change)


def test_feature_lengths_with_other_keys(tmp_path):
    mixture, _ = write_cache(tmp_path, SIZES)
    with pytest.raises(ConfigError, match=r"has the keys.*needs inputs and targets"):
        PlanSpec(mixture, {"inputs": 8}, batch_size=1, num_steps=1)


def test_a_mixture_of_nothing_or_of_an_empty_task(tmp_path):
    mixture, _ = write_cache(tmp_path, {"alpha": 5, "empty": 0})
    with pytest.raises(TaskError, match="sum to 0"):
        _plan(tmp_path, dataclasses.replace(mixture, rates={"alpha": 0.0, "empty": 0.0}))
    with pytest.raises(TaskError, match=r"task empty has rate 1\.0 and no examples"):
        _plan(tmp_path, dataclasses.replace(mixture, rates={"alpha": 5.0, "empty": 1.0}))
    assert _plan(tmp_path, dataclasses.replace(mixture, rates={"alpha": 5.0, "empty": 0.0})).tasks == ("alpha",)


def test_targets_that_fit_no_row_stop_the_run(tmp_path):
    write_split(tmp_path, "long", [e for e in make_examples(0, 50, 10, 80) if len(e.targets_tokens) > 30])
    mixture = write_mixture(tmp_path, {"long": 1.0}, {})
    with pytest.raises(ConfigError, match=r"none of .* draws fits 24 targets; the shortest target has 3\d tokens"):
        _plan(tmp_path, mixture)


def test_a_task_may_draw_from_a_split_of_its_own(tmp_path):
    write_split(tmp_path, "alpha", make_examples(0, 40, 20, 10), split="learn")
    write_split(tmp_path, "beta", make_examples(1, 40, 20, 10))
    mixture = write_mixture(tmp_path, {"alpha": 1.0, "beta": 1.0}, {})
    plan = _plan(tmp_path, mixture, split={"alpha": "learn", "beta": "train"})
    assert plan.splits == ("learn", "train")


def test_examples_without_a_token_are_refused(tmp_path):
    write_cache(tmp_path, {"alpha": 5})
    rewrite_lengths(split_dir(tmp_path, "alpha", "train"), lambda lengths: lengths.__setitem__((3, 0), 0))
    mixture = write_mixture(tmp_path, {"alpha": 1.0}, {})
    with pytest.raises(CacheError, match=r"example 3 of task alpha has \[0, "):
        _plan(tmp_path, mixture, reader=CacheReader(tmp_path, FakeVocabulary().fingerprint))
