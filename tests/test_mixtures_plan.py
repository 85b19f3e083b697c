"""Draws follow the rates, and plans know their epoch."""

import functools
import json
import re

import numpy as np
import pytest
from data_cache import FakeVocabulary, write_cache, write_mixture
from scipy import stats

from flan_jax.core.errors import ConfigError
from flan_jax.data import CacheReader, PlanSpec, make_plan, planner
from flan_jax.data.draws import CHUNK_DRAWS, make_draw_stream

LENGTHS = {"inputs": 64, "targets": 24}


def plan_of(root, mixture, num_steps=40, batch_size=8, lengths=LENGTHS, plans=None, num_epochs=None):
    spec = PlanSpec(mixture, lengths, batch_size, None if num_epochs else num_steps, num_epochs)
    return make_plan(spec, CacheReader(root, FakeVocabulary().fingerprint), FakeVocabulary(), plans)


def million_draws(seed):
    """1,000,000 draws of 300 tasks whose rates span three orders of magnitude: (shares, task of each draw)."""
    rng = np.random.default_rng(7)
    rates = {f"task_{i:03}": float(rate) for i, rate in enumerate(np.exp(rng.normal(0, 1.5, 300)))}
    stream = make_draw_stream(rates, dict.fromkeys(rates, 5000), seed)
    chunks = [stream.chunk(chunk).task_ids for chunk in range(17)]
    return stream.shares, np.concatenate(chunks)[:1_000_000]


def test_a_million_draws_follow_the_rates():
    shares, task_ids = million_draws(seed=0)
    counts = np.bincount(task_ids, minlength=len(shares))
    result = stats.chisquare(counts, shares * len(task_ids))
    assert result.pvalue > 0.01
    # They are not drawn independently: over whole chunks each task gets what its share owes it, to less than two.
    assert np.abs(counts - shares * len(task_ids)).max() < 65_536 * shares.max()
    wrong = shares.copy()
    wrong[np.argsort(shares)[-2:]] += np.array([0.005, -0.005])
    assert stats.chisquare(counts, wrong * len(task_ids)).pvalue < 1e-3


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_any_stretch_of_the_stream_follows_the_rates_as_independent_draws_do(seed):
    """Inside a chunk the order is a permutation: short stretches scatter as a multinomial, neither less nor more."""
    shares, task_ids = million_draws(seed)
    large = shares > 0.015
    grouped = np.append(shares[large], shares[~large].sum())
    groups = np.where(large, np.cumsum(large) - 1, len(grouped) - 1)[task_ids]
    pvalues = [
        stats.chisquare(np.bincount(part, minlength=len(grouped)), grouped * len(part)).pvalue
        for chunk in np.split(groups[: 15 * CHUNK_DRAWS], 15)
        for part in np.split(chunk[:1600], 4)  # a small part of the chunk, so that it may scatter freely
    ]
    assert stats.kstest(pvalues, "uniform").pvalue > 1e-3


def first_repeat_by_hand(root, mixture, batch_size, lengths=LENGTHS):
    """Steps until the first step that holds nothing but draws after the first repeat, from a plan that goes on."""
    plan = plan_of(root, mixture, 2400 // batch_size, batch_size, lengths, plans=root / "by_hand")
    seen, first = set(), None
    order = np.argsort(plan.draws)
    for task_id, index, draw in zip(plan.task_ids[order], plan.indices[order], plan.draws[order], strict=True):
        if (task_id, index) in seen:
            first = draw
            break
        seen.add((task_id, index))
    rows = np.repeat(np.arange(plan.num_rows), np.diff(plan.row_starts))
    return int(rows[plan.draws < first].max()) // batch_size + 1


@pytest.mark.parametrize("batch_size", [1, 7])
@pytest.mark.parametrize("rates", [{"a": 300.0, "b": 70.0, "c": 900.0}, {"a": 1.0, "b": 2.0, "c": 1.0}])
def test_a_plan_knows_the_exact_number_of_steps_of_an_epoch(tmp_path, batch_size, rates):
    sizes = {"a": 300, "b": 70, "c": 900}
    write_cache(tmp_path, sizes)
    mixture = write_mixture(tmp_path, rates, sizes)
    expected = first_repeat_by_hand(tmp_path, mixture, batch_size)
    short = plan_of(tmp_path, mixture, 2, batch_size)
    long = plan_of(tmp_path, mixture, 400, batch_size)
    assert short.steps_per_epoch == long.steps_per_epoch == expected
    assert short.num_rows == 2 * batch_size
    epoch = 1270 if rates["a"] == 300 else 140  # all of them; or until b's 70 examples at half the draws are through
    assert short.epoch_draws == pytest.approx(epoch)
    assert f"an epoch is exactly {expected:,} steps" in "\n".join(short.explain())


@pytest.mark.parametrize("sizes", [{"a": 65}, {"a": 40, "b": 25}])
def test_rows_of_the_first_epoch_hold_no_example_twice(tmp_path, sizes):
    """Also where an epoch is smaller than a window of the packer; the log's epochs are then the table's."""
    mixture, _ = write_cache(tmp_path, sizes)
    plan = plan_of(tmp_path, mixture, 100, 1)
    num_entries = int(plan.row_starts[plan.steps_per_epoch])
    first = list(zip(plan.task_ids[:num_entries].tolist(), plan.indices[:num_entries].tolist(), strict=True))
    assert len(first) == len(set(first)) and plan.steps_per_epoch < 30
    assert len(first) == 65 or len(sizes) > 1  # tasks take turns at random, one of two may be through early
    epochs = float(re.search(r"this run is ([\d.]+) epochs", "\n".join(plan.explain()))[1])
    assert all(summary.epochs == pytest.approx(epochs, abs=0.2) for summary in plan.summaries) and epochs > 2


def test_with_a_cap_an_epoch_is_the_sum_of_capped_sizes(tmp_path):
    sizes = {"a": 300, "b": 70, "c": 900}
    write_cache(tmp_path, sizes)
    mixture = write_mixture(tmp_path, {name: float(min(size, 200)) for name, size in sizes.items()}, sizes)
    assert plan_of(tmp_path, mixture).epoch_draws == pytest.approx(200 + 70 + 200)


def test_counting_an_epoch_changes_no_row(tmp_path, monkeypatch):
    mixture, _ = write_cache(tmp_path, {"a": 300, "b": 70})
    small_chunks = functools.partial(make_draw_stream, chunk_draws=100)
    monkeypatch.setattr(planner, "make_draw_stream", small_chunks)
    counted = plan_of(tmp_path, mixture, plans=tmp_path / "one")
    monkeypatch.setattr(planner, "EPOCH_DRAWS", 0)
    plain = plan_of(tmp_path, mixture, num_steps=3, plans=tmp_path / "two")
    assert plain.steps_per_epoch is None
    for name in ("task_ids", "indices", "epochs", "draws"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(counted, name)[: plain.num_examples])
    assert "about 370 draws" in "\n".join(plain.explain())
    spec = PlanSpec(mixture, LENGTHS, batch_size=8, num_steps=3)
    with CacheReader(tmp_path, FakeVocabulary().fingerprint) as reader:
        assert planner.steps_per_epoch(spec, reader, FakeVocabulary()) == counted.steps_per_epoch


def test_the_epoch_and_a_hash_of_the_content_are_in_the_saved_plan(tmp_path):
    mixture, _ = write_cache(tmp_path, {"a": 300, "b": 70})
    plan = plan_of(tmp_path, mixture)
    path = next((tmp_path / "plans").glob("*/plan.json"))
    stored = json.loads(path.read_text())
    assert stored["steps_per_epoch"] == plan.steps_per_epoch
    again = plan_of(tmp_path, mixture)
    assert (again.steps_per_epoch, again.epoch_draws) == (plan.steps_per_epoch, plan.epoch_draws)
    other = plan_of(tmp_path, mixture, plans=tmp_path / "elsewhere")
    assert other.fingerprint == plan.fingerprint
    elsewhere = json.loads(next((tmp_path / "elsewhere").glob("*/plan.json")).read_text())
    assert elsewhere["content_sha256"] == stored["content_sha256"]
    longer = plan_of(tmp_path, mixture, num_steps=41)
    paths = {json.loads(p.read_text())["content_sha256"] for p in (tmp_path / "plans").glob("*/plan.json")}
    assert len(paths) == 2 and longer.fingerprint == plan.fingerprint


def test_an_epoch_may_be_dropped_targets_long(tmp_path):
    """Draws whose targets do not fit belong to the epoch and take no row."""
    sizes = {"a": 300}
    mixture, _ = write_cache(tmp_path, sizes)
    lengths = {"inputs": 64, "targets": 6}
    plan = plan_of(tmp_path, mixture, num_steps=100, lengths=lengths)
    with CacheReader(tmp_path, FakeVocabulary().fingerprint) as reader:
        kept = sum(int((reader.lengths(task, "train")[:, 1] <= 6).sum()) for task in sizes)
    assert 0 < kept < 300
    rows = np.repeat(np.arange(plan.num_rows), np.diff(plan.row_starts))
    in_epoch = rows // plan.batch_size < plan.steps_per_epoch
    firsts = set(zip(plan.task_ids[in_epoch].tolist(), plan.indices[in_epoch].tolist(), strict=True))
    assert plan.steps_per_epoch <= 100 and len(firsts) == kept


@pytest.mark.parametrize("num_epochs", [0.4, 1.0, 2.5])
def test_a_plan_of_epochs_is_the_plan_of_that_many_steps(tmp_path, monkeypatch, num_epochs):
    """Made in one pass, whether it ends within the first epoch or goes on; read again without counting."""
    mixture, _ = write_cache(tmp_path, {"a": 300, "b": 70})
    by_epochs = plan_of(tmp_path, mixture, plans=tmp_path / "epochs", num_epochs=num_epochs)
    num_steps = round(num_epochs * by_epochs.steps_per_epoch)
    by_steps = plan_of(tmp_path, mixture, num_steps, plans=tmp_path / "steps")
    assert by_epochs.num_steps == num_steps == by_steps.num_steps
    for name in ("row_starts", "task_ids", "indices", "epochs", "draws", "sample"):
        np.testing.assert_array_equal(getattr(by_epochs, name), getattr(by_steps, name))
    assert by_epochs.explain() == by_steps.explain()
    monkeypatch.setattr(planner, "_Planner", None)  # making it again would fail
    again = plan_of(tmp_path, mixture, plans=tmp_path / "epochs", num_epochs=num_epochs)
    assert again.explain() == by_epochs.explain()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_steps": None}, "num_steps is None and num_epochs None: set one of them"),
        ({"num_epochs": 2.0}, "num_steps is 3 and num_epochs 2.0: set one of them"),
        ({"num_steps": None, "num_epochs": 0.0}, "num_epochs is 0.0: give a number above 0"),
    ],
)
def test_a_plan_is_so_many_steps_or_epochs(tmp_path, changes, message):
    mixture = write_mixture(tmp_path, {"a": 1.0}, {"a": 1})
    with pytest.raises(ConfigError, match=message):
        PlanSpec(mixture, LENGTHS, **{"batch_size": 1, "num_steps": 3, **changes})
