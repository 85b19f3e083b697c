"""Properties of packing, draws and plans, on examples that hypothesis draws."""

import dataclasses
import pathlib
import tempfile
from unittest import mock

import numpy as np
from data_cache import FakeVocabulary, LengthsReader
from hypothesis import given, settings
from hypothesis import strategies as st

from flan_jax.core.manifest import MixtureManifest
from flan_jax.data import DecoderRows, PlanSpec, draws, make_plan, packing, planner

SEEDS = st.integers(0, 2**31 - 1)
TASKS = "abcdef"


@st.composite
def packable(draw, max_examples=60):
    """(lengths [E, 2] of examples that fit, inputs length, targets length)."""
    inputs_length, targets_length = draw(st.integers(2, 64)), draw(st.integers(2, 64))
    pairs = st.tuples(st.integers(1, inputs_length), st.integers(0, targets_length))
    lengths = draw(st.lists(pairs, max_size=max_examples))
    return np.array(lengths, np.int64).reshape(-1, 2), inputs_length, targets_length


def fill_of(rows_E, lengths_E2):
    """Tokens of each row, [R, 2]."""
    return np.stack([np.bincount(rows_E, lengths_E2[:, side]) for side in range(2)], axis=1)


@given(packable())
def test_each_example_is_in_one_row_and_no_row_is_over_its_length(case):
    lengths_E2, *capacity = case
    with mock.patch.object(packing, "WINDOW_EXAMPLES", 16):  # several windows of few examples
        windows_E, rows_E = packing.pack_windows(lengths_E2, *capacity)
    assert len(rows_E) == len(lengths_E2) and (rows_E >= 0).all()
    assert (np.diff(windows_E) >= 0).all() and (np.bincount(windows_E) < 32).all()
    for window in np.unique(windows_E):
        own = windows_E == window
        assert (fill_of(rows_E[own], lengths_E2[own]) <= capacity).all()
        assert set(rows_E[own]) == set(range(rows_E[own].max() + 1))  # no row is left empty


@given(packable(), st.randoms(use_true_random=False))
def test_what_no_order_of_the_examples_changes(case, random):
    """However they come, the tokens are all there, in no fewer rows than any packer needs and no more than examples."""
    lengths_E2, *capacity = case
    order = list(range(len(lengths_E2)))
    random.shuffle(order)
    bounds = []
    for arranged_E2 in (lengths_E2, lengths_E2[order]):
        rows_E = packing.fill_rows(arranged_E2[None], *capacity)[0]
        fill_R2 = fill_of(rows_E, arranged_E2)
        assert fill_R2.sum(axis=0).tolist() == lengths_E2.sum(axis=0).tolist()
        assert np.ceil((lengths_E2.sum(axis=0) / capacity).max(initial=0)) <= len(fill_R2) <= len(lengths_E2)
        bounds.append(packing.density_bound(arranged_E2, *capacity))
        assert packing.density(arranged_E2, len(fill_R2), *capacity) <= bounds[-1] + 1e-9
    assert bounds[0] == bounds[1]


@given(packable(), st.integers(1, 8))
def test_a_streaming_packer_keeps_to_the_row_too(case, num_open):
    lengths_E2, *capacity = case
    rows_E = packing.first_fit(lengths_E2, *capacity, num_open=num_open)
    assert (fill_of(rows_E, lengths_E2) <= capacity).all() if len(rows_E) else True


@st.composite
def streams(draw):
    """Arguments of `make_draw_stream`: one to six tasks, some never drawn."""
    tasks = TASKS[: draw(st.integers(1, len(TASKS)))]
    rates = {task: draw(st.one_of(st.just(0.0), st.floats(0.01, 100))) for task in tasks}
    rates["a"] += 1.0  # one at least is drawn
    return {
        "rates": rates,
        "num_examples": {task: draw(st.integers(1, 40)) for task in tasks},
        "seed": draw(SEEDS),
        "chunk_draws": draw(st.integers(1, 300)),
        "num_renderings": {task: draw(st.integers(1, 3)) for task in tasks},
    }


@given(streams(), st.integers(0, 50), st.integers(1, 4))
def test_draws_are_what_the_rates_owe_over_any_stretch_of_chunks(options, first, num_chunks):
    stream = draws.make_draw_stream(**options)
    chunks = [stream.chunk(first + i) for i in range(num_chunks)]
    counts = sum(np.bincount(chunk.task_ids, minlength=len(stream.tasks)) for chunk in chunks)
    assert (np.abs(counts - stream.shares * num_chunks * options["chunk_draws"]) < 1 + 1e-6).all()
    assert all(options["rates"][task] > 0 for task in stream.tasks)


@given(streams(), st.integers(0, 20))
def test_a_stream_goes_on_at_any_chunk_as_if_it_had_been_read_from_its_start(options, first):
    read_on, fresh = draws.make_draw_stream(**options), draws.make_draw_stream(**options)
    for chunk in range(first):
        end = read_on.chunk(chunk).numbers
    there, here = read_on.chunk(first), fresh.chunk(first)
    for field in dataclasses.fields(draws.Draws):
        np.testing.assert_array_equal(getattr(there, field.name), getattr(here, field.name))
    if first and len(end) and len(here):
        assert here.numbers[0] == end[-1] + 1


@given(streams(), st.integers(0, 500), st.integers(1, 200))
def test_a_task_is_read_through_before_it_begins_again(options, first, num_draws):
    stream = draws.make_draw_stream(**options)
    for task_id, task in enumerate(stream.tasks):
        indices, epochs = stream.task_draws(task_id, first, first + num_draws)
        size, renderings = options["num_examples"][task], options["num_renderings"][task]
        assert (0 <= indices).all() and (indices < size * renderings).all()
        assert epochs.tolist() == [(first + k) // size for k in range(num_draws)]
        assert (indices % renderings == epochs % renderings).all()
        for epoch in np.unique(epochs):
            own = indices[epochs == epoch] // renderings
            assert len(np.unique(own)) == len(own)


@st.composite
def plans(draw):
    """(spec, lengths of each task), a part of whose targets may be too long."""
    tasks = TASKS[: draw(st.integers(1, 3))]
    lengths = {}
    for task in tasks:
        pairs = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 30)), min_size=1, max_size=25)
        lengths[task] = np.array([(5, 5), *draw(pairs)])  # one at least fits
    spec = PlanSpec(
        mixture=MixtureManifest("drawn", {task: draw(st.floats(0.2, 5)) for task in tasks}, {}, None, 1.0, {}),
        feature_lengths={"inputs": draw(st.integers(12, 48)), "targets": draw(st.integers(6, 24))},
        batch_size=draw(st.integers(1, 5)),
        num_steps=draw(st.integers(1, 12)),
        seed=draw(SEEDS),
        layout=draw(st.sampled_from([None, DecoderRows(), DecoderRows(None, "nothing")])),
        prompt_tokens=draw(st.integers(0, 4)),
    )
    return spec, lengths


def small_chunks(*args, **kwargs):
    return draws.make_draw_stream(*args, **kwargs, chunk_draws=100)


def planned(spec, lengths, folder):
    with mock.patch.object(planner, "make_draw_stream", small_chunks):
        return make_plan(spec, LengthsReader(pathlib.Path(folder), lengths), FakeVocabulary())


@settings(max_examples=30)
@given(plans())
def test_a_plan_is_rows_of_examples_that_are_there_each_once_an_epoch(case):
    spec, lengths = case
    with tempfile.TemporaryDirectory() as folder:
        plan = planned(spec, lengths, folder)
        longer = planned(dataclasses.replace(spec, num_steps=spec.num_steps + 3), lengths, folder)
    assert plan.num_steps == spec.num_steps and plan.num_rows == spec.num_steps * spec.batch_size
    assert plan.row_starts[0] == 0 and plan.row_starts[-1] == plan.num_examples
    assert (np.diff(plan.row_starts) > 0).all()
    assert set(plan.task_ids.tolist()) <= set(range(len(plan.tasks)))
    sizes = np.array([len(lengths[task]) for task in plan.tasks])
    assert (plan.indices >= 0).all() and (plan.indices < sizes[plan.task_ids]).all() and (plan.epochs >= 0).all()
    entries = np.stack([plan.task_ids, plan.indices, plan.epochs], axis=1)
    assert len(np.unique(entries, axis=0)) == len(np.unique(plan.draws)) == plan.num_examples
    # No row is over its length, and what is said of the tokens is so.
    fed_E2 = np.array([lengths[plan.tasks[t]][i] for t, i in zip(plan.task_ids, plan.indices, strict=True)])
    left_out = 0 if spec.layout is None else spec.layout.num_left_out
    fed_E2[:, 0] = np.minimum(fed_E2[:, 0], spec.text_length) - left_out + spec.prompt_tokens
    fill_R2 = np.add.reduceat(fed_E2, plan.row_starts[:-1])
    assert fill_R2.sum() == plan.num_tokens
    if spec.layout is None:
        assert (fill_R2 <= [spec.inputs_length, spec.targets_length]).all()
    else:
        assert (fill_R2.sum(axis=1) <= plan.row_length).all()
    # More steps change no earlier row.
    assert longer.fingerprint == plan.fingerprint
    np.testing.assert_array_equal(longer.row_starts[: plan.num_rows + 1], plan.row_starts)
    for name in ("task_ids", "indices", "epochs", "draws"):
        np.testing.assert_array_equal(getattr(longer, name)[: plan.num_examples], getattr(plan, name))
