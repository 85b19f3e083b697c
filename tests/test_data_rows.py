"""Batches: what the arrays hold, and that a batch depends on nothing but plan and step."""

import numpy as np
import pytest
from data_cache import FakeVocabulary, make_examples, write_cache, write_mixture, write_split

from flan_jax.core.errors import CacheError, ConfigError
from flan_jax.core.manifest import split_dir
from flan_jax.data import (
    BatchReader,
    CacheReader,
    DecoderRows,
    PlanSpec,
    batch_at,
    empty_batch,
    example_ids_at,
    make_plan,
)
from flan_jax.data.rows import pack_rows, trim_inputs

LENGTHS = {"inputs": 48, "targets": 20}


def pack_row(examples, inputs_length, targets_length):
    batch = pack_rows(examples, np.zeros(len(examples), np.int64), 1, inputs_length, targets_length)
    return {name: values[0] for name, values in batch.items()}


def _ids(*values):
    return np.array(values, np.int32)


@pytest.fixture(scope="module")
def feed(tmp_path_factory):
    """(plan, reader, examples) of a cache with supervised tasks, pretraining, long inputs and long targets."""
    root = tmp_path_factory.mktemp("cache")
    mixture, examples = write_cache(root, {"alpha": 200, "beta": 30}, max_inputs=60, max_targets=22, num_shards=2)
    for number, objective in enumerate(("span_corruption", "prefix_lm"), start=5):
        examples[objective] = make_examples(number, 50, 2, 100)
        write_split(root, objective, examples[objective], objective=objective)
    mixture = write_mixture(root, {**mixture.rates, "span_corruption": 40.0, "prefix_lm": 40.0}, {})
    reader = CacheReader(root, FakeVocabulary().fingerprint)
    return make_plan(PlanSpec(mixture, LENGTHS, batch_size=6, num_steps=50), reader, FakeVocabulary()), reader, examples


def test_a_row_by_hand():
    row = pack_row([(_ids(5, 6, 1), _ids(7, 1)), (_ids(8, 1), _ids(9, 10, 1))], 7, 6)
    expected = {
        "encoder_input_tokens": [5, 6, 1, 8, 1, 0, 0],
        "encoder_segment_ids": [1, 1, 1, 2, 2, 0, 0],
        "encoder_positions": [0, 1, 2, 0, 1, 0, 0],
        "decoder_input_tokens": [0, 7, 0, 9, 10, 0],
        "decoder_target_tokens": [7, 1, 9, 10, 1, 0],
        "decoder_segment_ids": [1, 1, 2, 2, 2, 0],
        "decoder_positions": [0, 1, 0, 1, 2, 0],
        "decoder_loss_weights": [1, 1, 1, 1, 1, 0],
    }
    assert {name: values.tolist() for name, values in row.items()} == expected
    assert all(values.dtype == (np.float32 if "weights" in name else np.int32) for name, values in row.items())


def test_rows_without_examples_are_padding():
    batch = pack_rows([(_ids(5, 1), _ids(7, 1))], np.array([1]), 3, 4, 4)
    assert batch["encoder_segment_ids"].sum(axis=1).tolist() == [0, 2, 0]
    assert not any(values.any() for values in pack_row([], 4, 4).values())


@pytest.mark.parametrize("layout", [None, DecoderRows()])
def test_an_empty_batch_has_the_arrays_of_any_other(tmp_path, layout):
    mixture, _ = write_cache(tmp_path, {"alpha": 20})
    reader = CacheReader(tmp_path, FakeVocabulary().fingerprint)
    plan = make_plan(PlanSpec(mixture, LENGTHS, batch_size=3, num_steps=1, layout=layout), reader, FakeVocabulary())
    empty, full = empty_batch(3, 48, 20, layout), batch_at(plan, reader, 0)
    assert {name: (values.shape, values.dtype) for name, values in empty.items()} == {
        name: (values.shape, values.dtype) for name, values in full.items()
    }
    assert not any(values.any() for name, values in empty.items() if name != "row_ids")


def test_a_row_that_overflows_is_refused():
    with pytest.raises(CacheError, match="row 0 needs 5 targets tokens, it has 4"):
        pack_row([(_ids(5, 1), _ids(7, 1)), (_ids(5, 1), _ids(7, 8, 1))], 9, 4)


def test_inputs_are_trimmed_at_the_end_and_keep_eos():
    assert trim_inputs(_ids(5, 6, 7, 1), 3).tolist() == [5, 6, 1]
    assert trim_inputs(_ids(5, 6, 7, 1), 4).tolist() == [5, 6, 7, 1]


def _segments(batch, row):
    """(inputs, decoder inputs, targets) of each example packed in `row`."""
    for segment in range(1, batch["encoder_segment_ids"][row].max() + 1):
        encoder = batch["encoder_segment_ids"][row] == segment
        decoder = batch["decoder_segment_ids"][row] == segment
        yield (
            batch["encoder_input_tokens"][row][encoder],
            batch["decoder_input_tokens"][row][decoder],
            batch["decoder_target_tokens"][row][decoder],
        )


def test_batches_hold_the_planned_examples_whole_each_ending_in_eos(feed):
    plan, reader, examples = feed
    num_supervised = 0
    for step in range(0, 50, 7):
        batch = batch_at(plan, reader, step)
        ids = iter(example_ids_at(plan, step))
        for row in range(plan.batch_size):
            for inputs, decoder_inputs, targets in _segments(batch, row):
                id_row, task, index = next(ids)
                assert id_row == row and inputs[-1] == targets[-1] == 1
                assert 1 not in inputs[:-1] and 1 not in targets[:-1]
                np.testing.assert_array_equal(decoder_inputs, np.append(0, targets[:-1]))
                if task in ("alpha", "beta"):
                    num_supervised += 1
                    np.testing.assert_array_equal(inputs, trim_inputs(examples[task][index].inputs_tokens, 48))
                    np.testing.assert_array_equal(targets, examples[task][index].targets_tokens)
        assert next(ids, None) is None
        assert batch["row_ids"].tolist() == list(range(6))
        np.testing.assert_array_equal(batch["decoder_loss_weights"], batch["decoder_segment_ids"] > 0)
        for side in ("encoder", "decoder"):
            segments = batch[f"{side}_segment_ids"]
            starts = np.concatenate([np.ones((6, 1), bool), segments[:, 1:] != segments[:, :-1]], axis=1)
            assert (batch[f"{side}_positions"][starts] == 0).all()
            assert (np.diff(batch[f"{side}_positions"], axis=1)[~starts[:, 1:] & (segments[:, 1:] > 0)] == 1).all()
            tokens = batch["encoder_input_tokens" if side == "encoder" else "decoder_target_tokens"]
            assert (tokens[segments == 0] == 0).all() and (tokens[segments > 0] > 0).all()
    assert num_supervised > 30


def test_the_plan_knows_the_density_exactly(feed):
    plan, reader, _ = feed
    num_tokens = 0
    for step in range(plan.num_steps):
        batch = batch_at(plan, reader, step)
        num_tokens += int((batch["encoder_segment_ids"] > 0).sum() + (batch["decoder_segment_ids"] > 0).sum())
    assert num_tokens == plan.num_tokens
    assert num_tokens / (plan.num_rows * 68) == plan.density


def test_hosts_slices_compose_the_global_batch(feed):
    plan, reader, _ = feed
    whole = batch_at(plan, reader, 11)
    for parts in (
        [slice(0, 3), slice(3, 6)],
        [slice(0, 1), slice(1, 2), slice(2, 6)],
        [np.array([0, 4]), np.array([1, 5]), np.array([2, 3])],
    ):
        for part in parts:
            for name, values in batch_at(plan, reader, 11, part).items():
                np.testing.assert_array_equal(values, whole[name][part], err_msg=name)


def test_a_host_reads_only_its_own_rows(feed):
    plan, reader, _ = feed
    read = []

    class Spy:
        def read_many(self, task, split, indices):
            read.extend((task, int(index)) for index in indices)
            return reader.read_many(task, split, indices)

    batch_at(plan, Spy(), 4, slice(2, 4))
    assert sorted(read) == sorted((task, index) for row, task, index in example_ids_at(plan, 4) if row in (2, 3))


def test_resuming_at_any_step_gives_the_batches_of_the_uninterrupted_run(feed):
    plan, reader, _ = feed
    run = [batch_at(plan, reader, step) for step in range(20)]
    fresh = CacheReader(reader.root, reader.vocab_fingerprint, max_open_files=1)
    for step in (19, 3, 11):
        for name, values in batch_at(plan, fresh, step).items():
            np.testing.assert_array_equal(values, run[step][name])


@pytest.mark.parametrize("rows", [slice(None), slice(2, 5), np.array([5, 0])])
def test_reading_in_blocks_gives_the_same_batches(feed, rows):
    plan, reader, _ = feed
    block_reader = BatchReader(plan, reader, rows, block_examples=40)
    assert 1 < block_reader.block_steps < 20
    for step in (*range(20), 48, 49, 3, 4, 31):  # in order, across the end, back, and astray
        expected = batch_at(plan, reader, step, rows)
        batch = block_reader(step)
        assert set(batch) == set(expected)
        for name, values in expected.items():
            np.testing.assert_array_equal(batch[name], values)
    with pytest.raises(ConfigError, match="step 50 is not in this plan"):
        block_reader(50)


def reads_of(plan, reader, **options):
    """(tasks, examples) read at each step by a `BatchReader` that is asked in order."""
    calls = []

    class Spy:
        def read_many(self, task, split, indices):
            calls.append((task, len(indices)))
            return reader.read_many(task, split, indices)

    make_batch = BatchReader(plan, Spy(), **options)
    reads = []
    for step in range(plan.num_steps):
        calls.clear()
        make_batch(step)
        reads.append(([task for task, _ in calls], sum(count for _, count in calls)))
    return reads


def test_a_block_opens_each_task_once(feed):
    plan, reader, _ = feed
    reads = reads_of(plan, reader, block_examples=10_000)
    opened = [task for tasks, _ in reads for task in tasks]
    # Blocks are twice as long as the one before, from one step: 1, 2, 4, 8, 16 and the last 19.
    assert all(0 < opened.count(task) <= 6 for task in plan.tasks)
    assert len(reads[0][0]) > 0 and reads[0][1] < 5 * plan.num_examples / plan.num_steps
    assert sum(count for _, count in reads) == plan.num_examples


@pytest.fixture(scope="module")
def many_tasks(tmp_path_factory):
    """(plan, reader) of 60 tasks of 10 examples."""
    root = tmp_path_factory.mktemp("many")
    mixture, _ = write_cache(root, {f"task_{number:02}": 10 for number in range(60)})
    reader = CacheReader(root, FakeVocabulary().fingerprint)
    return make_plan(PlanSpec(mixture, LENGTHS, batch_size=4, num_steps=100), reader, FakeVocabulary()), reader


def test_the_next_block_is_read_a_part_at_each_step(many_tasks):
    """A step that reads a whole block would be waited for: two batches made ahead do not hide it."""
    plan, reader = many_tasks
    reads = reads_of(plan, reader, block_examples=200)
    counts = np.array([count for _, count in reads])
    mean = plan.num_examples / plan.num_steps
    assert counts[40:80].max() < 2 * mean  # long after the first blocks, which double
    assert counts.max() < 4 * mean
    assert sum(len(tasks) for tasks, _ in reads) < 0.5 * sum(len(set(ids)) for ids in tasks_by_step(plan))


def tasks_by_step(plan):
    return [[task for _, task, _ in example_ids_at(plan, step)] for step in range(plan.num_steps)]


def test_no_more_than_two_blocks_are_held(many_tasks):
    plan, reader = many_tasks
    make_batch = BatchReader(plan, reader, block_examples=100)
    held = []
    for step in range(plan.num_steps):
        make_batch(step)
        blocks = [block for block in (make_batch._block, make_batch._ahead) if block is not None]
        held.append(sum(pair is not None for block in blocks for pair in block._pairs))
    assert 100 < max(held) < 230


@pytest.mark.parametrize("parts", [[slice(0, 3), slice(3, 6)], [np.array([0, 4]), np.array([1, 5]), np.array([2, 3])]])
def test_hosts_that_read_in_blocks_compose_the_global_batch_also_from_the_middle(feed, parts):
    plan, reader, _ = feed
    for start in (0, 17):
        hosts = [BatchReader(plan, reader, part, block_examples=50) for part in parts]
        for step in range(start, start + 20):
            whole = batch_at(plan, reader, step)
            for part, host in zip(parts, hosts, strict=True):
                for name, values in host(step).items():
                    np.testing.assert_array_equal(values, whole[name][part], err_msg=name)


def test_an_unreadable_example_stops_the_step_it_belongs_to_and_none_before(tmp_path):
    mixture, _ = write_cache(tmp_path, {"alpha": 400, "rare": 4})
    reader = CacheReader(tmp_path, FakeVocabulary().fingerprint)
    plan = make_plan(PlanSpec(mixture, LENGTHS, batch_size=1, num_steps=100, seed=0), reader, FakeVocabulary())
    (shard,) = split_dir(tmp_path, "rare", "train").glob("*.arrayrecord")
    content = bytearray(shard.read_bytes())
    content[len(content) // 3] ^= 16
    shard.write_bytes(content)
    first = next(step for step, tasks in enumerate(tasks_by_step(plan)) if "rare" in tasks)
    assert first > 4 and first not in (7, 15, 31, 63)  # its block was begun before
    make_batch = BatchReader(plan, reader)
    for step in range(first):
        for name, values in batch_at(plan, reader, step).items():
            np.testing.assert_array_equal(make_batch(step)[name], values)
    with pytest.raises(CacheError, match=f"{shard.name} is corrupt"):
        make_batch(first)


def test_a_later_epoch_corrupts_a_document_anew(feed):
    plan, reader, _ = feed
    task_id = plan.tasks.index("span_corruption")
    seen = {}
    for step in range(plan.num_steps):
        batch = batch_at(plan, reader, step)
        segments = [segment for row in range(plan.batch_size) for segment in _segments(batch, row)]
        for (_, task, index), (inputs, _, _) in zip(example_ids_at(plan, step), segments, strict=True):
            if task == "span_corruption":
                seen.setdefault(index, []).append(inputs.tolist())
    assert plan.epochs[plan.task_ids == task_id].max() >= 1
    repeated = [versions for versions in seen.values() if len(versions) > 1 and len(versions[0]) > 30]
    assert len(repeated) > 9 and np.mean([versions[0] != versions[1] for versions in repeated]) > 0.9


def test_steps_outside_the_plan_are_refused(feed):
    plan, reader, _ = feed
    for step in (-1, 50):
        with pytest.raises(ConfigError, match=f"step {step} is not in this plan of 50 steps"):
            batch_at(plan, reader, step)


def test_a_batch_from_a_corrupt_shard_names_it(tmp_path):
    mixture, _ = write_cache(tmp_path, {"alpha": 40})
    reader = CacheReader(tmp_path, FakeVocabulary().fingerprint)
    plan = make_plan(PlanSpec(mixture, LENGTHS, batch_size=2, num_steps=2), reader, FakeVocabulary())
    (shard,) = split_dir(tmp_path, "alpha", "train").glob("*.arrayrecord")
    content = bytearray(shard.read_bytes())
    content[len(content) // 3] ^= 16
    shard.write_bytes(content)
    with pytest.raises(CacheError, match=shard.name):
        batch_at(plan, reader, 0)
